"""Overlap of two silhouettes: pixel counts, and the ratios that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from renderkit.arrays import MaskImage
from renderkit.metrics.mask_pair import ratio
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.region import Region
from renderkit.metrics.score_json import COUNT, TEXT, object_schema
from renderkit.metrics.score_kind import STANDARD, Metric, Ranking, ScoreKind, pool_counts
from renderkit.metrics.scored_view import Missing, ScoredView


@dataclass(frozen=True)
class MaskScore:
    """Pixel counts of a rendered mask A and a captured mask B of the same image.

    Attributes:
        rendered_px: |A|.
        captured_px: |B|.
        intersection_px: |A & B|.
        left_out_px: Pixels of the image that lie outside the evaluation region and were not looked at.
        region: Name of the evaluation region; "image" is the whole picture.
        num_empty: Scored pairs in which both masks were empty; they add nothing to the ratios.
    """

    rendered_px: int
    captured_px: int
    intersection_px: int
    left_out_px: int = 0
    region: str = "image"
    num_empty: int = 0

    @property
    def union_px(self) -> int:
        """|A | B|."""
        return self.rendered_px + self.captured_px - self.intersection_px

    @property
    def iou(self) -> float:
        """|A & B| / |A | B|; NaN when both are empty."""
        return ratio(self.intersection_px, self.union_px)

    @property
    def precision(self) -> float:
        """|A & B| / |A|, the containment of the rendering in the capture; NaN when nothing was rendered."""
        return ratio(self.intersection_px, self.rendered_px)

    @property
    def recall(self) -> float:
        """|A & B| / |B|; NaN when nothing was captured."""
        return ratio(self.intersection_px, self.captured_px)

    @property
    def dice(self) -> float:
        """2 |A & B| / (|A| + |B|); NaN when both are empty."""
        return ratio(2 * self.intersection_px, self.rendered_px + self.captured_px)

    def merge(self, other: MaskScore) -> MaskScore:
        """Pool the counts of two scores; exact, in any order.

        Raises:
            ValueError: If the regions differ.
        """
        return _pool((self, other))


def _pool(scores: Sequence[MaskScore]) -> MaskScore:
    return pool_counts(scores, "mask scores", "region")


def score_mask(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> MaskScore:
    """Count the pixels of two masks and of their intersection.

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        region: Where pixels count; None is everywhere.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.

    Example:
        >>> import numpy as np
        >>> import renderkit as rk
        >>> mask = np.zeros((20, 20), dtype=bool)
        >>> mask[5:15, 5:15] = True
        >>> round(rk.score_mask(np.roll(mask, 1, axis=1), mask).iou, 6)  # 90 / 110
        0.818182
    """
    return count_pixels(cut_window(rendered, captured, region))


def count_pixels(window: MaskWindow) -> MaskScore:
    """Count the pixels of two masks that are already cut to their window; see `score_mask`."""
    from renderkit.metrics.outline_pixels import count_overlap  # noqa: PLC0415 - loads the compiler

    rendered, captured = window.whole
    counts = count_overlap(rendered.words, captured.words, window.inside_words, window.bounds)
    rendered_px, captured_px, shared_px = counts
    num_empty = int(rendered_px + captured_px == 0)
    return MaskScore(rendered_px, captured_px, shared_px, window.left_out_px, window.region, num_empty)


def _measure(view: ScoredView) -> MaskScore | Missing:
    found = view.silhouettes
    return found if isinstance(found, Missing) else count_pixels(found.window.within(found.regions.mask))


KIND = ScoreKind(
    name="mask",
    group=STANDARD,
    measure=_measure,
    pool=_pool,
    to_json=lambda score: dict(vars(score)),
    from_json=lambda value, _: MaskScore(**value),
    json_schema=object_schema(
        "Pixel counts of rendered and captured mask",
        rendered_px=COUNT,
        captured_px=COUNT,
        intersection_px=COUNT,
        left_out_px=COUNT,
        region=TEXT,
        num_empty=COUNT,
    ),
    metrics=(
        Metric(
            name="iou",
            title="IoU",
            unit="ratio",
            better="higher",
            read=attrgetter("iou"),
            decimals=4,
            plain="mask overlap (IoU)",
            meaning="Intersection over union of the rendered and the captured mask.",
            column=True,
            ranking=Ranking(4, 0.002),
            interval=True,
        ),
        Metric(
            name="containment",
            title="contained",
            unit="ratio",
            better="higher",
            read=attrgetter("precision"),
            decimals=4,
            plain="mesh inside the matte",
            meaning="Share of the rendered mask that lies inside the captured mask.",
            column=True,
            ranking=Ranking(5, 0.002),
        ),
        Metric(
            name="mask_recall",
            title="recall",
            unit="ratio",
            better="higher",
            read=attrgetter("recall"),
            decimals=4,
            plain="matte covered by the mesh",
            meaning="Share of the captured mask that the rendered mask covers.",
        ),
        Metric(
            name="dice",
            title="Dice",
            unit="ratio",
            better="higher",
            read=attrgetter("dice"),
            decimals=4,
            plain="mask overlap (Dice)",
            meaning="Twice the common area over both areas.",
        ),
    ),
)
