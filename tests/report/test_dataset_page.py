"""index.html of many captures: the lines over the days."""

from __future__ import annotations

import pytest

from renderkit.report.html.dataset_page import Trend, trend_of
from renderkit.results.kinds import METRICS


def heights(trend: Trend) -> list[float]:
    return [float(point.split(",")[1]) for point in trend.points.split()]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.5, 0.7, 0.9), [140.0, 70.0, 0.0]),
        ((0.9999, 0.9999, 0.9998), [69.9, 69.9, 70.1]),
        ((0.0, 0.0), [70.0, 70.0]),
    ],
)
def test_a_change_fills_the_height_and_noise_does_not(values: tuple[float, ...], expected: list[float]) -> None:
    trend = trend_of(METRICS["iou"], values)
    assert trend is not None
    assert heights(trend) == pytest.approx(expected, abs=0.051)


def test_one_day_is_no_trend() -> None:
    assert trend_of(METRICS["iou"], [0.5, float("nan")]) is None
