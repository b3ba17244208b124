from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from renderkit.metrics.nearest import PixelRows


def _rows(points: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> PixelRows:
    order = np.lexsort((points[:, 0], points[:, 1]))
    return PixelRows.from_sorted(points[order])


@pytest.mark.parametrize("seed", range(5))
def test_nearest_equals_a_tree(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points = np.unique(generator.integers(0, 60, (80, 2)), axis=0).astype(np.int32)
    queries = np.concatenate([generator.uniform(-40, 100, (300, 2)), points + 0.0, generator.integers(-9, 70, (90, 2))])
    rows = _rows(points)
    squared, index = rows.nearest(queries)
    distance, _ = cKDTree(points).query(queries)
    np.testing.assert_allclose(np.sqrt(squared), distance, atol=1e-9)
    np.testing.assert_allclose(((rows.points[index] - queries) ** 2).sum(axis=1), squared, atol=1e-9)


def test_the_plain_loop_finds_what_the_compiled_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    from renderkit.metrics import nearest

    points = np.array([[3, 2], [9, 2], [5, 7]], np.int32)
    queries = np.array([[4.2, 3.0], [-5.0, 30.0], [8.0, -2.0]])
    compiled = PixelRows.from_sorted(points).nearest(queries)
    monkeypatch.setattr(nearest, "_search_rows", vars(nearest)["_search_rows"].py_func)
    plain = PixelRows.from_sorted(points).nearest(queries)
    assert np.array_equal(compiled[0], plain[0])
    assert compiled[1].tolist() == plain[1].tolist() == [0, 2, 1]


def test_no_pixels_are_infinitely_far() -> None:
    squared, index = PixelRows.from_sorted(np.zeros((0, 2), np.int32)).nearest(np.zeros((3, 2)))
    assert np.isinf(squared).all()
    assert (index == -1).all()
