"""Two meshes of one frame compared in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from renderkit.metrics.surface import SurfaceScore


@dataclass(frozen=True)
class DistanceSummary:
    """Distances of one mesh's vertices to the other's surface, world units.

    Attributes:
        median: Median.
        p95: 95th percentile.
        max: Largest.
        num_points: Vertices measured.
    """

    median: float
    p95: float
    max: float
    num_points: int

    @classmethod
    def of(cls, score: SurfaceScore) -> DistanceSummary:
        """Sum up all distances."""
        return cls(score.median, score.p95, score.max, score.num_used)


@dataclass(frozen=True)
class SurfaceComparison:
    """Point-to-surface distances both ways.

    Attributes:
        frame: Frame id.
        first: Name of the first mesh.
        second: Name of the second mesh.
        forward: From the first's vertices to the second's surface.
        backward: From the second's vertices to the first's surface.
        colored: PLY of the second mesh coloured by its distances, POSIX path relative to the run folder; or None.
    """

    frame: str
    first: str
    second: str
    forward: DistanceSummary
    backward: DistanceSummary
    colored: str | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        parts = ((self.first, self.second, self.forward), (self.second, self.first, self.backward))
        words = "; ".join(f"{a} to {b}: median {d.median:.3g}, p95 {d.p95:.3g}, max {d.max:.3g}" for a, b, d in parts)
        return f"frame {self.frame}: {words}"
