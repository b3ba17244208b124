"""The slips that projection functions make: each is a change of the camera's numbers or of its pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import FloatArray, Pixels
from renderkit.geometry.rotation import matrix_from_quaternion, quaternion_from_matrix
from renderkit.testkit.plain import PlainCamera

ChangeCamera: TypeAlias = Callable[[PlainCamera], PlainCamera | None]
ChangePixels: TypeAlias = Callable[[Pixels, PlainCamera], Pixels]

_GL = np.diag([1.0, -1.0, -1.0])
_NUM_BROWN = 5


def _same_camera(camera: PlainCamera) -> PlainCamera:
    return camera


def _same_pixels(pixels: Pixels, camera: PlainCamera) -> Pixels:  # noqa: ARG001 - one signature for all
    return pixels


@dataclass(frozen=True)
class Slip:
    """One way to project wrongly.

    Attributes:
        name: Short name.
        sentence: What was done, for people.
        camera: Returns the numbers that were used instead; None where a camera cannot show the slip.
        pixels: What was done to the pixels afterwards, given the right camera.
    """

    name: str
    sentence: str
    camera: ChangeCamera = _same_camera
    pixels: ChangePixels = _same_pixels


def _posed(camera: PlainCamera, R: FloatArray, t: ArrayLike) -> PlainCamera:
    return replace(camera, R=R, t=np.asarray(t, dtype=np.float64))


def _quaternion_order(*order: int) -> ChangeCamera:
    """Return a change that takes (w, x, y, z) from these places of the right (w, x, y, z)."""
    return lambda c: _posed(c, matrix_from_quaternion(quaternion_from_matrix(c.R)[list(order)]), c.t)


def _intrinsics(change: Callable[[FloatArray, tuple[int, int]], None]) -> ChangeCamera:
    """Return a change of a copy of K in place."""

    def changed(camera: PlainCamera) -> PlainCamera:
        K = camera.K.copy()
        change(K, camera.size)
        return replace(camera, K=K)

    return changed


def _swap_focal(K: FloatArray, size: tuple[int, int]) -> None:  # noqa: ARG001
    K[0, 0], K[1, 1] = K[1, 1], K[0, 0]


def _swap_center(K: FloatArray, size: tuple[int, int]) -> None:  # noqa: ARG001
    K[0, 2], K[1, 2] = K[1, 2], K[0, 2]


def _swap_size(K: FloatArray, size: tuple[int, int]) -> None:
    width, height = size
    K[0] *= height / width
    K[1] *= width / height


def _one_focal(K: FloatArray, size: tuple[int, int]) -> None:  # noqa: ARG001
    K[1, 1] = K[0, 0]


def _centered(K: FloatArray, size: tuple[int, int]) -> None:
    K[0, 2], K[1, 2] = 0.5 * (size[0] - 1), 0.5 * (size[1] - 1)


def _no_skew(K: FloatArray, size: tuple[int, int]) -> None:  # noqa: ARG001
    K[0, 1] = 0.0


def _skew_is_center(K: FloatArray, size: tuple[int, int]) -> None:  # noqa: ARG001
    K[0, 2] = K[1, 2] = 0.0


def _lens(change: Callable[[FloatArray], ArrayLike]) -> ChangeCamera:
    """Return a change of the coefficients of Brown and Conrady's lens; a fisheye camera cannot show it."""

    def changed(camera: PlainCamera) -> PlainCamera | None:
        if not camera.coefficients.size or camera.fisheye:
            return None
        return replace(camera, coefficients=np.asarray(change(camera.coefficients), dtype=np.float64))

    return changed


def _five(coefficients: FloatArray) -> FloatArray:
    result: FloatArray = np.append(coefficients, np.zeros(_NUM_BROWN))[:_NUM_BROWN]
    return result


def _first_five(order: tuple[int, ...]) -> Callable[[FloatArray], FloatArray]:
    """Return a change that puts k1 k2 p1 p2 k3 in another order and keeps what follows them."""
    return lambda all_: np.concatenate([_five(all_)[list(order)], all_[_NUM_BROWN:]])


def _without(*dropped: int) -> Callable[[FloatArray], FloatArray]:
    return lambda all_: np.where(np.isin(np.arange(all_.size), dropped), 0.0, all_)


def _as_fisheye(camera: PlainCamera) -> PlainCamera | None:
    if camera.fisheye or not camera.coefficients.size:
        return None
    return replace(camera, coefficients=camera.coefficients[:4], fisheye=True)


def _as_brown(camera: PlainCamera) -> PlainCamera | None:
    return replace(camera, fisheye=False) if camera.fisheye else None


def _as_plain_fisheye(camera: PlainCamera) -> PlainCamera | None:
    return replace(camera, coefficients=np.zeros(4)) if camera.fisheye else None


def _lens_applied(count: int) -> ChangeCamera:
    return lambda camera: replace(camera, num_distortions=count) if camera.coefficients.size else None


def _moved(dx: float, dy: float) -> ChangePixels:
    return lambda pixels, _: pixels + np.array([dx, dy])


def _scaled(factor: float) -> ChangePixels:
    return lambda pixels, _: pixels * factor


def _normalised(pixels: Pixels, camera: PlainCamera) -> Pixels:
    result: Pixels = pixels / camera.size
    return result


def _device_coordinates(pixels: Pixels, camera: PlainCamera) -> Pixels:
    x, y = ((2.0 * pixels + 1.0) / camera.size - 1.0).T
    return np.column_stack([x, -y])


def _y_up(pixels: Pixels, camera: PlainCamera) -> Pixels:
    return np.column_stack([pixels[:, 0], camera.size[1] - 1.0 - pixels[:, 1]])


def _mirrored(pixels: Pixels, camera: PlainCamera) -> Pixels:
    return np.column_stack([camera.size[0] - 1.0 - pixels[:, 0], pixels[:, 1]])


SLIPS: Final[tuple[Slip, ...]] = (
    Slip(
        "half pixel", "pixels are counted from the corner of the top-left pixel: 0.5 too large", pixels=_moved(0.5, 0.5)
    ),
    Slip("half pixel, twice", "half a pixel is subtracted where it should not be", pixels=_moved(-0.5, -0.5)),
    Slip("one pixel", "pixels are counted from 1", pixels=_moved(1.0, 1.0)),
    Slip("y up", "v counts from the bottom of the picture", pixels=_y_up),
    Slip("mirrored", "u counts from the right edge of the picture", pixels=_mirrored),
    Slip("row, column", "x and y of the pixels are exchanged", pixels=lambda pixels, _: pixels[:, ::-1]),
    Slip("normalised", "pixels are divided by the picture's width and height", pixels=_normalised),
    Slip("device coordinates", "OpenGL's -1 to 1 instead of pixels", pixels=_device_coordinates),
    Slip("whole pixels", "pixels are rounded to whole numbers", pixels=lambda pixels, _: np.round(pixels)),
    Slip("truncated pixels", "pixels are cut off to whole numbers", pixels=lambda pixels, _: np.trunc(pixels)),
    Slip("half size", "pixels of the picture at half size", pixels=_scaled(0.5)),
    Slip("double size", "pixels of the picture at double size", pixels=_scaled(2.0)),
    Slip(
        "OpenGL axes",
        "the extrinsics are used with OpenGL's camera axes (y up, z backward) instead of OpenCV's",
        lambda c: _posed(c, _GL @ c.R, _GL @ c.t),
    ),
    Slip(
        "inverted extrinsics",
        "camera-to-world is used as world-to-camera",
        lambda c: _posed(c, c.R.T, -c.R.T @ c.t),
    ),
    Slip(
        "inverted OpenGL extrinsics",
        "camera-to-world with OpenGL's camera axes is used as world-to-camera",
        lambda c: _posed(c, (_GL @ c.R).T, -c.R.T @ c.t),
    ),
    Slip("transposed R", "R is transposed and t is kept", lambda c: _posed(c, c.R.T, c.t)),
    Slip(
        "R about the centre",
        "t is the camera's centre C where -R C is expected",
        lambda c: _posed(c, c.R, -c.R.T @ c.t),
    ),
    Slip("t as the centre", "t is taken for the camera's centre: R (X - t)", lambda c: _posed(c, c.R, -c.R @ c.t)),
    Slip("sign of t", "t is subtracted instead of added", lambda c: _posed(c, c.R, -c.t)),
    Slip("t dropped", "t is not added", lambda c: _posed(c, c.R, np.zeros(3))),
    Slip("t in mm", "t is 1000 times too large for the points", lambda c: _posed(c, c.R, 1000.0 * c.t)),
    Slip("t in m", "t is 1000 times too small for the points", lambda c: _posed(c, c.R, 0.001 * c.t)),
    Slip("quaternion wxyz", "the quaternion (w, x, y, z) is read as (x, y, z, w)", _quaternion_order(3, 0, 1, 2)),
    Slip("quaternion xyzw", "the quaternion (x, y, z, w) is read as (w, x, y, z)", _quaternion_order(1, 2, 3, 0)),
    Slip("world y up", "the world's y and z axes are flipped", lambda c: _posed(c, c.R @ _GL, c.t)),
    Slip(
        "world z up",
        "the world's y and z axes are exchanged",
        lambda c: _posed(c, c.R @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]), c.t),
    ),
    Slip("fx and fy exchanged", "fx and fy are exchanged", _intrinsics(_swap_focal)),
    Slip("one focal length", "fx is used for both axes", _intrinsics(_one_focal)),
    Slip("cx and cy exchanged", "cx and cy are exchanged", _intrinsics(_swap_center)),
    Slip("width and height exchanged", "K is scaled with width and height exchanged", _intrinsics(_swap_size)),
    Slip("centred", "the principal point is taken to be the middle of the picture", _intrinsics(_centered)),
    Slip("no principal point", "the principal point is left out", _intrinsics(_skew_is_center)),
    Slip("skew dropped", "the skew is left out", _intrinsics(_no_skew)),
    Slip("distortion dropped", "the lens distortion is left out", _lens_applied(0)),
    Slip("distortion twice", "the lens distortion is applied twice", _lens_applied(2)),
    Slip("distortion inverted", "pixels are undistorted where they should be distorted", _lens_applied(-1)),
    Slip("sign of the distortion", "the coefficients have the wrong sign", _lens(np.negative)),
    Slip("k1 k2 k3 p1 p2", "OpenCV's k1 k2 p1 p2 k3 are read as k1 k2 k3 p1 p2", _lens(_first_five((0, 1, 3, 4, 2)))),
    Slip("p1 and p2 exchanged", "p1 and p2 are exchanged (Metashape's order)", _lens(_first_five((0, 1, 3, 2, 4)))),
    Slip("tangential dropped", "p1 and p2 are left out", _lens(_without(2, 3))),
    Slip("k3 dropped", "only k1 k2 p1 p2 are used", _lens(lambda all_: all_[:4])),
    Slip("k1 only", "only k1 is used", _lens(lambda all_: np.append(all_[:1], np.zeros(3)))),
    Slip("five coefficients", "the coefficients after k3 are left out", _lens(_five)),
    Slip("read as fisheye", "the coefficients are used as those of the fisheye model", _as_fisheye),
    Slip("read as Brown-Conrady", "the fisheye coefficients are used as k1 k2 p1 p2", _as_brown),
    Slip("fisheye polynomial dropped", "r = f theta without the coefficients", _as_plain_fisheye),
)
"""Every slip that the judge can name. Drawing what has no projection is judged apart."""
