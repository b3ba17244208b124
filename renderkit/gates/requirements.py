"""What a gate needs of a run; refused before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from renderkit.gates.gate import Gate, GateError
from renderkit.results.kinds import METRIC_GROUPS


def check_baseline(gates: Sequence[Gate], *, has_baseline: bool) -> None:
    """Refuse gates on a baseline run where there is none.

    Raises:
        GateError: If a gate needs a baseline.
    """
    orphan = next((gate for gate in gates if gate.needs_baseline), None)
    if orphan is not None and not has_baseline:
        raise GateError(orphan.name, "needs a baseline run: give --baseline RUN, or `baseline` in renderkit.toml")


def check_measured(gates: Sequence[Gate], metrics: Sequence[str]) -> None:
    """Refuse gates on what the run is not asked to measure.

    Args:
        gates: What is going to be checked.
        metrics: Groups of metrics that the run measures beside the standard ones, and its evidence.

    Raises:
        GateError: If a gate's metric belongs to another group.
    """
    for gate in gates:
        group = gate.metric.group
        if gate.metric.on_request and group not in metrics:
            alike = [name for name in metrics if (name in METRIC_GROUPS) == (group in METRIC_GROUPS)]
            listed = ",".join([*alike, group])
            option = gate.metric.option
            raise GateError(gate.name, f"{gate.metric.name} is measured on request only: add {option} {listed}")
