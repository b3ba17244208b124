"""What a capture's own conventions turned out to be, decided by evidence before views are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

CheckVerdict: TypeAlias = Literal["ok", "warning", "undecided", "skipped"]


@dataclass(frozen=True)
class CaptureCheck:
    """One question about a capture that its dataset does not document, and its answer.

    Attributes:
        name: "flame translation", "landmark map", "mask space" or "scan frame".
        verdict: "warning" when the run takes something for granted that the evidence speaks against; "undecided" when
            the margin is not clear; "skipped" when the question does not arise, or nothing can answer it.
        choice: What the evidence speaks for; "" when skipped.
        margin: By how much it is ahead of the next candidate, in `margin_unit`; NaN when there is none.
        margin_standard_error: Standard error of `margin` over frames or views; NaN with fewer than three.
        margin_unit: "m", "px", "IoU" and the like.
        decided: Whether the margin is clear.
        sentence: One sentence with the numbers; for a warning, also what to do.
    """

    name: str
    verdict: CheckVerdict
    choice: str
    margin: float
    margin_standard_error: float
    margin_unit: str
    decided: bool
    sentence: str

    @classmethod
    def skipped(cls, name: str, why: str) -> CaptureCheck:
        """A check that was not made, with the reason."""
        nan = float("nan")
        return cls(name, "skipped", "", nan, nan, "", decided=False, sentence=f"not checked: {why}")

    def __str__(self) -> str:
        """Say it in one line."""
        loud = "WARNING: " if self.verdict == "warning" else ""
        return f"{loud}{self.name}: {self.sentence}"
