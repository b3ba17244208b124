"""What a lint says: one finding, with its numbers and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "info"]

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong in a calibration.

    Attributes:
        severity: "error" (the numbers cannot be right), "warning" (they are unusual), "info" (for the record).
        code: A stable short name of the rule.
        camera: The camera, or None for the rig as a whole.
        evidence: What was found, with numbers.
        advice: What to do.
        values: The numbers of `evidence`, for machines.
    """

    severity: Severity
    code: str
    camera: str | None
    evidence: str
    advice: str
    values: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the finding for a JSON report; numbers that are not finite become None."""
        values = {key: value if abs(value) < float("inf") else None for key, value in self.values.items()}
        return {
            "severity": self.severity,
            "code": self.code,
            "camera": self.camera,
            "evidence": self.evidence,
            "advice": self.advice,
            "values": values,
        }


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings sorted: errors first, the rig's before a camera's, then by code and camera."""
    return tuple(
        sorted(findings, key=lambda one: (_RANK[one.severity], one.camera is not None, one.code, one.camera or ""))
    )
