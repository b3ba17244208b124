"""Which metrics are measured beside the standard ones, as people ask for them: "standard", "full", "contour,depth"."""

from __future__ import annotations

import difflib
from typing import Final, Literal, TypeAlias, get_args

MetricGroup: TypeAlias = Literal["contour", "multiview", "depth", "texture", "intervals"]

METRIC_GROUPS: Final[tuple[MetricGroup, ...]] = get_args(MetricGroup)
"""contour: bands, distances, alignment of the outlines; multiview: landmarks against the other views; depth: against
the frame's other mesh; texture: against the photograph; intervals: bootstrap confidence intervals per camera."""

STANDARD: Final = "standard"
FULL: Final = "full"


def parse_metric_groups(text: str) -> tuple[MetricGroup, ...]:
    """Read "standard" (none), "full" (all) or a comma-separated list of groups.

    Raises:
        ValueError: If a name is none of these; the message has the nearest.
    """
    names = {part.strip() for part in text.split(",") if part.strip()}
    unknown = sorted(names - {*METRIC_GROUPS, STANDARD, FULL})
    if unknown or not names:
        near = difflib.get_close_matches(unknown[0] if unknown else "", METRIC_GROUPS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"metrics {text!r}: {hint}expected standard, full, or a list of {', '.join(METRIC_GROUPS)}")
    return tuple(group for group in METRIC_GROUPS if FULL in names or group in names)
