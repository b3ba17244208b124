"""The sequential test against its closed form, and the census of simulated captures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.diagnosis.census import CaptureCensus, SequentialTest
from renderkit.results.kinds import RANKING_METRICS


@pytest.mark.parametrize("error", [0.2, 0.01, 0.001])
def test_decisions_fall_where_walds_bounds_do(error: float) -> None:
    test = SequentialTest(miss=error, false_alarm=error)
    # Counted by multiplying probabilities, without logarithms.
    for num_off in range(6):
        for num_fine in range(20):
            under_off = test.off_share**num_off * (1 - test.off_share) ** num_fine
            under_healthy = test.healthy_share**num_off * (1 - test.healthy_share) ** num_fine
            ratio = under_off / under_healthy
            bound = (1 - error) / error
            expected = "off" if ratio >= bound else "healthy" if ratio <= 1 / bound else None
            if not math.isclose(ratio, bound) and not math.isclose(ratio, 1 / bound):
                assert test.decide(num_off, num_off + num_fine) == expected


def test_the_stated_errors_hold() -> None:
    test, lot, runs = SequentialTest(miss=0.05, false_alarm=0.05), np.random.default_rng(0), 2000
    for share, wrong in ((test.healthy_share, "off"), (test.off_share, "healthy")):
        errors = 0
        for _ in range(runs):
            num_off = num_views = 0
            while (decision := test.decide(num_off, num_views)) is None:
                num_off += lot.random() < share
                num_views += 1
            errors += decision == wrong
        assert errors <= runs * 0.05 / (1 - 0.05) + 3 * math.sqrt(runs * 0.05)


def test_views_without_a_number_decide_nothing() -> None:
    census = CaptureCensus(5, SequentialTest())
    for _ in range(50):
        census.add(census.undecided, np.full((len(RANKING_METRICS), len(census.undecided)), np.nan))
    assert census.decisions == ("cannot tell",) * 5


def test_the_camera_that_is_worse_is_off_and_the_others_are_healthy() -> None:
    census, lot = CaptureCensus(12, SequentialTest()), np.random.default_rng(1)
    for _ in range(40):
        wanted = np.array(census.undecided, np.int64)
        if not len(wanted):
            break
        values = 0.5 + np.abs(lot.normal(0, 0.02, (len(RANKING_METRICS), len(wanted))))
        signs = np.array([[1.0 if metric.better == "lower" else -1.0] for metric in RANKING_METRICS])
        census.add(wanted.tolist(), values + (wanted == 7) * 3.0 * signs)
    assert census.decisions == tuple("off" if index == 7 else "healthy" for index in range(12))
    assert census.num_views.max() <= 12


def test_three_cameras_say_nothing_of_each_other() -> None:
    assert CaptureCensus(3, SequentialTest()).decisions == ("cannot tell",) * 3


@pytest.mark.parametrize("bad", [{"miss": 0.0}, {"false_alarm": 0.5}, {"healthy_share": 0.7}])
def test_impossible_demands_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        SequentialTest(**bad)  # type: ignore[arg-type]
