"""The rule by which cameras are named, against SciPy's distributions and a plain sum over the posterior."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from renderkit.diagnosis.joint.chi_square import log_tails
from renderkit.diagnosis.joint.naming import Scatter, errors_to_name, log_limit, log_p_of
from renderkit.diagnosis.joint.parameters import NAMING, NUM_LOCAL


@pytest.mark.parametrize("degrees", [1, 2, 3, 11])
def test_tails_are_those_of_chi_square(degrees: int) -> None:
    values = np.concatenate([np.geomspace(1e-6, 900.0, 500), [0.0]])
    assert log_tails(values, degrees) == pytest.approx(scipy.stats.chi2.logsf(values, degrees), abs=1e-4)


def exact(num: int = 1, inflations: tuple[float, ...] = (1.0,)) -> Scatter:
    """Cameras that are exactly right."""
    return Scatter(np.full((num, NUM_LOCAL), 1e-9), np.array(inflations), np.full(num, 1.0 / num))


def test_one_parameter_follows_the_normal_distribution() -> None:
    """With information about one parameter alone, every slip that has it is the same test but for its freedom."""
    information = np.zeros((NUM_LOCAL, NUM_LOCAL))
    information[2, 2] = 4.0
    scores = np.zeros((4000, NUM_LOCAL))
    scores[:, 2] = 2.0 * np.random.default_rng(0).normal(size=4000)
    limit = log_limit(0.01, 10)
    assert limit == pytest.approx(math.log(0.01 / (10 * len(NAMING))))
    sizes = exact().rule(information, limit).along(scores, information[:, 2]).smallest_sizes(limit)
    half, nearly = np.quantile(sizes, (0.5, 0.99))
    threshold = scipy.stats.norm.isf(0.5 * math.exp(limit))
    assert half == pytest.approx(threshold / 2.0, rel=0.02)
    assert nearly == pytest.approx((threshold + scipy.stats.norm.ppf(0.99)) / 2.0, rel=0.03)


@pytest.mark.parametrize("alpha", [0.5, 0.01, 1e-6, 1e-17, 1e-300])
def test_the_limit_of_one_number_is_that_of_the_normal_distribution(alpha: float) -> None:
    tail = alpha / (12 * len(NAMING)) / 2.0
    assert errors_to_name(alpha, 12) == pytest.approx(scipy.stats.norm.isf(tail), rel=1e-9)


def test_the_smallest_size_is_where_the_rule_names_the_camera() -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(NUM_LOCAL, NUM_LOCAL))
    information, limit = root @ root.T, log_limit(0.01, 20)
    scatter = Scatter(rng.uniform(0.01, 0.2, (3, NUM_LOCAL)), np.array([0.8, 1.0, 1.5]), np.array([0.2, 0.5, 0.3]))
    rule, scores, step = scatter.rule(information, limit), rng.normal(size=(5, NUM_LOCAL)) @ root.T, information[:, 7]
    sizes = rule.along(scores, step).smallest_sizes(limit)
    named = rule.log_p(scores + sizes[:, None] * step)
    assert named == pytest.approx(np.full(5, limit), abs=0.05)
    every = scores + 1.01 * sizes[:, None] * step
    assert (log_p_of([scatter] * 5, np.array([information] * 5), every, limit) < limit).all()
    assert log_p_of([scatter] * 5, np.array([information] * 5), every, 0.0) == pytest.approx(
        rule.log_p(every), abs=1e-6
    )


def test_the_posterior_is_averaged_over() -> None:
    """Two inflations of one parameter: the mean of two normal tails."""
    information, score = np.zeros((NUM_LOCAL, NUM_LOCAL)), np.zeros((1, NUM_LOCAL))
    information[2, 2], score[0, 2] = 1.0, 3.0
    found = exact(2, (1.0, 4.0)).rule(information, -20.0).log_p(score)[0]
    assert found == pytest.approx(math.log(scipy.stats.norm.sf(3.0) + scipy.stats.norm.sf(1.5)), abs=1e-3)


def test_nothing_is_found_without_information() -> None:
    rule = exact().rule(np.zeros((NUM_LOCAL, NUM_LOCAL)), -9.0)
    sizes = rule.along(np.zeros((3, NUM_LOCAL)), np.zeros(NUM_LOCAL)).smallest_sizes(-9.0)
    assert np.isinf(sizes).all()
