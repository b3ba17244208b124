"""Contour scores: they hold what the single metrics say, and pool exactly."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from renderkit.arrays import MaskImage
from renderkit.metrics.alignment import align_contours
from renderkit.metrics.alignment_estimate import AlignmentEstimate, pool_alignments
from renderkit.metrics.boundary import score_boundary
from renderkit.metrics.boundary_iou import official_width, score_boundary_iou
from renderkit.metrics.contour_offset import measure_offsets
from renderkit.metrics.contour_score import ContourScore, score_contours
from renderkit.metrics.outline import measure_outlines
from renderkit.metrics.region import Region
from renderkit.metrics.surface_distance import score_surface_distance

MaskPair = tuple[MaskImage, MaskImage]


def _disc(x: float, y: float, radius: float = 40.0, size: int = 160) -> MaskImage:
    columns, rows = np.meshgrid(np.arange(size), np.arange(size))
    disc: MaskImage = np.hypot(columns - x, (rows - y) * 1.3) < radius
    return disc


def _score(shift: float) -> ContourScore:
    return score_contours(_disc(80, 80), _disc(80 + shift, 80))


def _estimate(dx: float, error: float, *, converged: bool = True) -> AlignmentEstimate:
    return AlignmentEstimate(dx, 0.0, 1.0, 0.0, (error, 1.0, 0.1, 1.0), 0.1, converged)


def test_a_shift_is_read_from_every_number() -> None:
    score = _score(3.0)
    assert score.alignment.dx_px == pytest.approx(3.0, abs=0.05)
    assert score.alignment.shift_px == pytest.approx(3.0, abs=0.05)
    low, high = score.alignment.interval95[0]
    # Two equal shapes leave no residual: the interval is as wide as rounding.
    assert low - 1e-9 < 3.0 < high + 1e-9
    # The outlines of two equal shapes 3 px apart: never farther than 3 px.
    assert 2.5 < score.distance.hd95_px <= 3.0
    assert score.boundary[1].f == 1.0
    assert score.bands[0].iou < score.bands[2].iou < 1.0


def test_pooling_is_exact_in_any_order_and_grouping() -> None:
    scores = [_score(shift) for shift in (0.0, 1.0, 2.0, 3.0)]
    pooled = []
    for order in itertools.permutations(scores):
        a, b, c, d = order
        pooled += [a.merge(b).merge(c.merge(d)), a.merge(b.merge(c).merge(d))]
    first = pooled[0]
    for other in pooled[1:]:
        assert other.alignments == first.alignments
        assert other.alignment == first.alignment
        assert other.bands == first.bands
        assert other.distance.assd_px == first.distance.assd_px
        assert other.distance.hd95_px == first.distance.hd95_px


def test_views_of_other_sizes_have_no_common_official_width() -> None:
    small = score_contours(_disc(80, 80), _disc(80, 80))
    large = score_contours(_disc(80, 80, size=400), _disc(80, 80, size=400))
    assert small.merge(large).official is None
    assert small.merge(small).official is not None


def test_precise_estimates_weigh_more_and_scatter_widens_the_interval() -> None:
    agreeing = pool_alignments([_estimate(1.0, 0.1), _estimate(1.0, 0.1)])
    assert (agreeing.dx_px, agreeing.errors[0]) == pytest.approx((1.0, 0.1 / math.sqrt(2.0)))
    weighed = pool_alignments([_estimate(1.0, 0.1), _estimate(2.0, 0.2)])
    assert weighed.dx_px == pytest.approx((1.0 / 0.01 + 2.0 / 0.04) / (1.0 / 0.01 + 1.0 / 0.04))
    scattered = pool_alignments([_estimate(0.0, 0.1), _estimate(1.0, 0.1)])
    # Birge: chi^2 = 2 * (0.5 / 0.1)^2 = 50 on one degree of freedom.
    assert scattered.errors[0] == pytest.approx(0.1 / math.sqrt(2.0) * math.sqrt(50.0))


def test_estimates_that_did_not_settle_count_only_when_none_did() -> None:
    mixed = pool_alignments([_estimate(1.0, 0.1), _estimate(9.0, 0.1, converged=False)])
    assert (mixed.dx_px, mixed.converged) == (1.0, True)
    none = pool_alignments([_estimate(8.0, 0.1, converged=False), _estimate(9.0, 0.1, converged=False)])
    assert none.dx_px == pytest.approx(8.5)
    assert not none.converged


def test_what_is_not_determined_is_nan() -> None:
    empty = np.zeros((50, 50), np.bool_)
    nothing = score_contours(empty, empty)
    assert math.isnan(nothing.alignment.dx_px)
    assert not nothing.alignment.converged
    pooled = nothing.merge(nothing)
    assert math.isnan(pooled.alignment.scale)
    assert math.isnan(pooled.distance.assd_px)


def _check(rendered: MaskImage, captured: MaskImage, region: Region | None) -> None:
    """All at once equals one by one."""
    score = score_contours(rendered, captured, region)
    assert score.boundary == tuple(score_boundary(rendered, captured, d, region) for d in (1.0, 4.0))
    widths = (2, 4, 8, official_width((rendered.shape[1], rendered.shape[0])))
    bands = tuple(score_boundary_iou(rendered, captured, d, region) for d in widths)
    assert (*score.bands, score.official) == bands
    alone = score_surface_distance(measure_outlines(rendered, captured, region))
    np.testing.assert_array_equal(score.distance.assd_px, alone.assd_px)
    np.testing.assert_array_equal(score.distance.rendered_squared, alone.rendered_squared)
    parameters = align_contours(rendered, captured, region).parameters
    np.testing.assert_array_equal(score.alignment.values[:3], parameters[:3])


def test_everything_at_once_equals_everything_by_itself(mask_case: MaskPair) -> None:
    _check(*mask_case, None)
    left = np.zeros(mask_case[0].shape, np.bool_)
    left[:, :40] = True
    _check(*mask_case, Region(left, "left"))


def test_scores_do_not_depend_on_the_empty_picture_around(mask_case: MaskPair) -> None:
    """Moving the picture's content by padding moves nothing but where the border of the picture is."""
    inner = [np.pad(mask, 1) for mask in mask_case]
    outer = [np.pad(mask, ((20, 9), (13, 30))) for mask in mask_case]
    small, large = score_contours(inner[0], inner[1]), score_contours(outer[0], outer[1])
    assert small.boundary == large.boundary
    assert small.bands == large.bands
    points = [measure_offsets(measure_outlines(masks[0], masks[1]), masks[1]).points for masks in (inner, outer)]
    assert np.array_equal(points[0] + np.array([12, 19]), points[1])
    # Pixels equally near are told apart by rounding, which differs with the place in the picture.
    np.testing.assert_allclose(small.alignment.values, large.alignment.values, atol=0.6)
    np.testing.assert_allclose(small.alignment.values[:3], large.alignment.values[:3], atol=0.01)
