"""Does one motion of the subject, the same for all cameras, make a rig fit? Then the mesh is off, and no camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.diagnosis.joint.parameters import linearise
from renderkit.diagnosis.readings.absolute import fit_text, fits, rig_fit
from renderkit.diagnosis.readings.agreement import agreement
from renderkit.diagnosis.readings.interpretation import all_as_stated
from renderkit.diagnosis.robust_solution import robust_solution
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.geometry.derivatives import cross
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix
from renderkit.results.diagnosis import RigFit
from renderkit.wording import counted

MIN_CAMERAS: Final = 3
BETTER: Final = 0.5
"""The median residual must fall at least to this share: a motion with six numbers improves a little always."""

MAX_RELATIVE: Final = 0.02
"""It must fit better than any rig has to, as a share of the landmarks' spread: this comes before all readings."""

MAX_TURN_DEG: Final = 30.0
"""Quarter turns are other axes: there are readings for them."""

MIN_SPREAD: Final = 0.03
"""Cameras that all look one way cannot tell a motion of the subject from a crop of their pictures: so far must the
mean of their unit axes fall short of 1."""

_MAX_STEPS = 12
_STEP = 1e-6


@dataclass(frozen=True, eq=False)
class SubjectMotion:
    """A motion of mesh and 3D landmarks that makes a rig fit.

    Attributes:
        evidence: The evidence with the subject moved.
        turn_deg: (3,) turn about the world's axes, the median over frames: how the subject is off.
        step: (3,) likewise, world units.
        after: The fit then.
        sentence: In one sentence.
    """

    evidence: RigEvidence
    turn_deg: FloatArray
    step: FloatArray
    after: RigFit
    sentence: str


def subject_motion(evidence: RigEvidence) -> SubjectMotion | None:
    """Look for one rigid motion of each frame's mesh and 3D landmarks that makes the rig fit in absolute terms."""
    moved: list[ViewEvidence] = []
    turns, steps = [], []
    for frame in dict.fromkeys(view.frame for view in evidence.views):
        views = [view for view in evidence.views if view.frame == frame]
        found = _of_landmarks(views)
        if found is None:
            return None
        turn, step, center = found
        moved += [_moved(view, turn, step, center) for view in views]
        turns.append(-np.rad2deg(rotation_vector_from_matrix(turn)))
        steps.append(-step)
    before, after = (agreement(all_as_stated(views)) for views in (evidence.views, moved))
    turn_deg, step = np.median(turns, axis=0), np.median(steps, axis=0)
    exact = after.median_relative <= MAX_RELATIVE and after.median_px <= BETTER * before.median_px
    if fits(after) != "fits" or not exact or float(np.linalg.norm(turn_deg)) > MAX_TURN_DEG or _look_alike(moved):
        return None
    cameras = len({view.camera.name for view in moved if view.has_landmarks})
    sentence = (
        f"the mesh and its 3D landmarks are off against all "
        f"{counted(cameras, 'camera')} alike: turned by {_text(turn_deg)} deg "
        f"about x, y, z and shifted by {_text(step)} along them; moved back the rig fits: {fit_text(rig_fit(after))}"
    )
    return SubjectMotion(RigEvidence(tuple(moved)), turn_deg, step, rig_fit(after), sentence)


def _look_alike(views: list[ViewEvidence]) -> bool:
    """Say whether the cameras with landmarks look about the same way."""
    axes = {view.camera.name: view.camera.cam_from_world[2, :3] for view in views if view.has_landmarks}
    return 1.0 - float(np.linalg.norm(np.mean(list(axes.values()), axis=0))) < MIN_SPREAD


def _text(values: FloatArray) -> str:
    return "(" + ", ".join(f"{value:+.3g}" for value in values) + ")"


def _of_landmarks(views: list[ViewEvidence]) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Return the turn (3, 3) about a centre (3,) and the step (3,) that most landmarks of a frame ask for."""
    known = [view for view in views if view.has_landmarks]
    if len({view.camera.name for view in known}) < MIN_CAMERAS:
        return None
    clouds = [view.points_world for view in known if view.points_world is not None]
    center = np.nanmedian(np.concatenate(clouds), axis=0)
    turn, step = np.eye(3), np.zeros(3)
    for _ in range(_MAX_STEPS):
        rows, targets = _rows([_moved(view, turn, step, center) for view in known], center + step)
        if len(targets) < 24:
            return None
        units = 1.0 / np.maximum(np.sqrt((rows**2).mean(axis=0)), 1e-12)
        found = robust_solution(rows * units, targets) * units
        turn = matrix_from_rotation_vector(found[:3]) @ turn
        step = step + found[3:]
        if float(np.abs(found / units).max()) < _STEP:
            break
    return turn, step, center


def _rows(views: list[ViewEvidence], center: FloatArray) -> tuple[FloatArray, FloatArray]:
    rows, targets = [np.zeros((0, 6))], [np.zeros(0)]
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
        turned = cross((points - center)[:, None, :], seen.by_point)
        rows.append(np.concatenate([turned, seen.by_point], axis=2)[good].reshape(-1, 6))
        targets.append(errors[good].ravel())
    return np.concatenate(rows), np.concatenate(targets)


def _moved(view: ViewEvidence, turn: FloatArray, step: FloatArray, center: FloatArray) -> ViewEvidence:
    def of(points: Points3 | None) -> Points3 | None:
        return None if points is None else (points - center) @ turn.T + center + step

    # Outlines were measured against a mesh that was moved by itself already.
    return replace(view, points_world=of(view.points_world), vertices=of(view.vertices))
