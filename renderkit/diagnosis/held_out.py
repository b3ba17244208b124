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

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.correction import correct_cameras
from renderkit.diagnosis.joint.corrected_views import corrected_view
from renderkit.diagnosis.joint.estimate import Priors
from renderkit.diagnosis.joint.observe import MIN_OFFSETS
from renderkit.diagnosis.joint.parameters import Slip
from renderkit.diagnosis.rig_posteriors import observed, posteriors, units_of_camera
from renderkit.diagnosis.view_evidence import MIN_LANDMARKS, OutlineEvidence, RigEvidence, ViewEvidence
from renderkit.results.refinement import Compared, HeldOut, HeldOutKind

MAX_FOLDS: Final = 5

_ARCS: Final = 2
"""Arcs of each outline that are held out together: one alone does not tell a shift from a growth."""

Fold: TypeAlias = tuple[RigEvidence, RigEvidence]


@dataclass(frozen=True)
class _Sums:
    """Sums over folds of one camera."""

    product: float = 0.0
    square: float = 0.0
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    num_views: int = 0
    compared: Compared = "landmarks"


def score_held_out(
    evidence: RigEvidence, slips: Mapping[str, Slip], tau_px: float, priors: Priors
) -> dict[str, HeldOut]:
    """Test the corrections of named cameras on frames, or on parts of their landmarks and outlines in their one frame.

    Args:
        evidence: Views of the rig.
        slips: What is corrected, by camera.
        tau_px: Scatter of the other cameras.
        priors: Of what is not a camera's fault.
    """
    sums = dict.fromkeys(slips, _Sums())
    in_frames = frozenset(name for name in slips if len(_frames(evidence, name)) >= 2)
    for names, folds in ((in_frames, _frame_folds), (slips.keys() - in_frames, _part_folds)):
        for training, held in folds(evidence) if names else ():
            found = _fold_sums(training, held, slips, tau_px, priors)
            sums |= {name: _joined(sums[name], found[name]) for name in names if name in found}
    return {name: _result(_kind(evidence, name), one) for name, one in sums.items()}


def _joined(one: _Sums, other: _Sums) -> _Sums:
    return _Sums(
        one.product + other.product,
        one.square + other.square,
        one.before + other.before,
        one.after + other.after,
        one.num_views + other.num_views,
        other.compared,
    )


def _kind(evidence: RigEvidence, name: str) -> HeldOutKind:
    if len(_frames(evidence, name)) >= 2:
        return "frames"
    views = [view for view in evidence.views if view.camera.name == name]
    marks, outlines = any(view.has_landmarks for view in views), any(view.outline is not None for view in views)
    if marks and outlines:
        return "landmarks and outlines"
    return "landmarks" if marks else "outlines"


def _result(kind: HeldOutKind, sums: _Sums) -> HeldOut:
    known = sums.square > 0.0
    return HeldOut(
        kind=kind if known else "nothing",
        compared=sums.compared,
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
    found = posteriors(seen, corrected, tau_px, priors)
    result = {}
    for name in (name for name in corrected if name in seen.names):
        camera = found[seen.names.index(name)]
        theta = corrected[name].parameters / units_of_camera(seen, name)
        views = [view for view in held.views if view.camera.name == name]
        compared: Compared = "landmarks" if any(view.has_landmarks for view in views) else "outlines"
        before = _distances(views, compared)
        after = _distances([corrected_view(view, corrected[name].camera) for view in views], compared)
        result[name] = _Sums(
            product=float(theta @ camera.score),
            square=float(theta @ camera.information @ theta),
            before=before,
            after=after,
            num_views=len(views),
            compared=compared,
        )
    return result


def _distances(views: Sequence[ViewEvidence], compared: Compared) -> tuple[float, ...]:
    measure = _landmark_distances if compared == "landmarks" else _outline_distances
    found = np.concatenate([np.zeros(0), *(measure(view) for view in views)])
    return tuple(found[np.isfinite(found)].tolist())


def _landmark_distances(view: ViewEvidence) -> FloatArray:
    pairs = view.known_landmarks
    if pairs is None:
        return np.zeros(0)
    return np.asarray(np.linalg.norm(view.camera.to_camera().project(pairs.points) - pairs.captured, axis=1))


def _outline_distances(view: ViewEvidence) -> FloatArray:
    return np.zeros(0) if view.outline is None else np.abs(view.outline.offsets_px)


def _frames(evidence: RigEvidence, name: str | None = None) -> list[str]:
    """Return the frames with evidence, of one camera or of any."""
    used = (view.frame for view in evidence.views if _is_used(view) and name in {None, view.camera.name})
    return list(dict.fromkeys(used))


def _frame_folds(evidence: RigEvidence) -> Sequence[Fold]:
    frames = _frames(evidence)
    # Neighbouring frames resemble each other: they are held out together.
    blocks = np.array_split(np.arange(len(frames)), min(MAX_FOLDS, len(frames)))
    return [_by_frames(evidence, {frames[index] for index in block}) for block in blocks]


def _part_folds(evidence: RigEvidence) -> Sequence[Fold]:
    marks = max((len(view.pixels) for view in evidence.views if view.pixels is not None), default=0)
    samples = max((len(view.outline.curves) for view in evidence.views if view.outline is not None), default=0)
    count = min(MAX_FOLDS, marks // (2 * MIN_LANDMARKS))
    if count < 2:
        count = min(MAX_FOLDS, samples // (2 * MIN_OFFSETS))
    return [_by_parts(evidence, fold, count) for fold in range(count)] if count >= 2 else []


def _is_used(view: ViewEvidence) -> bool:
    return view.has_landmarks or view.outline is not None


def _by_frames(evidence: RigEvidence, held: set[str]) -> Fold:
    inside = tuple(view for view in evidence.views if view.frame in held)
    return RigEvidence(tuple(view for view in evidence.views if view.frame not in held)), RigEvidence(inside)


def _by_parts(evidence: RigEvidence, fold: int, count: int) -> Fold:
    """Hold out every `count`-th landmark, and arcs of the outlines: errors run along an outline."""
    training, held = [], []
    for view in evidence.views:
        kept, other = view, view
        if view.pixels is not None:
            mine = np.arange(len(view.pixels)) % count == fold
            kept = replace(kept, pixels=np.where(mine[:, None], np.nan, view.pixels))
            other = replace(other, pixels=np.where(mine[:, None], view.pixels, np.nan))
        if view.outline is not None:
            samples = len(view.outline.curves)
            arc = np.arange(samples) * _ARCS * count // samples % count == fold
            kept = replace(kept, outline=_samples(view.outline, ~arc))
            other = replace(other, outline=_samples(view.outline, arc))
        training.append(kept)
        held.append(other)
    return RigEvidence(tuple(training)), RigEvidence(tuple(held))


def _samples(outline: OutlineEvidence, kept: BoolArray) -> OutlineEvidence:
    return replace(
        outline,
        points_world=outline.points_world[kept],
        normals=outline.normals[kept],
        offsets_px=outline.offsets_px[kept],
        curves=outline.curves[kept],
    )
