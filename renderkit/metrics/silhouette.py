"""Every mask metric of one view at once, on shared outlines and the smallest window that holds both masks."""

from __future__ import annotations

from dataclasses import dataclass

from renderkit.arrays import MaskImage
from renderkit.metrics.alignment import ContourAlignment, align_in
from renderkit.metrics.boundary import BoundaryScore, count_matches
from renderkit.metrics.boundary_iou import BoundaryIouScore, count_bands, official_width
from renderkit.metrics.contour_offset import ContourOffsets, measure_offsets
from renderkit.metrics.mask import MaskScore, count_pixels
from renderkit.metrics.mask_window import cut_window
from renderkit.metrics.outline import outlines_in
from renderkit.metrics.region import Region
from renderkit.metrics.surface_distance import SurfaceDistanceScore, score_surface_distance

BOUNDARY_TOLERANCES_PX = (1.0, 2.0, 4.0)
BOUNDARY_WIDTHS_PX = (2, 4, 8)


@dataclass(frozen=True, eq=False)
class SilhouetteScore:
    """All scores of a rendered mask A against a captured mask B.

    Attributes:
        mask: Pixel counts.
        boundary: Boundary F at 1, 2 and 4 px.
        boundary_iou: Boundary IoU at 2, 4, 8 px and at the published 2 % of the diagonal.
        distance: ASSD and Hausdorff distances.
        offsets: Signed offset around A's outline.
        alignment: The similarity that would bring A's outline onto B's.
    """

    mask: MaskScore
    boundary: tuple[BoundaryScore, ...]
    boundary_iou: tuple[BoundaryIouScore, ...]
    distance: SurfaceDistanceScore
    offsets: ContourOffsets
    alignment: ContourAlignment


def score_silhouette(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> SilhouetteScore:
    """Score a rendered mask against a captured one with every mask metric.

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        region: Where to score; None is the whole picture.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    window = cut_window(rendered, captured, region)
    outlines = outlines_in(window)
    widths = (*BOUNDARY_WIDTHS_PX, official_width(window.size))
    return SilhouetteScore(
        count_pixels(window),
        tuple(count_matches(outlines, tolerance) for tolerance in BOUNDARY_TOLERANCES_PX),
        tuple(count_bands(window, width) for width in widths),
        score_surface_distance(outlines),
        measure_offsets(outlines, captured),
        align_in(window),
    )
