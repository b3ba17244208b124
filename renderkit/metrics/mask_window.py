"""The smallest window of the picture that holds both masks: all that a mask metric has to look at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.metrics.mask_pair import mask_pair
from renderkit.metrics.region import Region


@dataclass(frozen=True, eq=False)
class MaskWindow:
    """Two masks of one picture, cut to their common bounding box and one pixel around.

    The window ends either in that pixel of background or at the picture's own border, so outlines, bands and distances
    in it are those of the whole picture.

    Attributes:
        rendered: (h, w) 0/1 bytes, A.
        captured: (h, w) 0/1 bytes, B.
        inside: (h, w) 0/1 bytes, the evaluation region; None is everywhere.
        corner: (x, y) of the window's first pixel in the picture.
        size: (width, height) of the picture.
        left_out_px: Pixels of the picture outside the region.
        region: Name of the region; "image" is the whole picture.
    """

    rendered: AlphaImage
    captured: AlphaImage
    inside: AlphaImage | None
    corner: tuple[int, int]
    size: tuple[int, int]
    left_out_px: int
    region: str


def cut_window(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> MaskWindow:
    """Cut two masks to the window that holds both.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    first, second = mask_pair(rendered, captured)
    rows, columns = _joint_window(first, second)
    height, width = first.shape
    inside, left_out_px, name = None, 0, "image"
    if region is not None:
        whole = region.bytes_for(first.shape)
        inside = np.ascontiguousarray(whole[rows, columns])
        left_out_px, name = whole.size - cv2.countNonZero(whole), region.name
    return MaskWindow(
        np.ascontiguousarray(first[rows, columns]),
        np.ascontiguousarray(second[rows, columns]),
        inside,
        (columns.start, rows.start),
        (width, height),
        left_out_px,
        name,
    )


def _joint_window(first: AlphaImage, second: AlphaImage) -> tuple[slice, slice]:
    boxes = [box for box in (cv2.boundingRect(first), cv2.boundingRect(second)) if box[2]]
    if not boxes:
        return slice(0, 1), slice(0, 1)
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return slice(max(top - 1, 0), bottom + 1), slice(max(left - 1, 0), right + 1)
