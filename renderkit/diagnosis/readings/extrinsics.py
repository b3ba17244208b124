"""Readings of the extrinsics and of the world's axes and unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.estimate import mesh_step
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Reading, Views, each, has_landmarks

MESH_SHIFTED: Final = "mesh shifted"

_STEPS = 3
_FLIP = np.array([1.0, -1.0, -1.0])
_Y_DOWN = np.array([1.0, -1.0, 1.0])


def _inverse(view: Interpretation) -> Interpretation:
    return view.but(R=view.R.T, t=-view.R.T @ view.t)


def _transposed(view: Interpretation) -> Interpretation:
    return view.but(R=view.R.T)


def _centre(view: Interpretation) -> Interpretation:
    return view.but(t=-view.R @ view.t)


def _negated(view: Interpretation) -> Interpretation:
    return view.but(t=-view.t)


def _gl_axes(view: Interpretation) -> Interpretation:
    return view.but(R=_FLIP[:, None] * view.R, t=_FLIP * view.t)


def _scaled(factor: float) -> Callable[[Interpretation], Interpretation]:
    return lambda view: view.but(t=factor * view.t)


def _mirrored_world(axis: int) -> Callable[[Interpretation], Interpretation]:
    """Left-handed world and left-handed camera axes (x right, y up, z forward), as Unity and Unreal have them."""
    mirror = np.ones(3)
    mirror[axis] = -1.0
    return lambda view: view.but(R=_Y_DOWN[:, None] * view.R * mirror, t=_Y_DOWN * view.t)


def _turned_world(turn: FloatArray) -> Callable[[Interpretation], Interpretation]:
    return lambda view: view.but(points=view.points @ turn.T, vertices=view.vertices @ turn.T)


def _shifted_mesh(views: Views) -> Views | None:
    # With landmarks the subject's motion is estimated from them, before all readings.
    if any(has_landmarks(view) for view in views):
        return None
    moved = views
    for _ in range(_STEPS):
        step = mesh_step(moved)
        if step is None:
            return None
        moved = tuple(view.but(vertices=view.vertices + step) for view in moved)
    return moved


def _axis_turn(x: int, y: int, z: int) -> FloatArray:
    """Return the rotation whose columns are the images of the axes: signs and numbers 1 to 3."""
    result = np.zeros((3, 3))
    for column, image in enumerate((x, y, z)):
        result[abs(image) - 1, column] = np.sign(image)
    return result


DIRECTIONS = (
    Reading(
        "extrinsics inverted",
        "direction",
        "extrinsics are written the wrong way round: the matrix is the inverse of the one expected",
        each(_inverse),
    ),
    Reading("R transposed", "direction", "the rotation is transposed and the translation is right", each(_transposed)),
    Reading(
        "t is the camera centre",
        "direction",
        "the translation column holds the camera's centre C; expected t = -R C",
        each(_centre),
    ),
    Reading(
        "t negated",
        "direction",
        "translations have the other sign: the file has R C, expected t = -R C",
        each(_negated),
    ),
)

CAMERA_AXES = (
    Reading(
        "OpenGL camera axes",
        "camera axes",
        "camera axes are OpenGL's (x right, y up, z backward); expected OpenCV's",
        each(_gl_axes),
    ),
)

HANDEDNESS = tuple(
    Reading(
        f"left-handed world, {name} mirrored",
        "handedness",
        f"poses are of a left-handed system (y up, z forward): the world's {name} axis is mirrored",
        each(_mirrored_world(axis)),
    )
    for axis, name in enumerate("xyz")
)

UNITS = tuple(
    Reading(
        f"translations times {factor:g}",
        "unit",
        f"translations and mesh have different units: translations need a factor {factor:g}",
        each(_scaled(factor)),
    )
    for factor in (1000.0, 0.001, 100.0, 0.01, 10.0, 0.1)
)

WORLD_AXES = tuple(
    Reading(
        f"world turned {name}",
        "world",
        f"the mesh stands in other world axes than the cameras ({why}): it must be turned {name}",
        each(_turned_world(_axis_turn(*images))),
        amiss="mesh",
    )
    for name, why, images in (
        ("by +90 deg about x", "y up against z up", (1, 3, -2)),
        ("by -90 deg about x", "z up against y up", (1, -3, 2)),
        ("by 180 deg about x", "y up against y down", (1, -2, -3)),
        ("by 180 deg about y", "z towards the viewer against away", (-1, 2, -3)),
        ("by 180 deg about z", "x and y both reversed", (-1, -2, 3)),
    )
)

MESH_PLACE = (
    Reading(
        MESH_SHIFTED,
        "world",
        "the mesh is shifted against all cameras alike",
        _shifted_mesh,
        num_estimated=3,
        amiss="mesh",
    ),
)
