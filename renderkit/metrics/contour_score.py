"""What two outlines say beyond IoU, as one score that pools: bands, distances, and the similarity between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from renderkit.arrays import MaskImage
from renderkit.metrics.alignment_estimate import (
    ALIGNMENT_SCHEMA,
    AlignmentEstimate,
    alignment_from_json,
    alignment_json,
    alignment_sort_key,
    pool_alignments,
)
from renderkit.metrics.boundary import BOUNDARY_SCHEMA, BoundaryScore, count_matches
from renderkit.metrics.boundary_iou import BoundaryIouScore, count_bands, official_width
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.outline import OutlineDistances, outlines_in
from renderkit.metrics.region import Region
from renderkit.metrics.score_json import (
    COUNT,
    INTEGERS,
    TEXT,
    array_schema,
    object_schema,
)
from renderkit.metrics.score_kind import JsonObject, Metric, ScoreKind, merge_all, pixel_error
from renderkit.metrics.scored_view import Missing, ScoredView
from renderkit.metrics.surface_distance import SurfaceDistanceScore, score_surface_distance

TOLERANCES_PX: Final = (1.0, 4.0)
"""Tolerances of the boundary F measures beside the standard one."""
WIDTHS_PX: Final = (2, 4, 8)
"""Widths of the bands of Boundary IoU."""


@dataclass(frozen=True, eq=False)
class ContourScore:
    """Two outlines compared, of one view or pooled over several.

    Attributes:
        boundary: Boundary F at 1 and at 4 px.
        bands: Boundary IoU at 2, 4 and 8 px.
        official: Boundary IoU at the published width; None when views of different sizes were pooled.
        distance: ASSD and Hausdorff distances.
        alignments: One estimate per view, sorted.
    """

    boundary: tuple[BoundaryScore, BoundaryScore]
    bands: tuple[BoundaryIouScore, BoundaryIouScore, BoundaryIouScore]
    official: BoundaryIouScore | None
    distance: SurfaceDistanceScore
    alignments: tuple[AlignmentEstimate, ...]

    @classmethod
    def of(cls, window: MaskWindow, outlines: OutlineDistances) -> ContourScore:
        """Compare the outlines of one view.

        Args:
            window: Both masks, with the region to compare in.
            outlines: Their outlines in that region.
        """
        from renderkit.metrics.alignment import align_in  # noqa: PLC0415 - measured on request

        (first, last), (two, four, eight) = TOLERANCES_PX, WIDTHS_PX
        return cls(
            (count_matches(outlines, first), count_matches(outlines, last)),
            (count_bands(window, two), count_bands(window, four), count_bands(window, eight)),
            count_bands(window, official_width(window.size)),
            score_surface_distance(outlines),
            (AlignmentEstimate.of(align_in(window)),),
        )

    @property
    def alignment(self) -> AlignmentEstimate:
        """The estimate over all views."""
        return pool_alignments(self.alignments)

    def merge(self, other: ContourScore) -> ContourScore:
        """Pool two scores of the same region; exact, in any order.

        Raises:
            ValueError: If the regions differ.
        """
        same = (
            self.official is not None
            and other.official is not None
            and self.official.width_px == other.official.width_px
        )
        (a1, a2), (b1, b2) = self.boundary, other.boundary
        (c1, c2, c3), (d1, d2, d3) = self.bands, other.bands
        return ContourScore(
            (a1.merge(b1), a2.merge(b2)),
            (c1.merge(d1), c2.merge(d2), c3.merge(d3)),
            self.official.merge(other.official) if same and self.official and other.official else None,
            self.distance.merge(other.distance),
            tuple(sorted(self.alignments + other.alignments, key=alignment_sort_key)),
        )


def score_contours(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> ContourScore:
    """Compare the outlines of two masks in detail.

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        region: Where to compare; None is the whole picture.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    window = cut_window(rendered, captured, region)
    return ContourScore.of(window, outlines_in(window))


def _measure(view: ScoredView) -> ContourScore | Missing:
    found = view.silhouettes
    return found if isinstance(found, Missing) else ContourScore.of(found.contour_window, found.outlines)


def _to_json(score: ContourScore) -> JsonObject:
    return {
        "boundary": [vars(part) for part in score.boundary],
        "bands": [vars(part) for part in score.bands],
        "official": None if score.official is None else vars(score.official),
        "distance": {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(score.distance).items()
        },
        "alignments": [alignment_json(one) for one in score.alignments],
    }


def _from_json(value: JsonObject, _: Mapping[str, Any]) -> ContourScore:
    first, last = (BoundaryScore(**part) for part in value["boundary"])
    two, four, eight = (BoundaryIouScore(**part) for part in value["bands"])
    official = None if value["official"] is None else BoundaryIouScore(**value["official"])
    distance: dict[str, Any] = {
        name: np.array(part, np.int64) if isinstance(part, list) else part for name, part in value["distance"].items()
    }
    alignments = tuple(alignment_from_json(one) for one in value["alignments"])
    return ContourScore((first, last), (two, four, eight), official, SurfaceDistanceScore(**distance), alignments)


_BAND: Final = object_schema(
    width_px={"type": "integer", "minimum": 1},
    rendered_px=COUNT,
    captured_px=COUNT,
    intersection_px=COUNT,
    num_empty=COUNT,
    region=TEXT,
)
_SCHEMA: Final = object_schema(
    "The two contours in detail",
    boundary=array_schema(BOUNDARY_SCHEMA, 2),
    bands=array_schema(_BAND, 3),
    official={"anyOf": [_BAND, {"type": "null"}]},
    distance=object_schema(
        "Counts of squared distances from one contour to the other, px^2",
        rendered_squared=INTEGERS,
        rendered_counts=INTEGERS,
        captured_squared=INTEGERS,
        captured_counts=INTEGERS,
        num_unmatched=COUNT,
        num_empty=COUNT,
        left_out_px=COUNT,
        region=TEXT,
    ),
    alignments=array_schema(ALIGNMENT_SCHEMA),
)


def _ratio(
    title: str, plain: str, read: Callable[[ContourScore], float], meaning: str, *, name: str, column: bool
) -> Metric:
    return Metric(name, title, "ratio", "higher", read, 4, meaning, plain=plain, column=column)


def _boundary_f(name: str, index: int) -> Metric:
    tolerance = f"{TOLERANCES_PX[index]:g} px"
    words = f"Boundary F measure of the two contours at a tolerance of {tolerance}."
    return _ratio(
        f"F {tolerance.replace(' ', '')}", f"outline agreement within {tolerance}",
        lambda score: score.boundary[index].f, words, name=name, column=False,
    )  # fmt: skip


def _band_iou(name: str, index: int, *, column: bool) -> Metric:
    width = WIDTHS_PX[index]
    words = f"IoU of the bands of {width} px just inside the two contours."
    return _ratio(
        f"bIoU {width}px", f"overlap of {width} px outline bands",
        lambda score: score.bands[index].iou, words, name=name, column=column,
    )  # fmt: skip


KIND = ScoreKind(
    name="contour",
    group="contour",
    measure=_measure,
    pool=merge_all,
    to_json=_to_json,
    from_json=_from_json,
    json_schema=_SCHEMA,
    metrics=(
        _boundary_f("boundary_f_1px", 0),
        _boundary_f("boundary_f_4px", 1),
        _band_iou("boundary_iou_2px", 0, column=True),
        _band_iou("boundary_iou_4px", 1, column=True),
        _band_iou("boundary_iou_8px", 2, column=False),
        _ratio(
            "bIoU",
            "outline band overlap",
            lambda score: math.nan if score.official is None else score.official.iou,
            "Boundary IoU at the published width, 2 % of the picture's diagonal.",
            name="boundary_iou",
            column=True,
        ),
        pixel_error(
            name="assd_px",
            title="ASSD px",
            read=lambda score: score.distance.assd_px,
            decimals=2,
            plain="outline distance, mean",
            meaning="Average symmetric distance between the two contours.",
            column=True,
        ),
        pixel_error(
            name="hd95_px",
            title="HD95 px",
            read=lambda score: score.distance.hd95_px,
            decimals=2,
            plain="outline distance, 95 %",
            meaning="95th percentile of the distance between the two contours, the worse direction.",
            column=True,
        ),
        Metric(
            name="align_dx_px",
            title="dx px",
            unit="px",
            better="neither",
            read=lambda score: score.alignment.dx_px,
            decimals=2,
            plain="outline shift right",
            meaning="How far the rendered contour would have to move right to lie on the captured one.",
            column=True,
        ),
        Metric(
            name="align_dy_px",
            title="dy px",
            unit="px",
            better="neither",
            read=lambda score: score.alignment.dy_px,
            decimals=2,
            plain="outline shift down",
            meaning="How far the rendered contour would have to move down to lie on the captured one.",
            column=True,
        ),
        pixel_error(
            name="align_shift_px",
            title="shift px",
            read=lambda score: score.alignment.shift_px,
            decimals=2,
            plain="outline shift",
            meaning="Length of the shift that would bring the rendered contour onto the captured one.",
        ),
        Metric(
            name="align_scale",
            title="scale",
            unit="factor",
            better="neither",
            read=lambda score: score.alignment.scale,
            decimals=4,
            plain="outline size factor",
            meaning="By which factor the rendered contour would have to grow.",
            column=True,
        ),
        Metric(
            name="align_scale_error",
            title="|scale-1|",
            unit="ratio",
            better="lower",
            read=lambda score: abs(score.alignment.scale - 1.0),
            decimals=4,
            plain="outline size error",
            meaning="How far that factor is from 1.",
        ),
        Metric(
            name="align_roll_deg",
            title="roll deg",
            unit="deg",
            better="neither",
            read=lambda score: score.alignment.roll_deg,
            decimals=3,
            plain="outline roll",
            meaning="How far the rendered contour would have to turn, clockwise.",
            column=True,
        ),
        Metric(
            name="align_roll_error_deg",
            title="|roll|",
            unit="deg",
            better="lower",
            read=lambda score: abs(score.alignment.roll_deg),
            decimals=3,
            plain="outline roll error",
            meaning="How far the rendered contour would have to turn, either way.",
        ),
    ),
)
