"""What may be wrong with one camera or with what was measured in its pictures, and the slips that move some of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray, Points3, as_array
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.derivatives import cross, pixels_by_seen_point, seen_points
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion
from renderkit.geometry.pose import Pose

PARAMETERS: Final = (
    "turn_x",
    "turn_y",
    "roll",
    "step_x",
    "step_y",
    "step_z",
    "log_focal",
    "cx",
    "cy",
    "k1",
    "log_aspect",
    "k2",
    "p1",
    "p2",
)
"""Turns in rad and steps in world units, both in the camera's own axes; cx and cy in px; aspect is fx / fy; k1 and k2
are the first two radial coefficients of the lens, p1 and p2 OpenCV's tangential ones, which a fisheye lens has not."""

NUM: Final = len(PARAMETERS)

LENS: Final = tuple(PARAMETERS.index(name) for name in ("k1", "k2", "p1", "p2"))
"""Parameters of the lens: they show at the picture's border, where the others show least."""

EVIDENCE_PARAMETERS: Final = ("matte_px", "detections_x", "detections_y")
"""What is wrong with a camera's pictures instead: its mattes' outlines lie outside by so many px, its landmarks are
right of and below where they should be."""

MATTE: Final = NUM
DETECTIONS: Final = (NUM + 1, NUM + 2)
NUM_LOCAL: Final = NUM + len(EVIDENCE_PARAMETERS)
"""All numbers that belong to one camera."""

SHIFTS: Final = (0, 1, 3, 4, 7, 8)
"""Parameters that move the whole picture; the others are measured about the picture's mean shift."""

Look: TypeAlias = Literal["shift", "roll", "scale", "lens", "aspect", "several"]
Family: TypeAlias = Look | Literal["matte", "detections"]


ALL_DETECTIONS: Final = "landmark detections"
ALL_MATTES: Final = "placement of the mattes"
"""Causes of a shift that all cameras share, and that is none of the cameras'."""

ALL_SUBJECT: Final = "size or shape of the subject"
"""Cause of what all cameras see alike: 3D landmarks or a mesh that are not those of the pictures."""

NO_CAMERAS_FAULT: Final = frozenset({ALL_DETECTIONS, ALL_MATTES, ALL_SUBJECT})
"""Where one of these is a cause as well, an error that all cameras share need not be theirs."""


@dataclass(frozen=True)
class Slip:
    """A way in which a camera can be wrong.

    Attributes:
        name: For people.
        indices: Which of `PARAMETERS`, then of `EVIDENCE_PARAMETERS`, it moves.
        family: What it looks like in the picture.
        names: Whether it alone can name a camera. Others are found by all parameters together, and are causes only:
            what hair or an error of the mesh does to an outline looks like them.
    """

    name: str
    indices: tuple[int, ...]
    family: Family
    names: bool = True


SLIPS: Final = (
    Slip("principal point", (7, 8), "shift"),
    Slip("turn", (0, 1), "shift"),
    Slip("sideways step", (3, 4), "shift"),
    Slip("roll", (2,), "roll"),
    Slip("focal length", (6,), "scale"),
    Slip("step along the axis", (5,), "scale"),
    Slip("lens distortion k1", (9,), "lens"),
    Slip("lens distortion k2", (11,), "lens", names=False),
    Slip("tangential distortion", (12, 13), "lens", names=False),
    Slip("aspect fx / fy", (10,), "aspect"),
    Slip("principal point and focal length", (6, 7, 8), "several"),
    Slip("turn with roll", (0, 1, 2), "several"),
    Slip("principal point and roll", (2, 7, 8), "several"),
    Slip("several parameters", tuple(range(NUM)), "several"),
    Slip("mattes too large or too small", (MATTE,), "matte"),
    Slip(ALL_DETECTIONS, DETECTIONS, "detections"),
)


NAMING: Final = tuple(slip for slip in SLIPS if slip.names)


@dataclass(frozen=True, eq=False)
class Linearised:
    """Projections of N points and their derivatives.

    Attributes:
        pixels: (N, 2) px; NaN behind the camera.
        by_camera: (N, 2, 14) by `PARAMETERS`.
        by_point: (N, 2, 3) by the world point.
    """

    pixels: FloatArray
    by_camera: FloatArray
    by_point: FloatArray


def linearise(camera: Camera, points_world: Points3) -> Linearised:
    """Return (N, 2) projections of (N, 3) points and their exact derivatives; zero where a point is not seen."""
    from renderkit.diagnosis.joint.derivative_kernels import linearise_simple  # noqa: PLC0415 - loads the compiler
    from renderkit.renderers.cpu.pack_camera import plain_numbers  # noqa: PLC0415 - loads the compiler

    count = len(points_world)
    simple = Linearised(np.empty((count, 2)), np.empty((count, 2, NUM)), np.empty((count, 2, 3)))
    points = np.ascontiguousarray(points_world, np.float64).view()
    points.flags.writeable = False
    if linearise_simple(plain_numbers(camera), points, simple.pixels, simple.by_camera, simple.by_point):
        return simple
    return _linearise_any(camera, points_world)


def _linearise_any(camera: Camera, points_world: Points3) -> Linearised:
    """Do the same for every lens, and for points that it does not see."""
    pixels, seen, good = seen_points(camera, points_world)
    xy = seen[:, :2] / seen[:, 2:]
    focal = camera.K[:2, :2]
    by_cam_point = pixels_by_seen_point(camera, seen)
    zoom = pixels - camera.K[:2, 2]
    result = np.zeros((len(seen), 2, NUM))
    # A turn w moves a point Y by w x Y.
    result[:, :, :3] = cross(seen[:, None, :], by_cam_point)
    result[:, :, 3:6] = by_cam_point
    result[:, :, 6] = zoom
    result[:, 0, 7] = result[:, 1, 8] = 1.0
    result[:, :, 10] = zoom * (0.5, -0.5)
    result[:, :, LENS] = focal @ _by_coefficients(camera.distortion, xy)
    by_point = by_cam_point @ camera.cam_from_world.R
    result[~good] = 0.0
    by_point[~good] = 0.0
    return Linearised(pixels, result, by_point)


def _by_coefficients(lens: Distortion, xy: FloatArray) -> FloatArray:
    """Return (N, 2, 4) derivatives of distorted coordinates by k1, k2, p1 and p2; a tilt of the sensor is left out."""
    x, y = xy.T
    square = (xy**2).sum(axis=1)
    if isinstance(lens, KannalaBrandt):
        radius = np.sqrt(square)
        angle = np.arctan(radius)
        way = xy * (angle**3 / np.maximum(radius, 1e-12))[:, None]
        none = np.zeros_like(way)
        return np.stack([way, way * angle[:, None] ** 2, none, none], axis=2)
    radial = xy * square[:, None]
    if isinstance(lens, BrownConrady):
        k4, k5, k6 = lens.padded[5:8]
        radial = radial / (1.0 + square * (k4 + square * (k5 + square * k6)))[:, None]
    across = 2.0 * x * y
    tangential = [np.column_stack([across, square + 2.0 * y**2]), np.column_stack([square + 2.0 * x**2, across])]
    return np.stack([radial, radial * square[:, None], *tangential], axis=2)


def units_of(by_camera: FloatArray) -> FloatArray:
    """Return the (14,) amounts of each parameter that displace (N, 2, 14) points by 1 px RMS.

    Parameters that turn, stretch or bend the picture are measured about their mean displacement, which a shift can
    imitate.
    """
    mean = by_camera.mean(axis=0)
    mean[:, list(SHIFTS)] = 0.0
    sizes = np.sqrt(((by_camera - mean) ** 2).sum(axis=1).mean(axis=0))
    result: FloatArray = 1.0 / np.maximum(sizes, 1e-12)
    return result


def changed_camera(camera: Camera, parameters: FloatArray) -> Camera:
    """Return the camera with (14,) parameters added, in the units of `PARAMETERS`.

    A camera-frame point Y becomes exp(turn) Y + step. Focal lengths are multiplied by exp(log_focal +- log_aspect / 2),
    the skew with fx. k1 and k2 are added to the first two coefficients of the lens, p1 and p2 to the next two of one
    that is no fisheye.

    Raises:
        ValueError: If the shape is wrong, or the changed camera is invalid.
    """
    amounts = as_array(parameters, np.float64, (NUM,), "parameters")
    moved = Pose.from_rotation_vector(amounts[:3], amounts[3:6]) @ camera.cam_from_world
    intrinsics = camera.K.copy()
    intrinsics[0, :2] *= np.exp(amounts[6] + 0.5 * amounts[10])
    intrinsics[1, :2] *= np.exp(amounts[6] - 0.5 * amounts[10])
    intrinsics[:2, 2] += amounts[7:9]
    lens = _bent(camera.distortion, amounts[list(LENS)]) if amounts[list(LENS)].any() else camera.distortion
    return replace(camera, K=intrinsics, cam_from_world=moved, distortion=lens)


def _bent(lens: Distortion, amounts: FloatArray) -> Distortion:
    """Return the lens with (4,) amounts added to k1, k2, p1 and p2."""
    coefficients = lens.coefficients.copy() if lens.coefficients.size else np.zeros(len(amounts))
    if isinstance(lens, KannalaBrandt):
        coefficients[:2] += amounts[:2]
        return KannalaBrandt(coefficients)
    coefficients[: len(amounts)] += amounts
    return make_distortion(coefficients)
