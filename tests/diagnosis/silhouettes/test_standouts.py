"""The amount that stands out, against SciPy's least squares with the full covariance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from renderkit.diagnosis.silhouettes.standouts import FALSE_ALARM_RATE, stand_out


@pytest.mark.parametrize(("size", "tested"), [(2, slice(None)), (3, slice(2, 3))])
def test_each_amount_is_that_of_generalised_least_squares_with_the_gauge_free(size: int, tested: slice) -> None:
    rng = np.random.default_rng(4)
    count = 7
    answers, gauge = rng.normal(size=(60, count * size)), rng.normal(size=(count * size, 4))
    values = rng.normal(size=(count, size))
    values[3] += 4.0
    found = stand_out(values, answers, gauge, tested)
    root = linalg.cholesky(answers.T @ answers, lower=True)
    white, free = (linalg.solve_triangular(root, one, lower=True) for one in (values.ravel(), gauge))
    before = np.sum((white - free @ linalg.lstsq(free, white)[0]) ** 2)
    scales = []
    for camera in range(count):
        chosen = np.arange(count * size)[camera * size : (camera + 1) * size][tested]
        columns = np.hstack([free, linalg.solve_triangular(root, np.eye(count * size)[:, chosen], lower=True)])
        solution = linalg.lstsq(columns, white)[0]
        after = np.sum((white - columns @ solution) ** 2)
        assert found.amounts[camera] == pytest.approx(solution[4:], abs=1e-9)
        errors = np.sqrt(np.diag(linalg.inv(columns.T @ columns)))[4:]
        scales += [*(found.errors[camera] / errors), np.sqrt(before - after) / found.ratios[camera]]
        assert found.ratio_of(camera, found.amounts[camera]) == pytest.approx(found.ratios[camera])
    assert np.ptp(scales) < 1e-9 * np.mean(scales)
    assert int(np.argmax(found.ratios)) == 3


def test_sound_rigs_stay_below_the_threshold_and_two_faults_do_not_hide_each_other() -> None:
    rng = np.random.default_rng(8)
    answers, gauge = rng.normal(size=(200, 40)) @ (np.eye(40) + 0.05 * rng.normal(size=(40, 40))), np.ones((40, 1))
    noise = rng.normal(size=(60, 200)) @ answers
    sound = [stand_out(one.reshape(20, 2), answers, gauge) for one in noise[:60]]
    beyond = sum(bool(np.nanmax(one.ratios) > one.threshold) for one in sound)
    assert beyond <= 2  # at a rate of 0.5 % three or more of sixty are one case in 300
    assert FALSE_ALARM_RATE == 0.005
    assert np.median([np.median(one.ratios) for one in sound]) == pytest.approx(np.sqrt(2.0 * np.log(2.0)), rel=0.15)
    error = float(np.median(sound[0].errors))
    for one in noise[:5]:
        faults = np.zeros((20, 2))
        faults[[4, 11]] = (9.0 * error, 0.0), (0.0, 9.0 * error)
        found = stand_out(one.reshape(20, 2) + faults, answers, gauge)
        assert set(np.argsort(found.ratios)[-2:]) == {4, 11}
        assert np.sort(found.ratios)[-2] > found.threshold


def test_a_camera_without_any_evidence_is_not_known() -> None:
    rng = np.random.default_rng(2)
    answers = rng.normal(size=(90, 24))
    answers[:, 6:8] = 0.0
    found = stand_out(rng.normal(size=(12, 2)), answers, np.zeros((24, 1)) + np.eye(24)[:, :1])
    assert np.isnan(found.ratios[3])
    assert np.isnan(found.amounts[3]).all()
    assert np.isfinite(np.delete(found.ratios, [0, 3])).all()
