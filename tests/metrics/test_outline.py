"""Boundary F, boundary IoU and surface distances against SciPy's erosion and distance transform of whole images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from renderkit.arrays import BoolArray, FloatArray, MaskImage
from renderkit.metrics.boundary import score_boundary
from renderkit.metrics.boundary_iou import official_width, score_boundary_iou
from renderkit.metrics.outline import measure_outlines
from renderkit.metrics.region import Region
from renderkit.metrics.surface_distance import score_surface_distance

MaskPair = tuple[MaskImage, MaskImage]


def _edge(mask: MaskImage) -> BoolArray:
    eroded: BoolArray = ndimage.binary_erosion(mask, ndimage.generate_binary_structure(2, 1), border_value=1)
    return mask & ~eroded


def _distances(mask: MaskImage, other: MaskImage) -> FloatArray:
    """Distance of each boundary pixel of `mask` to the boundary of `other`, by row."""
    edge, target = _edge(mask), _edge(other)
    if not target.any():
        return np.zeros(0)
    distances: FloatArray = ndimage.distance_transform_edt(~target)[edge]
    return distances


@pytest.mark.parametrize("tolerance", [0.0, 1.0, math.sqrt(2), 2.0, 4.0])
def test_boundary_counts_equal_scipy(mask_case: MaskPair, tolerance: float) -> None:
    rendered, captured = mask_case
    score = score_boundary(rendered, captured, tolerance)
    assert score.rendered_px == np.count_nonzero(_edge(rendered))
    assert score.captured_px == np.count_nonzero(_edge(captured))
    assert score.rendered_matched_px == np.count_nonzero(_distances(rendered, captured) <= tolerance + 1e-9)
    assert score.captured_matched_px == np.count_nonzero(_distances(captured, rendered) <= tolerance + 1e-9)


def test_distances_equal_scipy(mask_case: MaskPair) -> None:
    rendered, captured = mask_case
    score = score_surface_distance(measure_outlines(rendered, captured))
    forward, backward = _distances(rendered, captured), _distances(captured, rendered)
    num_points = np.count_nonzero(_edge(rendered)) + np.count_nonzero(_edge(captured))
    assert score.num_unmatched == num_points - len(forward) - len(backward)
    assert score.num_empty == int(num_points == 0)
    if not len(forward):
        assert math.isnan(score.assd_px)
        assert math.isnan(score.hd95_px)
        return
    assert score.assd_px == pytest.approx(np.concatenate([forward, backward]).mean(), abs=1e-12)
    expected = max(np.percentile(forward, 95), np.percentile(backward, 95))
    assert score.hd95_px == pytest.approx(expected, abs=1e-12)
    assert score.max_px == pytest.approx(np.concatenate([forward, backward]).max(), abs=1e-12)


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16, 17, 20, 64])
def test_boundary_iou_equals_repeated_erosion(mask_case: MaskPair, width: int) -> None:
    bands = [
        mask & ~ndimage.binary_erosion(mask, np.ones((3, 3), np.bool_), iterations=width, border_value=1)
        for mask in mask_case
    ]
    score = score_boundary_iou(*mask_case, width)
    assert (score.rendered_px, score.captured_px) == tuple(int(np.count_nonzero(band)) for band in bands)
    assert score.intersection_px == np.count_nonzero(bands[0] & bands[1])
    union = np.count_nonzero(bands[0] | bands[1])
    assert score.iou == score.intersection_px / union if union else math.isnan(score.iou)
    assert score.num_empty == int(not bands[0].any() and not bands[1].any())


def test_shifted_half_planes_are_their_shift_apart() -> None:
    rendered, captured = np.zeros((2, 50, 80), np.bool_)
    rendered[:, :30], captured[:, :37] = True, True
    score = score_surface_distance(measure_outlines(rendered, captured))
    assert (score.assd_px, score.hd95_px, score.num_distances) == (7.0, 7.0, 100)
    assert score_boundary(rendered, captured, 6.9).f == 0.0
    assert score_boundary(rendered, captured, 7.0).f == 1.0
    assert score_boundary_iou(rendered, captured, 10).iou == 3 / 17


def test_concentric_squares() -> None:
    rendered, captured = np.zeros((2, 60, 60), np.bool_)
    rendered[20:40, 20:40], captured[17:43, 17:43] = True, True
    score = score_surface_distance(measure_outlines(rendered, captured))
    # 76 inner pixels are 3 px from the outer square; of the outer 100, all but five at each corner are 3 px away.
    assert score.num_distances == 176
    diagonal = 4 * (2 * math.hypot(3, 1) + 2 * math.hypot(3, 2) + math.hypot(3, 3))
    assert score.assd_px == pytest.approx((76 * 3 + 80 * 3 + diagonal) / 176, abs=1e-12)
    assert score.max_px == pytest.approx(math.hypot(3, 3))


@pytest.mark.parametrize("columns", [(64, 128), (63, 127), (65, 129), (64, 256), (0, 64), (192, 256)])
def test_masks_that_end_at_words_of_64_pixels(columns: tuple[int, int]) -> None:
    rendered, captured = np.zeros((2, 40, 256), np.bool_)
    rendered[5:30, columns[0] : columns[1]] = True
    captured[7:35, columns[0] : columns[1]] = True
    score = score_boundary(rendered, captured, 1.0)
    assert score.rendered_px == np.count_nonzero(_edge(rendered))
    assert score.captured_px == np.count_nonzero(_edge(captured))
    assert score.rendered_matched_px == np.count_nonzero(_distances(rendered, captured) <= 1.0)
    box = np.ones((3, 3), np.bool_)
    band = rendered & ~ndimage.binary_erosion(rendered, box, iterations=4, border_value=1)
    assert score_boundary_iou(rendered, captured, 4).rendered_px == np.count_nonzero(band)


def test_the_border_of_the_picture_is_no_boundary() -> None:
    full = np.ones((20, 30), np.bool_)
    score = score_boundary(full, full)
    assert (score.rendered_px, score.num_empty) == (0, 1)
    assert math.isnan(score.f)
    assert math.isnan(score.precision)
    assert score_boundary_iou(full, full, 4).num_empty == 1


def test_an_absent_outline_scores_zero_and_its_points_are_counted() -> None:
    mask = np.zeros((20, 30), np.bool_)
    mask[5:10, 5:10] = True
    score = score_boundary(mask, np.zeros_like(mask))
    assert (score.f, score.precision, score.num_empty) == (0.0, 0.0, 0)
    assert math.isnan(score.recall)
    assert score_surface_distance(measure_outlines(mask, np.zeros_like(mask))).num_unmatched == 16


def test_region_leaves_boundary_pixels_out_but_keeps_them_as_counterparts() -> None:
    rendered, captured, left = np.zeros((3, 40, 40), np.bool_)
    rendered[10:30, 10:30], captured[10:30, 12:30], left[:, :11] = True, True, True
    region = Region(left, "left")
    score = score_boundary(rendered, captured, 2.0, region)
    assert (score.rendered_px, score.rendered_matched_px, score.captured_px) == (20, 20, 0)
    assert (score.left_out_px, score.region) == (56 + 72, "left")
    assert score_boundary_iou(rendered, captured, 2, region).rendered_px == 20


def test_merges_equal_the_whole_to_the_last_bit(mask_case: MaskPair) -> None:
    other = (mask_case[1], np.roll(mask_case[0], 3, axis=1))
    scores = [score_surface_distance(measure_outlines(*pair)) for pair in (mask_case, other, mask_case[::-1])]
    left = scores[0].merge(scores[1]).merge(scores[2])
    right = scores[2].merge(scores[0].merge(scores[1]))
    assert np.array_equal([left.assd_px, left.hd95_px], [right.assd_px, right.hd95_px], equal_nan=True)
    assert left.num_distances == sum(score.num_distances for score in scores)
    pooled = score_boundary(*mask_case).merge(score_boundary(*other))
    assert pooled.rendered_px == score_boundary(*mask_case).rendered_px + score_boundary(*other).rendered_px


def test_scores_of_different_settings_do_not_merge() -> None:
    mask = np.zeros((9, 9), np.bool_)
    with pytest.raises(ValueError, match=r"tolerance_px: 1\.0 and 2\.0"):
        score_boundary(mask, mask, 1.0).merge(score_boundary(mask, mask, 2.0))
    with pytest.raises(ValueError, match="width_px: 1 and 2"):
        score_boundary_iou(mask, mask, 1).merge(score_boundary_iou(mask, mask, 2))
    inside = Region(mask, "inside")
    with pytest.raises(ValueError, match="'image' and 'inside'"):
        score_surface_distance(measure_outlines(mask, mask)).merge(
            score_surface_distance(measure_outlines(mask, mask, inside))
        )


def test_settings_are_checked() -> None:
    mask = np.zeros((9, 9), np.bool_)
    with pytest.raises(ValueError, match="tolerance_px"):
        score_boundary(mask, mask, float("nan"))
    with pytest.raises(ValueError, match="width_px"):
        score_boundary_iou(mask, mask, 0)
    assert official_width((2448, 2048)) == 64
    assert official_width((3, 3)) == 1


def test_iou_cannot_gate(shifted_head: MaskPair) -> None:
    rendered, captured = shifted_head
    overlap = int(np.count_nonzero(rendered & captured)) / int(np.count_nonzero(rendered | captured))
    assert overlap == pytest.approx(0.955, abs=0.001)
    published_tolerance = math.ceil(0.008 * math.hypot(2448, 2048))
    assert score_boundary(rendered, captured, published_tolerance).f == 1.0
    assert score_boundary(rendered, captured, 2.0).f < 0.1
    assert score_surface_distance(measure_outlines(rendered, captured)).hd95_px == 20.0
