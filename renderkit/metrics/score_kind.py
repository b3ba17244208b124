"""What a kind of score is, and what a metric is: the two records that everything about scores is derived from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Flag, auto
from functools import partial
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, TypeVar

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.metrics.scored_view import Missing, ScoredView

Unit: TypeAlias = Literal["ratio", "px", "count", "m", "deg", "dB", "factor"]
Better: TypeAlias = Literal["higher", "lower", "neither"]
JsonObject: TypeAlias = dict[str, Any]

STANDARD: Final = "standard"
"""The group of the kinds that every run measures; all other groups are measured on request."""


class Needs(Flag):
    """What has to be read or drawn for a kind beside masks and landmarks."""

    NOTHING = 0
    PHOTO = auto()
    DEPTH = auto()
    OTHER_MESH = auto()
    TEXTURED_MESH = auto()


@dataclass(frozen=True)
class Ranking:
    """How a metric ranks cameras.

    Attributes:
        place: Which metric comes first where several could be shown or single out a camera equally.
        floor: Spread below which cameras of a good rig differ for no reason of theirs, in the metric's unit.
        standard_error: Of a score's number, given the rig's median of it; None where it is exact.
    """

    place: int
    floor: float
    standard_error: Callable[[Any, float], float] | None = None

    def error_of(self, score: Any, usual: float) -> float:  # noqa: ANN401 - scores are of many kinds
        """Return the standard error of the number of a score; 0 where it is exact or not known."""
        error = 0.0 if self.standard_error is None or score is None else self.standard_error(score, usual)
        return error if math.isfinite(error) else 0.0


@dataclass(frozen=True)
class Metric:
    """One number of a score.

    Attributes:
        name: Its name in gates, JSON and files.
        title: Column heading.
        unit: "ratio" (0..1), "px", "m", "deg", "dB", "factor" (a plain number) or "count".
        better: Which direction is better.
        read: Reads it from the score; NaN when it is undefined there.
        decimals: Digits to show.
        meaning: One sentence.
        column: Whether tables and captions show it.
        only_if_known: Whether its column is left out of tables in which it would be empty.
        ranking: Set when it ranks cameras.
        interval: Whether bootstrap intervals of it are given on request.
        statistic: The same number from the (n,) samples of the score's kind; None where it has none.
        plain: What it is in a few plain words, for people who do not know its name; the title by default.
        kind: Name of the kind that it belongs to; set by `ScoreKind`.
        group: Group of that kind; set by `ScoreKind`.
        option: The option that asks for it; set by `ScoreKind`.
    """

    name: str
    title: str
    unit: Unit
    better: Better
    read: Callable[[Any], float]
    decimals: int
    meaning: str
    column: bool = False
    only_if_known: bool = False
    ranking: Ranking | None = None
    interval: bool = False
    statistic: Callable[[FloatArray], float] | None = None
    plain: str = ""
    kind: str = ""
    group: str = STANDARD
    option: str = "--metrics"

    def __post_init__(self) -> None:
        """Call it by its title where no plain words are given."""
        object.__setattr__(self, "plain", self.plain or self.title)

    @property
    def on_request(self) -> bool:
        """Whether it is measured only where it is asked for."""
        return self.group != STANDARD

    def value(self, scores: Mapping[str, Any]) -> float:
        """Return the number from scores by kind; NaN when it is not computable."""
        score = scores.get(self.kind)
        return math.nan if score is None else float(self.read(score))

    def text(self, value: float) -> str:
        """Format a value for people; NaN becomes a dash."""
        return "-" if math.isnan(value) else f"{value:.{self.decimals}f}"

    @property
    def unit_text(self) -> str:
        """The unit as people write it; "" for ratios, counts and factors."""
        return "" if self.unit in {"ratio", "count", "factor"} else self.unit

    def with_unit(self, value: float) -> str:
        """Format a value with its unit."""
        return f"{self.text(value)} {self.unit_text}".rstrip() if not math.isnan(value) else "-"


S = TypeVar("S")


pixel_error: Final = partial(Metric, unit="px", better="lower")
"""A metric that is a distance in the picture: the smaller the better."""


@dataclass(frozen=True)
class Samples:
    """The independent values inside one score, for resampling.

    Attributes:
        what: What they are, in the plural.
        values: (N,) the values of a score; NaN where not used.
        count: How many of them a score has that are used.
        drawn: Returns a score of values drawn with replacement, as many as it has.
    """

    what: str
    values: Callable[[Any], FloatArray]
    count: Callable[[Any], int]
    drawn: Callable[[Any, np.random.Generator], Any]


@dataclass(frozen=True)
class ScoreKind:
    """A kind of score: how it is measured, pooled, written and read, and the metrics that it gives.

    Attributes:
        name: Its name in `Scores`, in JSON and in reasons.
        group: "standard", or the group that has to be asked for.
        measure: Measures one view, or says why it cannot; None where evidence that joins many views gives the score
            (`renderkit.diagnosis.evidence`): the group is then that evidence's name.
        pool: Pools the scores of several views, at least one, by their sufficient statistics; in any order.
        to_json: Returns what the score can be read back from; numbers are finite or None, (N, 2) points may be arrays.
        from_json: Reads that back, given the view's scores of the kinds before it.
        json_schema: JSON Schema (draft 2020-12) of what `to_json` returns.
        metrics: Its metrics, in the order of tables.
        needs: What has to be read or drawn for it.
        samples: The independent values in a score; None resamples views.
    """

    name: str
    group: str
    measure: Callable[[ScoredView], Any | Missing] | None
    pool: Callable[[Sequence[Any]], Any]
    to_json: Callable[[Any], JsonObject]
    from_json: Callable[[JsonObject, Mapping[str, Any]], Any]
    json_schema: JsonObject
    metrics: tuple[Metric, ...]
    needs: Needs = Needs.NOTHING
    samples: Samples | None = None

    def __post_init__(self) -> None:
        """Tell the metrics whose they are."""
        option = "--metrics" if self.measure is not None else "--evidence"
        own = tuple(replace(metric, kind=self.name, group=self.group, option=option) for metric in self.metrics)
        object.__setattr__(self, "metrics", own)

    @property
    def on_request(self) -> bool:
        """Whether it is measured only where it is asked for."""
        return self.group != STANDARD


class _Mergeable(Protocol):
    def merge(self, other: Self) -> Self:
        """Pool two."""


Mergeable = TypeVar("Mergeable", bound=_Mergeable)
Counts = TypeVar("Counts", bound=Any)


def merge_all(scores: Sequence[Mergeable]) -> Mergeable:
    """Pool scores, at least one, in pairs of equal depth: arrays that grow are copied log N times, not N times."""
    while len(scores) > 1:
        odd = scores[len(scores) - len(scores) % 2 :]
        scores = [*(one.merge(other) for one, other in zip(scores[::2], scores[1::2], strict=False)), *odd]
    return scores[0]


def pool_counts(scores: Sequence[Counts], what: str = "", *alike: str) -> Counts:
    """Pool scores that are counts, at least one: every field is summed but those that must be alike.

    Args:
        scores: Dataclasses of one type.
        what: What the scores are, for the error.
        alike: The fields that are not summed.

    Raises:
        ValueError: If they differ in one of these.
    """
    first = scores[0]
    for name in alike:
        values = {getattr(one, name): None for one in scores}
        if len(values) > 1:
            found = " and ".join(map(repr, values))
            raise ValueError(f"cannot pool {what} of different {name}: {found}")
    names = [one.name for one in fields(first) if one.name not in alike]
    return replace(first, **{name: sum([getattr(one, name) for one in scores]) for name in names})
