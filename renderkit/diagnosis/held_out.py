"""Asking a part of the evidence whether a correction that was estimated from the rest is right.

For a camera whose parameters are estimated as theta by the other data, the held-out data, all else integrated out, have
the log likelihood ratio theta . h - theta . Lambda theta / 2 against the camera as written (Lambda: information, h:
score). Its maximum over a factor of theta is theta . h / theta . Lambda theta, the support, with the standard error
1 / sqrt(theta . Lambda theta): 1 where the correction is right, 0 where there is none to be made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import BoolArray
from renderkit.diagnosis.correction import correct_cameras
from renderkit.diagnosis.joint.estimate import Priors
from renderkit.diagnosis.joint.parameters import Slip
from renderkit.diagnosis.rig_posteriors import observed, posteriors, units_of_camera
from renderkit.diagnosis.view_evidence import MIN_LANDMARKS, RigEvidence, ViewEvidence
from renderkit.geometry.camera import Camera
from renderkit.results.refinement import HeldOut, HeldOutKind

MAX_FOLDS: Final = 5

Fold: TypeAlias = tuple[RigEvidence, RigEvidence]


@dataclass(frozen=True)
class _Sums:
    """Sums over folds of one camera."""

    product: float = 0.0
    square: float = 0.0
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    num_views: int = 0


def score_held_out(
    evidence: RigEvidence, slips: Mapping[str, Slip], tau_px: float, priors: Priors
) -> dict[str, HeldOut]:
    """Test the corrections of named cameras on frames, or on landmarks where there is one frame.

    Args:
        evidence: Views of the rig.
        slips: What is corrected, by camera.
        tau_px: Scatter of the other cameras.
        priors: Of what is not a camera's fault.
    """
    kind, folds = _folds(evidence)
    sums = dict.fromkeys(slips, _Sums())
    for training, held in folds:
        for name, one in _fold_sums(training, held, slips, tau_px, priors).items():
            old = sums[name]
            sums[name] = _Sums(
                old.product + one.product,
                old.square + one.square,
                old.before + one.before,
                old.after + one.after,
                old.num_views + one.num_views,
            )
    return {name: _result(kind, one) for name, one in sums.items()}


def _result(kind: HeldOutKind, sums: _Sums) -> HeldOut:
    known = sums.square > 0.0
    return HeldOut(
        kind=kind if known else "nothing",
        num_views=sums.num_views,
        before_px=float(np.median(sums.before)) if sums.before else float("nan"),
        after_px=float(np.median(sums.after)) if sums.after else float("nan"),
        support=sums.product / sums.square if known else 0.0,
        support_error=sums.square**-0.5 if known else float("inf"),
    )


def _fold_sums(
    training: RigEvidence, held: RigEvidence, slips: Mapping[str, Slip], tau_px: float, priors: Priors
) -> dict[str, _Sums]:
    corrected = correct_cameras(training, slips, tau_px, priors)
    seen = observed(held)
    if seen is None:
        return {}
    found = posteriors(seen, corrected, tau_px, priors).cameras
    result = {}
    for name in (name for name in corrected if name in seen.names):
        camera = found[seen.names.index(name)]
        theta = corrected[name].parameters / units_of_camera(seen, name)
        views = [view for view in held.views if view.camera.name == name and view.has_landmarks]
        before = [_distances(view, view.camera.to_camera()) for view in views]
        after = [_distances(view, corrected[name].camera) for view in views]
        result[name] = _Sums(
            product=float(theta @ camera.score),
            square=float(theta @ camera.information @ theta),
            before=tuple(value for some in before for value in some),
            after=tuple(value for some in after for value in some),
            num_views=sum(view.camera.name == name for view in held.views),
        )
    return result


def _distances(view: ViewEvidence, camera: Camera) -> list[float]:
    assert view.points_world is not None and view.pixels is not None  # noqa: S101, PT018 - has_landmarks says so
    known = np.isfinite(view.points_world).all(axis=1) & np.isfinite(view.pixels).all(axis=1)
    found = np.linalg.norm(camera.project(view.points_world[known]) - view.pixels[known], axis=1)
    return [float(value) for value in found if np.isfinite(value)]


def _folds(evidence: RigEvidence) -> tuple[HeldOutKind, Sequence[Fold]]:
    frames = list(dict.fromkeys(view.frame for view in evidence.views if _is_used(view)))
    if len(frames) >= 2:
        # Neighbouring frames resemble each other: they are held out together.
        blocks = np.array_split(np.arange(len(frames)), min(MAX_FOLDS, len(frames)))
        return "frames", [_by_frames(evidence, {frames[index] for index in block}) for block in blocks]
    length = max((len(view.pixels) for view in evidence.views if view.pixels is not None), default=0)
    count = min(MAX_FOLDS, length // (2 * MIN_LANDMARKS))
    return "landmarks", [_by_landmarks(evidence, fold, count) for fold in range(count)] if count >= 2 else []


def _is_used(view: ViewEvidence) -> bool:
    return view.has_landmarks or view.outline is not None


def _by_frames(evidence: RigEvidence, held: set[str]) -> Fold:
    inside = tuple(view for view in evidence.views if view.frame in held)
    return RigEvidence(tuple(view for view in evidence.views if view.frame not in held)), RigEvidence(inside)


def _by_landmarks(evidence: RigEvidence, fold: int, count: int) -> Fold:
    training, held = [], []
    for view in evidence.views:
        if view.pixels is None:
            training.append(view)
            continue
        mine = np.arange(len(view.pixels)) % count == fold
        training.append(_only(view, ~mine))
        held.append(replace(_only(view, mine), outline=None))
    return RigEvidence(tuple(training)), RigEvidence(tuple(held))


def _only(view: ViewEvidence, kept: BoolArray) -> ViewEvidence:
    assert view.pixels is not None  # noqa: S101 - the caller looked
    return replace(view, pixels=np.where(kept[:, None], view.pixels, np.nan))
