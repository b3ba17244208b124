"""What could be wrong with one camera: the usual slips of calibrations, each as the camera that it would come from.

Slips of convention (a pose the wrong way round, axes, units, order of numbers, swapped names) can be undone exactly and
tried. Slips of amount (a shifted principal point, a turned camera, a wrong focal length) leave a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import BrownConrady
from renderkit.geometry.pose import Pose

DISTORTION_DROPPED = "distortion dropped"

_AXES_GL = np.diag([1.0, -1.0, -1.0])
_UNIT_FACTORS = (1000.0, 0.001, 100.0, 0.01)


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A slip, and the camera as it would be without it.

    Attributes:
        cause: Its short name.
        sentence: What is wrong if it is true.
        camera: The corrected camera.
    """

    cause: str
    sentence: str
    camera: Camera


def convention_hypotheses(camera: Camera, others: Mapping[str, Camera]) -> Iterator[Hypothesis]:
    """Yield the slips of convention that a camera could suffer from, the simplest first.

    Args:
        camera: As it is written.
        others: The rig's other cameras by name.
    """
    yield from _pose_hypotheses(camera)
    yield from _lens_hypotheses(camera, others)
    for name, other in others.items():
        if other.size == camera.size:
            sentence = f"its calibration fits as that of camera {name}: the two have been swapped, or ids are off"
            yield Hypothesis("swapped calibration", sentence, replace(other, name=camera.name))


def _pose_hypotheses(camera: Camera) -> Iterator[Hypothesis]:
    pose = camera.cam_from_world
    inverse = "its extrinsics are written the wrong way round (world-to-camera for camera-to-world)"
    yield Hypothesis("inverted extrinsics", inverse, replace(camera, cam_from_world=pose.inverse()))
    turned = Pose(_AXES_GL @ pose.R, _AXES_GL @ pose.t)
    axes = "its extrinsics have OpenGL's camera axes (y up, z backward)"
    yield Hypothesis("OpenGL axes", axes, replace(camera, cam_from_world=turned))
    both = Pose(_AXES_GL @ pose.inverse().R, _AXES_GL @ pose.inverse().t)
    sentence = "its extrinsics are inverted and have OpenGL's camera axes"
    yield Hypothesis("inverted extrinsics", sentence, replace(camera, cam_from_world=both))
    for factor in _UNIT_FACTORS:
        scaled = replace(camera, cam_from_world=Pose(pose.R, pose.t / factor))
        unit = f"its translation is {factor:g} times too large: another unit"
        yield Hypothesis("unit of the translation", unit, scaled)


def _lens_hypotheses(camera: Camera, others: Mapping[str, Camera]) -> Iterator[Hypothesis]:
    if camera.distortion.model == "none" or not np.any(camera.distortion.coefficients):
        lenses = [other.distortion.coefficients for other in others.values() if _has_five(other)]
        if lenses:
            typical = BrownConrady(np.median(np.array(lenses), axis=0))
            sentence = (
                "its distortion is all zeros, the other cameras' is not: with the rig's typical lens it fits better"
            )
            yield Hypothesis(DISTORTION_DROPPED, sentence, replace(camera, distortion=typical))
        return
    if _has_five(camera):
        k1, k2, p1, p2, k3 = camera.distortion.coefficients
        variants = (
            ("order of the distortion", "its distortion is written as k1 k2 k3 p1 p2", (k1, k2, p2, k3, p1)),
            ("sign of the distortion", "its radial distortion has the wrong sign", (-k1, -k2, p1, p2, -k3)),
        )
        for cause, sentence, numbers in variants:
            if not np.allclose(numbers, camera.distortion.coefficients):
                yield Hypothesis(cause, sentence, replace(camera, distortion=BrownConrady(np.array(numbers))))
    none = "its calibration has distortion, its picture has none: was it undistorted?"
    yield Hypothesis("undistorted picture", none, camera.undistorted())


def _has_five(camera: Camera) -> bool:
    coefficients = camera.distortion.coefficients
    return camera.distortion.model == "brown_conrady" and len(coefficients) == 5 and bool(np.any(coefficients))
