"""How far a run over many captures is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Views that are stored.
        before: Those among them that an earlier run stored.
        total: Views in all.
        failures: Views and units that could not be processed so far.
        worst: Cameras that stand out so far, the latest last, at most three.
    """

    done: int
    total: int
    failures: int = 0
    worst: tuple[str, ...] = ()
    before: int = 0


ShowProgress: TypeAlias = Callable[[Progress], None]
