"""What a gate is: its check, whom it is about, what it forgives, what it needs. docs/gates.md is the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from renderkit.errors import RenderkitError
from renderkit.metrics.score_kind import Metric
from renderkit.results.kinds import METRIC_GROUPS, METRICS

Operator: TypeAlias = Literal["<=", ">="]


class GateError(RenderkitError):
    """An invalid gate: unknown key, metric or unit, a missing baseline, a check that can never fail.

    Attributes:
        where: The gate's text, or the file and key.
        why: What was expected, what was found, and what to do.
    """

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(f"{where}: {why}")

    def __reduce__(self) -> tuple[type[GateError], tuple[str, str]]:
        """Pickle by the constructor's arguments, so that the error survives a worker process."""
        return type(self), (self.where, self.why)


@dataclass(frozen=True)
class AbsoluteLimit:
    """A fixed number in the metric's own unit."""

    value: float


@dataclass(frozen=True)
class BaselineLimit:
    """A number relative to the same camera of another run: factor * baseline + offset + standard_errors * SE.

    Attributes:
        factor: Multiplies the baseline's value.
        offset: Added, in the metric's unit.
        standard_errors: Multiples of the standard error of the difference between the two runs.
    """

    factor: float = 1.0
    offset: float = 0.0
    standard_errors: float = 0.0


@dataclass(frozen=True)
class Quantile:
    """One number of a whole rig, counted towards worse: at 1.0 the worst camera decides, at 0.5 the median.

    Attributes:
        share: Share of the cameras that are at least as good, in [0, 1].
        text: As it was written: "worst", "median", "p95".
    """

    share: float
    text: str


@dataclass(frozen=True)
class Coverage:
    """How many cameras must be computable.

    Attributes:
        at_least: A number of cameras, or a share in [0, 1] when `is_share`.
        is_share: Which of the two.
        out_of: How many cameras the capture is expected to have, or None when that is not said.
    """

    at_least: float
    is_share: bool
    out_of: int | None = None

    @property
    def text(self) -> str:
        """The requirement in words."""
        if self.is_share:
            return f"at least {100 * self.at_least:g} % of the cameras"
        of = "" if self.out_of is None else f" of {self.out_of}"
        return f"at least {self.at_least:g}{of} cameras"


@dataclass(frozen=True)
class MetricCheck:
    """A metric against a limit.

    Attributes:
        metric: Its name.
        operator: Which side of the limit is good.
        limit: Absolute, or relative to a baseline run.
        quantile: None checks camera by camera; else one number of the rig is checked.
    """

    metric: str
    operator: Operator
    limit: AbsoluteLimit | BaselineLimit
    quantile: Quantile | None = None


@dataclass(frozen=True)
class CoverageCheck:
    """How many cameras have the metric at all."""

    metric: str
    coverage: Coverage


@dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        text: The check as it was written.
        check: What is checked.
        name: What to call it; the text when it has no name.
        cameras: Parts of a selection (docs/selection.md), such as "18-32"; () is every camera with rows.
        meshes: Mesh names; () is every mesh.
        allowed_failures: So many cameras may fail a camera-by-camera gate; none that is not computable.
        known_failures: Cameras (same notation) whose failure is known and does not count.
        coverage: How many cameras must be computable; None demands it of every one.
    """

    text: str
    check: MetricCheck | CoverageCheck
    name: str = ""
    cameras: tuple[str, ...] = ()
    meshes: tuple[str, ...] = ()
    allowed_failures: int = 0
    known_failures: tuple[str, ...] = ()
    coverage: Coverage | None = None

    def __post_init__(self) -> None:
        """Check that what it forgives belongs to what it checks.

        Raises:
            GateError: If an allowance is given to a gate about the whole rig.
        """
        object.__setattr__(self, "name", self.name or self.text)
        if self.allowed_failures < 0:
            raise GateError(self.name, f"allowed_failures: expected at least 0, got {self.allowed_failures}")
        if not self.is_per_camera and (self.allowed_failures or self.known_failures):
            raise GateError(
                self.name,
                "allowed_failures and known_failures belong to camera-by-camera gates; this one is about the rig: "
                "choose its cameras with `cameras`",
            )
        if self.coverage is not None and isinstance(self.check, CoverageCheck):
            raise GateError(self.name, "a coverage(...) check takes no `coverage` key: it is one already")

    @property
    def metric(self) -> Metric:
        """The metric it is about."""
        return METRICS[self.check.metric]

    @property
    def is_per_camera(self) -> bool:
        """Whether it gives one verdict per camera."""
        return isinstance(self.check, MetricCheck) and self.check.quantile is None

    @property
    def needs_baseline(self) -> bool:
        """Whether another run is needed to judge it."""
        return isinstance(self.check, MetricCheck) and isinstance(self.check.limit, BaselineLimit)


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
