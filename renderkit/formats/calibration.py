"""Numbers from a calibration file, turned into a camera or into an error that names the camera."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderkit.arrays import as_array
from renderkit.errors import CalibrationError, DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import pose_from_world_from_cam
from renderkit.geometry.pose import Pose
from renderkit.images.encoded import EncodedImage

MAX_IMAGE_SIDE = 65_536
"""Image sides above this many px are refused: nobody's sensor, but somebody's typing error."""


def make_camera(
    path: Path,
    name: str,
    K: ArrayLike,
    distortion: ArrayLike,
    extrinsics: ArrayLike,
    direction: Literal["cam_from_world", "world_from_cam"],
    size: tuple[int, int],
) -> Camera:
    """Build a camera from a file's numbers.

    Args:
        path: The file, for errors.
        name: The camera.
        K: (3, 3) intrinsics in px, or (4, 4) of which the upper left (3, 3) block is taken.
        distortion: OpenCV coefficients.
        extrinsics: (3, 4) or (4, 4), OpenCV axes.
        direction: Which way `extrinsics` goes.
        size: (width, height) in px.

    Raises:
        CalibrationError: If it is invalid: wrong shapes, NaN, singular K, R that is not a rotation, absurd size.
    """
    if max(size) > MAX_IMAGE_SIDE:
        raise CalibrationError(path, f"camera {name}", f"image of {size[0]} x {size[1]} px is over {MAX_IMAGE_SIDE} px")
    try:
        intrinsics = np.asarray(K, dtype=np.float64)
        if intrinsics.shape == (4, 4):
            intrinsics = intrinsics[:3, :3]
        intrinsics = as_array(intrinsics, np.float64, (3, 3), "K")
        coefficients = as_array(distortion, np.float64, (None,), "distortion")
        matrix = np.asarray(extrinsics, dtype=np.float64)
        pose = Pose.from_matrix(matrix) if direction == "cam_from_world" else pose_from_world_from_cam(matrix)
        return Camera.from_opencv(intrinsics, coefficients, pose, size, name)
    except (ValueError, TypeError, OverflowError) as error:
        raise CalibrationError(path, f"camera {name}", str(error)) from error


def check_picture_size(pixels: NDArray[np.uint8], camera: Camera, source: EncodedImage) -> None:
    """Check that a decoded picture has the size that the camera was calibrated for.

    Args:
        pixels: (height, width) or (height, width, 3).
        camera: The camera of the view.
        source: Where the picture came from, for the error.

    Raises:
        DatasetError: If the sizes differ. A picture that was resized needs `Camera.scaled`.
    """
    height, width = pixels.shape[:2]
    if (width, height) != camera.size:
        raise DatasetError(
            source.path,
            source.key,
            f"the picture is {width} x {height} px but camera {camera.name} is calibrated for "
            f"{camera.width} x {camera.height} px; if it was resized, resize the camera too (Camera.scaled)",
        )
