from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.arrays import MaskImage
from renderkit.metrics.mask import MaskScore, score_mask
from renderkit.metrics.region import Region


def test_counts_equal_set_arithmetic(mask_case: tuple[MaskImage, MaskImage]) -> None:
    first, second = (set(np.flatnonzero(mask)) for mask in mask_case)
    score = score_mask(*mask_case)
    assert (score.rendered_px, score.captured_px) == (len(first), len(second))
    assert (score.intersection_px, score.union_px) == (len(first & second), len(first | second))
    assert score.num_empty == int(not first and not second)
    assert score.left_out_px == 0


def test_ratios_of_a_known_overlap() -> None:
    score = MaskScore(rendered_px=8, captured_px=4, intersection_px=2)
    assert (score.iou, score.precision, score.recall) == (0.2, 0.25, 0.5)
    assert score.dice == pytest.approx(1 / 3)


def test_empty_against_empty_is_nan_and_counted() -> None:
    nothing = np.zeros((4, 5), np.bool_)
    score = score_mask(nothing, nothing)
    assert all(math.isnan(value) for value in (score.iou, score.precision, score.recall, score.dice))
    assert score.num_empty == 1


def test_one_empty_mask_scores_zero_where_it_can_be_divided() -> None:
    nothing, all_of_it = np.zeros((4, 5), np.bool_), np.ones((4, 5), np.bool_)
    score = score_mask(nothing, all_of_it)
    assert (score.iou, score.recall, score.dice, score.num_empty) == (0.0, 0.0, 0.0, 0)
    assert math.isnan(score.precision)


def test_merge_of_halves_is_the_whole() -> None:
    generator = np.random.default_rng(0)
    rendered, captured = generator.random((2, 40, 30)) < 0.5
    halves = score_mask(rendered[:20], captured[:20]).merge(score_mask(rendered[20:], captured[20:]))
    assert halves == score_mask(rendered, captured)


def test_region_limits_the_counts_and_is_named() -> None:
    rendered, captured = np.ones((6, 8), np.bool_), np.ones((6, 8), np.bool_)
    captured[:, 4:] = False
    left = np.zeros((6, 8), np.bool_)
    left[1:5, 2:4] = True
    score = score_mask(rendered, captured, Region(left, "left"))
    assert (score.rendered_px, score.iou, score.left_out_px, score.region) == (8, 1.0, 40, "left")
    with pytest.raises(ValueError, match="'left' and 'image'"):
        score.merge(score_mask(rendered, captured))


def test_rotated_and_strided_masks_are_taken() -> None:
    mask = np.zeros((10, 12), np.bool_)
    mask[2:5, 3:9] = True
    assert score_mask(mask.T, mask.T).intersection_px == 18
    assert score_mask(mask[::-1], mask[::-1]).intersection_px == 18


def test_wrong_arguments_are_named() -> None:
    mask = np.zeros((3, 4), np.bool_)
    with pytest.raises(ValueError, match=r"rendered \(3, 4\), captured \(4, 3\)"):
        score_mask(mask, mask.T)
    with pytest.raises(ValueError, match=r"captured: expected a .* bool mask, got uint8 .*alpha > 127"):
        score_mask(mask, mask.astype(np.uint8))
    with pytest.raises(ValueError, match=r"captured: expected a .* bool mask, got str"):
        score_mask(mask, "matte.png")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"region 'image' of shape \(2, 2\)"):
        score_mask(mask, mask, Region(np.zeros((2, 2), np.bool_), "image"))
