"""The compiled loops against OpenCV's sampling and NumPy's whole tables."""

from __future__ import annotations

import cv2
import numpy as np

from renderkit.diagnosis.outline_kernels import count_lacking, cut_lines, find_falls

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
    cut_lines(origins, normals, points, ends, 8.0, place, where)
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


def test_lacking_pixels_are_counted_inside_of_the_mask() -> None:
    rng = np.random.default_rng(7)
    inner, alpha = (rng.random((20, 30)) > 0.5).astype(np.uint8), rng.integers(0, 256, (40, 90)).astype(np.uint8)
    alpha.flags.writeable = False
    rows, columns = np.arange(20) * 2, np.arange(30) * 3
    total, lacking = count_lacking(inner, alpha, rows, columns, 100)
    assert total == inner.sum()
    assert lacking == (alpha[::2, ::3][inner > 0] < 100).sum()
