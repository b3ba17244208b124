"""Faults of extrinsics: direction, axes, unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from renderkit.diagnosis.hypotheses.case import Candidate, Case
from renderkit.geometry.pose import Pose

_AXES_GL = np.diag([1.0, -1.0, -1.0])
_UNIT_FACTORS = (1000.0, 0.001, 100.0, 0.01)


def inverted_extrinsics(case: Case) -> Iterator[Candidate]:
    """Undo a pose that is written in the other direction."""
    sentence = "its extrinsics are written the wrong way round (world-to-camera for camera-to-world)"
    yield _posed(case, "inverted extrinsics", sentence, case.camera.cam_from_world.inverse())


def gl_axes(case: Case) -> Iterator[Candidate]:
    """Undo OpenGL's camera axes."""
    sentence = "its extrinsics have OpenGL's camera axes (y up, z backward)"
    yield _posed(case, "OpenGL axes", sentence, _turned(case.camera.cam_from_world))


def inverted_gl_axes(case: Case) -> Iterator[Candidate]:
    """Undo both at once."""
    sentence = "its extrinsics are inverted and have OpenGL's camera axes"
    yield _posed(case, "inverted extrinsics", sentence, _turned(case.camera.cam_from_world.inverse()))


def half_written_pose(case: Case) -> Iterator[Candidate]:
    """Undo a pose of which only one half is written as expected."""
    pose = case.camera.cam_from_world
    ways = (
        ("transposed rotation", "its rotation is transposed, and its translation is right", Pose(pose.R.T, pose.t)),
        ("centre as translation", "its translation is its centre C; expected -R C", Pose(pose.R, -pose.R @ pose.t)),
        ("negated translation", "its translation has the other sign", Pose(pose.R, -pose.t)),
    )
    for cause, sentence, changed in ways:
        yield _posed(case, cause, sentence, changed)


def unit_of_translation(case: Case) -> Iterator[Candidate]:
    """Undo a translation in another unit."""
    pose = case.camera.cam_from_world
    for factor in _UNIT_FACTORS:
        sentence = f"its translation is {factor:g} times too large: another unit"
        yield _posed(case, "unit of the translation", sentence, Pose(pose.R, pose.t / factor))


def _turned(pose: Pose) -> Pose:
    return Pose(_AXES_GL @ pose.R, _AXES_GL @ pose.t)


def _posed(case: Case, cause: str, sentence: str, pose: Pose) -> Candidate:
    return case.candidate(cause, sentence, replace(case.camera, cam_from_world=pose))
