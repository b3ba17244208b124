"""The compiled loops against OpenCV's sampling and NumPy's whole tables."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.diagnosis.outline_kernels import NUM_BANDS, count_lacking, cut_lines, find_falls, scale_samples

ACROSS = np.array((-1.0, 0.0, 1.0))


def falls_of(levels: np.ndarray, threshold: float, steps: np.ndarray) -> np.ndarray:
    """All falls of every line, of which the nearest is taken."""
    found = np.full(len(levels), np.nan)
    for index, line in enumerate(levels):
        for at in range(len(steps) - 1):
            if line[at] >= threshold > line[at + 1]:
                place = np.interp(-threshold, [-line[at], -line[at + 1]], [steps[at], steps[at + 1]])
                if not abs(place) >= abs(found[index]):
                    found[index] = place
    return found


def test_falls_are_those_of_pictures_that_are_sampled_as_a_whole() -> None:
    rng = np.random.default_rng(5)
    steps = np.arange(-12.3, 12.8, 0.5)
    known = 0
    for _ in range(5):
        spread = np.asarray(cv2.GaussianBlur(rng.random((60, 80)), (0, 0), 2.0))
        alpha = np.rint(255.0 * (spread - spread.min()) / np.ptp(spread)).astype(np.uint8)
        alpha.flags.writeable = False
        pixels, angle = rng.uniform(-5.0, 85.0, (40, 2)), rng.uniform(0.0, 7.0, 40)
        ways = np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
        sides = np.column_stack([-np.sin(angle), np.cos(angle)])
        starts = (pixels + ACROSS[:, None, None] * sides).astype(np.float32)
        places = starts[:, :, None] + steps[:, None].astype(np.float32) * ways[:, None]
        x, y = (np.clip(places[..., axis], 0, side - 1).reshape(-1, len(steps)) for axis, side in ((0, 80), (1, 60)))
        # In double precision and not rounded.
        whole = cv2.remap(alpha.astype(np.float64), x, y, cv2.INTER_LINEAR).reshape(3, -1, len(steps)).sum(axis=0)
        levels = 4.0 * whole
        levels[:, 1:-1] = whole[:, :-2] + 2.0 * whole[:, 1:-1] + whole[:, 2:]
        result = np.empty(40)
        find_falls(alpha, starts, ways, steps, steps.astype(np.float32), 1530.0, np.empty(len(steps), np.int32), result)
        expected = falls_of(levels, 1530.0, steps)
        # Values are rounded to whole numbers: a picture that is all but level falls at another place.
        close = np.abs(result - expected) < 0.1
        assert (close | (np.isnan(result) & np.isnan(expected))).mean() > 0.9
        known += int(close.sum())
    assert known > 100


def test_lines_are_cut_where_two_equations_say_and_the_outermost_crossing_is_kept() -> None:
    rng = np.random.default_rng(6)
    origins, angle = rng.uniform(0.0, 50.0, (30, 2)), rng.uniform(0.0, 7.0, 30)
    normals = np.column_stack([np.cos(angle), np.sin(angle)])
    points, ends = rng.uniform(0.0, 50.0, (60, 2)), rng.integers(0, 60, (90, 2), dtype=np.int32)
    points[7] = np.nan
    place, where = np.empty(30), np.zeros((30, 2))
    cut_lines(origins, normals, points, ends, 8.0, np.empty(30 + NUM_BANDS + 1, np.int64), place, where)
    assert np.isfinite(place).sum() > 5
    for index, (origin, normal) in enumerate(zip(origins, normals, strict=True)):
        found = []
        for number, (a, b) in enumerate(points[ends]):
            if np.isfinite(a + b).all() and (a != b).any():
                distance, share = np.linalg.solve(np.column_stack([normal, a - b]), a - origin)
                if abs(distance) <= 8.0 and 0.0 <= share <= 1.0:
                    found.append((distance, number, share))
        if not found:
            assert np.isnan(place[index])
            continue
        distance, number, share = max(found)
        np.testing.assert_allclose([place[index], *where[index]], [distance, number, share], atol=1e-9)


@pytest.mark.parametrize("rows", [0.0, 1e-12, 3.0])
def test_lines_in_one_row_or_far_from_every_segment_are_cut_as_others(rows: float) -> None:
    origins = np.column_stack([np.arange(5.0), np.linspace(0.0, rows, 5)])
    normals = np.tile([0.0, 1.0], (5, 1))
    points = np.array([[-1.0, 4.0], [9.0, 4.0], [-1.0, 1e3], [9.0, 1e3], [-1.0, -1e3], [9.0, -1e3]])
    place, where = np.empty(5), np.zeros((5, 2))
    ends = np.array([[2, 3], [0, 1], [4, 5]], np.int32)
    cut_lines(origins, normals, points, ends, 8.0, np.empty(5 + NUM_BANDS + 1, np.int64), place, where)
    np.testing.assert_allclose(place, 4.0 - origins[:, 1], atol=1e-12)
    np.testing.assert_array_equal(where[:, 0], 1.0)


def test_samples_of_a_tilted_line_have_its_normal_in_a_picture_that_is_stretched() -> None:
    along = np.arange(12.0)[:, None] * [3.0, 1.0]
    points, loops = np.concatenate([along, along + 50.0]), np.repeat([0, 1], 12)
    outward = np.tile([1.0, -3.0], (24, 1)) / np.sqrt(10.0)
    outward[12:] *= -1.0
    chosen, pixels, normals = np.array([0, 5, 11, 12, 23]), np.empty((5, 2)), np.empty((5, 2))
    scale_samples(points, outward, loops, chosen, (4.0, 2.0, 2), pixels, normals)
    np.testing.assert_allclose(pixels, (points[chosen] + 0.5) * [4.0, 2.0] - 0.5)
    # Across the line's direction (12, 2), to the side of the smoothed normal.
    across = np.array([2.0, -12.0]) / np.hypot(2.0, 12.0)
    np.testing.assert_allclose(normals, np.array([1.0, 1.0, 1.0, -1.0, -1.0])[:, None] * across)


def test_lacking_pixels_are_counted_inside_of_the_mask() -> None:
    rng = np.random.default_rng(7)
    inner, alpha = (rng.random((20, 30)) > 0.5).astype(np.uint8), rng.integers(0, 256, (40, 90)).astype(np.uint8)
    alpha.flags.writeable = False
    rows, columns = np.arange(20) * 2, np.arange(30) * 3
    total, lacking = count_lacking(inner, alpha, rows, columns, 100)
    assert total == inner.sum()
    assert lacking == (alpha[::2, ::3][inner > 0] < 100).sum()
