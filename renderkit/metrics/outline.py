"""The outlines of two masks and the exact distances between them, measured once for every boundary metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, MaskImage, frozen
from renderkit.metrics.mask_pair import mask_pair
from renderkit.metrics.region import Region

PixelIndices: TypeAlias = NDArray[np.int32]
SquaredDistances: TypeAlias = NDArray[np.int64]

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


@dataclass(frozen=True, eq=False)
class OutlineDistances:
    """Boundary pixels of a rendered mask A and a captured mask B, each with its distance to the other outline.

    Attributes:
        rendered: (N, 2) boundary pixels (x, y) of A inside the region, by row then column.
        captured: (M, 2) boundary pixels of B inside the region.
        rendered_squared: (N,) squared distance in px^2 to the nearest boundary pixel of B; -1 when B has none.
        captured_squared: (M,) squared distance in px^2 to the nearest boundary pixel of A; -1 when A has none.
        left_out_px: Boundary pixels of both that lie outside the region. They still serve as counterparts.
        region: Name of the region; "image" is the whole picture.
    """

    rendered: PixelIndices
    captured: PixelIndices
    rendered_squared: SquaredDistances
    captured_squared: SquaredDistances
    left_out_px: int = 0
    region: str = "image"

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("rendered", "captured", "rendered_squared", "captured_squared"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def measure_outlines(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> OutlineDistances:
    """Find the boundary pixels of two masks and the exact distances between the outlines.

    A boundary pixel is a pixel of the mask with a 4-neighbour in the image outside of it; the picture's own border is
    no boundary.

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        region: Where boundary pixels count; None is everywhere.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    from renderkit.metrics.nearest import PixelRows  # noqa: PLC0415 - loads the compiler

    first, second = mask_pair(rendered, captured)
    outlines = [PixelRows.from_sorted(boundary_points(mask)) for mask in (first, second)]
    inside = [_inside(outline.points, region, first.shape) for outline in outlines]
    points = [outline.points[keep] for outline, keep in zip(outlines, inside, strict=True)]
    squared = []
    for own, other in ((points[0], outlines[1]), (points[1], outlines[0])):
        distances, _ = other.nearest(own)
        squared.append(np.where(np.isfinite(distances), distances, -1.0).astype(np.int64))
    left_out = sum(len(outline.points) for outline in outlines) - len(points[0]) - len(points[1])
    name = "image" if region is None else region.name
    return OutlineDistances(points[0], points[1], squared[0], squared[1], left_out, name)


def boundary_points(mask: AlphaImage) -> PixelIndices:
    """Return the (N, 2) boundary pixels (x, y) of a 0/1 mask, sorted by row then column."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return np.zeros((0, 2), np.int32)
    # One pixel more than the box, so that only the picture's border cuts the mask.
    top, left = max(y - 1, 0), max(x - 1, 0)
    window = np.ascontiguousarray(mask[top : y + height + 1, left : x + width + 1])
    boundary = boundary_image(window)
    if not cv2.countNonZero(boundary):
        return np.zeros((0, 2), np.int32)
    result: PixelIndices = cv2.findNonZero(boundary).reshape(-1, 2).astype(np.int32)
    result += np.array([left, top], np.int32)
    return result


def boundary_image(mask: AlphaImage) -> AlphaImage:
    """Return (height, width) 0/1 bytes: pixels of the mask with a 4-neighbour in the image outside of it."""
    # Erosion's default border never erodes, so the picture's border makes no boundary.
    return np.asarray(mask - cv2.erode(mask, _CROSS), dtype=np.uint8)


def _inside(points: PixelIndices, region: Region | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if region is None:
        return np.ones(len(points), np.bool_)
    result: NDArray[np.bool_] = region.bytes_for(shape)[points[:, 1], points[:, 0]] != 0
    return result
