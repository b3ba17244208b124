"""Which causes of a camera's error cannot be told apart."""

from __future__ import annotations

import numpy as np

from renderkit.diagnosis.joint.decide import CameraTests, SlipTest, ranked_causes
from renderkit.diagnosis.joint.parameters import NUM, SLIPS


def _tested(statistics: dict[str, float], total: float) -> CameraTests:
    tests = []
    for slip in SLIPS:
        count = len(slip.indices)
        tests.append(SlipTest(slip, statistics.get(slip.name, 0.0), np.zeros(count), np.eye(count)))
    return CameraTests(tuple(tests), np.eye(NUM), np.zeros(NUM), total, 15)


def test_what_explains_most_stays_beside_all_parameters_together() -> None:
    """What a large slip leaves to the linear model's error must not rule the slip out."""
    statistics = {"principal point": 178.0, "turn": 179.0, "focal length": 20.0, "several parameters": 266.0}
    kept = [one.slip.name for one in ranked_causes(_tested(statistics, 266.0), 88)]
    assert kept == ["several parameters", "turn", "principal point"]
    # A slip that explains a third of it is no single cause.
    statistics |= {"principal point": 88.0, "turn": 89.0}
    assert [one.slip.name for one in ranked_causes(_tested(statistics, 266.0), 88)] == ["several parameters"]
    # Where a slip explains nearly all, all parameters together are no likelier.
    statistics |= {"principal point": 250.0, "turn": 200.0}
    assert [one.slip.name for one in ranked_causes(_tested(statistics, 266.0), 88)] == ["principal point"]


def test_a_slip_that_only_adds_parameters_to_another_one_is_no_further_cause() -> None:
    statistics = {"principal point": 250.0, "turn": 249.0, "turn with roll": 252.0, "principal point and roll": 253.0}
    kept = [one.slip.name for one in ranked_causes(_tested(statistics, 255.0), 88)]
    assert kept == ["principal point", "turn"]
    # Where the roll is needed, what is needed comes first, and the part that is nearly as likely stays.
    statistics |= {"turn": 244.0, "principal point": 247.0, "principal point and roll": 255.0}
    kept = [one.slip.name for one in ranked_causes(_tested(statistics, 255.0), 88)]
    assert kept[:2] == ["principal point and roll", "principal point"]
    assert "turn with roll" not in kept
