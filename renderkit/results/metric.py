"""What a metric is: a number of a row with its name, unit and direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from renderkit.results.rows import REQUESTED_KINDS, ScoreKind, Scores, ViewResult

Unit: TypeAlias = Literal["ratio", "px", "count", "m", "deg", "dB", "factor"]
Better: TypeAlias = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Metric:
    """One number of a row.

    Attributes:
        name: Its name in gates and JSON.
        title: Column heading.
        unit: "ratio" (0..1), "px", "m", "deg", "dB", "factor" (a plain number) or "count".
        better: Which direction is better.
        kind: The score it is read from; that score's reason explains its absence.
        read: Reads it from that score; NaN when it is undefined there.
        decimals: Digits to show.
        meaning: One sentence.
    """

    name: str
    title: str
    unit: Unit
    better: Better
    kind: ScoreKind
    read: Callable[[Any], float]
    decimals: int
    meaning: str

    def value(self, scores: Scores) -> float:
        """Return the number; NaN when it is not computable."""
        score = getattr(scores, self.kind)
        if score is None:
            return math.nan
        return float(self.read(score))

    def is_asked(self, row: ViewResult) -> bool:
        """Return whether the row's run measured this: always, but for what is measured on request only."""
        asked_for = self.kind not in REQUESTED_KINDS or self.kind in row.not_computable
        return asked_for or getattr(row.scores, self.kind) is not None

    def missing_reason(self, row: ViewResult) -> str | None:
        """Return why the row has no such number, or None when it has."""
        if not math.isnan(self.value(row.scores)):
            return None
        if row.failure is not None:
            return f"the view failed: {row.failure.message}"
        if not self.is_asked(row):
            return f"not asked for: add --metrics {REQUESTED_KINDS[self.kind]}"
        if self.kind == "nme" and row.scores.reprojection is None:
            return row.not_computable.get("nme") or row.not_computable.get("reprojection")
        return row.not_computable.get(self.kind, f"undefined: nothing to compare in the {self.kind} score")

    def text(self, value: float) -> str:
        """Format a value for people; NaN becomes a dash."""
        return "-" if math.isnan(value) else f"{value:.{self.decimals}f}"
