"""Does one motion of the subject, the same for all cameras, make a rig fit? Then the mesh is off, and no camera.

A rigid motion first; where it is not enough, one with another size of the subject.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.diagnosis.joint.parameters import linearise
from renderkit.diagnosis.readings.absolute import fit_text, fits, rig_fit
from renderkit.diagnosis.readings.agreement import Agreement, agreement
from renderkit.diagnosis.readings.interpretation import all_as_stated
from renderkit.diagnosis.readings.noise import DETECTOR_PX, is_all_noise
from renderkit.diagnosis.robust_solution import robust_solution
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.geometry.derivatives import cross
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix
from renderkit.results.diagnosis import RigFit
from renderkit.wording import counted

MIN_CAMERAS: Final = 3
BETTER: Final = 0.5
"""The median residual must fall at least to this share: a motion with six numbers improves a little always."""

BETTER_NOISE: Final = 0.8
"""The same where no more than noise is left."""

MAX_RELATIVE: Final = 0.02
"""It must fit better than any rig has to, as a share of the landmarks' spread: this comes before all readings."""

MAX_TURN_DEG: Final = 30.0
"""Quarter turns are other axes: there are readings for them."""

MAX_GROWTH: Final = 0.2
"""By more a subject is of another unit: there are readings for them."""

MIN_SPREAD: Final = 0.03
"""Cameras that all look one way cannot tell a motion of the subject from a crop of their pictures: so far must the
mean of their unit axes fall short of 1."""

_SIZE_NOTE: Final = "focal lengths of all cameras, off by as much, look alike: the subject's measured size would tell"

_MAX_STEPS = 12
_STEP = 1e-6


@dataclass(frozen=True, eq=False)
class SubjectMotion:
    """A motion of mesh and 3D landmarks that makes a rig fit.

    Attributes:
        evidence: The evidence with the subject moved.
        turn_deg: (3,) turn about the world's axes, the median over frames: how the subject is off.
        step: (3,) likewise, world units.
        growth: By what share the subject is too large; 0 where it did not have to be asked.
        after: The fit then.
        sentence: In one sentence.
        num_estimated: How many numbers were estimated.
    """

    evidence: RigEvidence
    turn_deg: FloatArray
    step: FloatArray
    growth: float
    after: RigFit
    sentence: str
    num_estimated: int


def subject_motion(evidence: RigEvidence) -> SubjectMotion | None:
    """Look for one motion of each frame's mesh and 3D landmarks that makes the rig fit in absolute terms."""
    return _motion(evidence, grows=False) or _motion(evidence, grows=True)


def _motion(evidence: RigEvidence, *, grows: bool) -> SubjectMotion | None:
    moved: list[ViewEvidence] = []
    found: list[_Similarity] = []
    for frame in dict.fromkeys(view.frame for view in evidence.views):
        views = [view for view in evidence.views if view.frame == frame]
        one = _of_landmarks(views, grows=grows)
        if one is None:
            return None
        moved += [_moved(view, one) for view in views]
        found.append(one)
    turn_deg = np.median([-np.rad2deg(rotation_vector_from_matrix(one.turn)) for one in found], axis=0)
    step = np.median([-one.step for one in found], axis=0)
    growth = float(np.median([1.0 / one.scale - 1.0 for one in found]))
    before, after = (agreement(all_as_stated(views)) for views in (evidence.views, moved))
    is_near = float(np.linalg.norm(turn_deg)) <= MAX_TURN_DEG and abs(growth) <= MAX_GROWTH
    if not (is_near and _is_exact(before, after)) or _look_alike(moved):
        return None
    cameras = counted(len({view.camera.name for view in moved if view.has_landmarks}), "camera")
    size = f"too {'large' if growth > 0 else 'small'} by {100 * abs(growth):.3g} %, " if grows else ""
    sentence = (
        f"the mesh and its 3D landmarks are off against all {cameras} alike: {size}turned by {_text(turn_deg)} deg "
        f"about x, y, z and shifted by {_text(step)} world units along them; moved back the rig fits: "
        f"{fit_text(rig_fit(after))}"
    )
    sentence = f"{sentence}; {_SIZE_NOTE}" if grows else sentence
    return SubjectMotion(
        RigEvidence(tuple(moved)), turn_deg, step, growth, rig_fit(after), sentence, (6 + grows) * len(found)
    )


def _is_exact(before: Agreement, after: Agreement) -> bool:
    """Say whether a motion is the answer: a rig that it brings near is not, unless noise alone is left."""
    if fits(after) != "fits":
        return False
    if after.median_relative <= MAX_RELATIVE and after.median_px <= BETTER * before.median_px:
        return True
    is_noise = after.median_px <= DETECTOR_PX or is_all_noise(after.views)
    return is_noise and after.median_px <= BETTER_NOISE * before.median_px


def _look_alike(views: list[ViewEvidence]) -> bool:
    """Say whether the cameras with landmarks look about the same way."""
    axes = {view.camera.name: view.camera.cam_from_world[2, :3] for view in views if view.has_landmarks}
    return 1.0 - float(np.linalg.norm(np.mean(list(axes.values()), axis=0))) < MIN_SPREAD


def _text(values: FloatArray) -> str:
    return "(" + ", ".join(f"{value:+.3g}" for value in values) + ")"


@dataclass(frozen=True, eq=False)
class _Similarity:
    """X -> scale turn (X - center) + center + step."""

    turn: FloatArray
    step: FloatArray
    scale: float
    center: FloatArray


def _of_landmarks(views: list[ViewEvidence], *, grows: bool) -> _Similarity | None:
    """Return the motion that most landmarks of a frame ask for."""
    known = [view for view in views if view.has_landmarks]
    if len({view.camera.name for view in known}) < MIN_CAMERAS:
        return None
    clouds = [view.points_world for view in known if view.points_world is not None]
    center = np.nanmedian(np.concatenate(clouds), axis=0)
    moved = _Similarity(np.eye(3), np.zeros(3), 1.0, center)
    for _ in range(_MAX_STEPS):
        rows, targets = _rows([_moved(view, moved) for view in known], center + moved.step)
        rows = rows if grows else rows[:, :6]
        if len(targets) < 24:
            return None
        units = 1.0 / np.maximum(np.sqrt((rows**2).mean(axis=0)), 1e-12)
        found = robust_solution(rows * units, targets) * units
        turn = matrix_from_rotation_vector(found[:3]) @ moved.turn
        scale = moved.scale * float(np.exp(np.clip(found[6], -0.5, 0.5))) if grows else 1.0
        moved = _Similarity(turn, moved.step + found[3:6], scale, center)
        if float(np.abs(found / units).max()) < _STEP:
            break
    return moved


def _rows(views: list[ViewEvidence], center: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (N, 7) derivatives by turn, step and relative growth, and (N,) residuals, px."""
    rows, targets = [np.zeros((0, 7))], [np.zeros(0)]
    for view in views:
        if view.points_world is None or view.pixels is None:
            continue
        try:
            camera = view.camera.to_camera()
        except ValueError:
            # The lint says what is wrong with it; the others still tell about the subject.
            continue
        points = np.nan_to_num(view.points_world)
        seen = linearise(camera, points)
        errors = view.pixels - seen.pixels
        good = np.isfinite(errors).all(axis=1) & np.isfinite(view.points_world).all(axis=1)
        offsets = (points - center)[:, None, :]
        columns = [cross(offsets, seen.by_point), seen.by_point, (offsets * seen.by_point).sum(axis=2, keepdims=True)]
        rows.append(np.concatenate(columns, axis=2)[good].reshape(-1, 7))
        targets.append(errors[good].ravel())
    return np.concatenate(rows), np.concatenate(targets)


def _moved(view: ViewEvidence, moved: _Similarity) -> ViewEvidence:
    def of(points: Points3 | None) -> Points3 | None:
        if points is None:
            return None
        return moved.scale * (points - moved.center) @ moved.turn.T + moved.center + moved.step

    # Outlines were measured against a mesh that was moved by itself already.
    return replace(view, points_world=of(view.points_world), vertices=of(view.vertices))
