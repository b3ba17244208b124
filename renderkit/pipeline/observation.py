"""What one view's camera captured, decoded, checked, and undistorted where that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, ColorImage, MaskImage
from renderkit.buffer_pool import BufferPool
from renderkit.capture import View
from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.undistort import undistort_map
from renderkit.images.encoded import EncodedImage
from renderkit.metrics.region import Region
from renderkit.pipeline.options import ValidationOptions


@dataclass(frozen=True, eq=False)
class Observation:
    """The captured side of a comparison, all parts in the image of one camera.

    Attributes:
        camera: The camera to render with: the view's own, or its ideal pinhole when undistorted.
        photo: (height, width, 3) RGB; None when there is none, or nobody wants it.
        mask: (height, width) True where the matte reaches the threshold, or None.
        landmarks: Detected landmarks in px, or None.
        region: Where the image has content; None is everywhere.
    """

    camera: Camera
    photo: ColorImage | None
    mask: MaskImage | None
    landmarks: Landmarks | None
    region: Region | None


def read_observation(
    view: View, options: ValidationOptions, *, with_photo: bool = True, buffers: BufferPool | None = None
) -> Observation:
    """Read all that a view has.

    Args:
        view: The view.
        options: How mattes are read, and whether everything is undistorted.
        with_photo: Whether the photograph is decoded. That takes longer than everything else, so it is left out where
            nobody looks at it; its size is held against the calibration's all the same.
        buffers: Where the memory of mattes and masks comes from; fresh memory when None.

    Raises:
        DatasetError: If a picture is corrupt, or does not have the calibration's size.
    """
    photo, matte = None, None
    if view.image is not None:
        if with_photo:
            photo = view.image.decode_color()
        size = view.image.read_size() if photo is None else (photo.shape[1], photo.shape[0])
        _check_size(view.image, size, view.camera)
    if view.mask is not None:
        matte = view.mask.decode_gray(buffers)
        _check_size(view.mask, (matte.shape[1], matte.shape[0]), view.camera)
    observation = Observation(view.camera, photo, None, view.read_landmarks(), None)
    if options.undistort:
        return _undistorted(observation, matte, options)
    mask = None if matte is None else inside_matte(matte, options.matte_threshold, buffers)
    return replace(observation, mask=mask)


def inside_matte(matte: AlphaImage, threshold: float, buffers: BufferPool | None = None) -> MaskImage:
    """Return (height, width) True where alpha / 255 reaches the threshold in (0, 1]."""
    inside = np.empty(matte.shape, np.bool_) if buffers is None else buffers.empty(matte.shape, np.bool_)
    return np.greater_equal(matte, int(np.ceil(threshold * 255.0)), out=inside)


def _undistorted(observation: Observation, matte: AlphaImage | None, options: ValidationOptions) -> Observation:
    raw = observation.camera
    map_x, map_y = undistort_map(raw)

    def resample(pixels: AlphaImage | ColorImage) -> AlphaImage:
        return np.asarray(cv2.remap(pixels, map_x, map_y, cv2.INTER_LINEAR), dtype=np.uint8)

    # Half a pixel beyond the outer centres there is still picture, but nothing to interpolate with.
    content = (map_x >= 0.0) & (map_x <= raw.width - 1.0) & (map_y >= 0.0) & (map_y <= raw.height - 1.0)
    if matte is not None and not options.undistorted_mattes:
        matte = resample(matte)
    region = Region(content, "undistorted picture", "only where the undistorted picture has content")
    return Observation(
        raw.undistorted(),
        None if observation.photo is None else resample(observation.photo),
        None if matte is None else inside_matte(matte, options.matte_threshold),
        None if observation.landmarks is None else _undistorted_landmarks(observation.landmarks, raw),
        region,
    )


def _undistorted_landmarks(landmarks: Landmarks, raw: Camera) -> Landmarks:
    """Move (L, 2) landmarks to the ideal pinhole; those that no ray reaches become invalid."""
    pixels = raw.undistorted().project_cam(raw.unproject(landmarks.points))
    return Landmarks(pixels, landmarks.valid, landmarks.scheme)


def _check_size(picture: EncodedImage, size: tuple[int, int], camera: Camera) -> None:
    if size == camera.size:
        return
    found, expected = f"{size[0]} x {size[1]}", f"{camera.width} x {camera.height}"
    if size == camera.size[::-1]:
        hint = (
            "width and height are swapped: is the picture rotated, or was the calibration written as (height, width)?"
        )
    else:
        hint = "use the picture in its original size, or scale the intrinsics with it (Camera.scaled)"
    raise DatasetError(
        picture.path, picture.key, f"the picture is {found} px, the calibration of {camera.name} {expected}; {hint}"
    )
