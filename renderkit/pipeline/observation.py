"""What one view's camera captured, decoded, checked, and undistorted where that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, ColorImage
from renderkit.buffer_pool import BufferPool
from renderkit.capture import View
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.undistort import undistort_map
from renderkit.images.mask_bits import MaskBits
from renderkit.images.matte import inside_matte
from renderkit.metrics.region import Region
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.picture_size import check_matte_size, check_picture_size, orientation_notes


@dataclass(frozen=True, eq=False)
class Observation:
    """The captured side of a comparison, all parts in the image of one camera.

    Attributes:
        camera: The camera to render with: the view's own, or its ideal pinhole when undistorted.
        photo: (height, width, 3) RGB; None when there is none, or nobody wants it.
        mask: Where the matte reaches the threshold, or None.
        landmarks: Detected landmarks in px, or None.
        region: Where the image has content; None is everywhere.
        notes: How the parts were read where that is a choice, one sentence each.
        reduced: (h, w) the matte at a reduced size, or None.
    """

    camera: Camera
    photo: ColorImage | None
    mask: MaskBits | None
    landmarks: Landmarks | None
    region: Region | None
    notes: tuple[str, ...] = ()
    reduced: AlphaImage | None = None


def read_observation(
    view: View,
    options: ValidationOptions,
    *,
    with_photo: bool = True,
    buffers: BufferPool | None = None,
    reduced_to: int | None = None,
) -> Observation:
    """Read all that a view has.

    Args:
        view: The view.
        options: How mattes are read, and whether everything is undistorted.
        with_photo: Whether the photograph is decoded. That takes longer than everything else, so it is left out where
            nobody looks at it; its size is held against the calibration's all the same.
        buffers: Where the memory of mattes and masks comes from; fresh memory when None.
        reduced_to: Longest side, px, of the reduced matte; None makes none, and undistortion none either.

    Raises:
        DatasetError: If a picture is corrupt, or does not have the calibration's size.
    """
    # Sizes first, by the headers: nothing is decoded that cannot be of this camera.
    photo, header, notes = None, None, view.notes
    matte: AlphaImage | None = None
    reduced: AlphaImage | None = None
    inside: MaskBits | None = None
    image, mask = (None if picture is None else picture.fetched() for picture in (view.image, view.mask))
    if image is not None:
        header = image.read_header()
        check_picture_size(image, header, view.camera)
        notes += orientation_notes(header)
        photo = image.decode_color() if with_photo else None
    if mask is not None:
        matte_header = mask.read_header()
        check_matte_size(mask, matte_header, view.camera, header)
        notes += orientation_notes(matte_header, "matte")
        if options.undistort:
            read = mask.decode_matte(buffers)
            matte, note = read.alpha, read.note
        else:
            found = mask.decode_inside(options.matte_threshold, buffers, reduced_to=reduced_to)
            inside, note, reduced = found.bits, found.note, found.reduced
        notes += (note,) if note else ()
    landmarks = view.read_landmarks()
    notes += () if landmarks is None else landmarks.notes
    observation = Observation(
        camera=view.camera, photo=photo, mask=inside, landmarks=landmarks, region=None, notes=notes,
        reduced=reduced,
    )  # fmt: skip
    return _undistorted(observation, matte, options) if options.undistort else observation


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
    return replace(
        observation,
        camera=raw.undistorted(),
        photo=None if observation.photo is None else resample(observation.photo),
        mask=None if matte is None else MaskBits.pack(inside_matte(matte, options.matte_threshold)),
        landmarks=None if observation.landmarks is None else _undistorted_landmarks(observation.landmarks, raw),
        region=region,
    )


def _undistorted_landmarks(landmarks: Landmarks, raw: Camera) -> Landmarks:
    """Move (L, 2) landmarks to the ideal pinhole; those that no ray reaches become invalid."""
    pixels = raw.undistorted().project_cam(raw.unproject(landmarks.points))
    return replace(landmarks, points=pixels)
