"""A rig as its files state it, and how well it fits: measured once for all who ask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from renderkit.diagnosis.readings.agreement import Agreement, agreement
from renderkit.diagnosis.readings.interpretation import Interpretation, all_as_stated
from renderkit.diagnosis.view_evidence import ViewEvidence


@dataclass(frozen=True, eq=False)
class StatedRig:
    """Views as their files state them.

    Attributes:
        views: Any frames of any cameras.
    """

    views: tuple[ViewEvidence, ...]

    @cached_property
    def pairs(self) -> tuple[tuple[ViewEvidence, Interpretation], ...]:
        """The views with evidence whose cameras can be read."""
        return tuple((view, one) for view in self.views for one in all_as_stated([view]))

    @cached_property
    def read(self) -> tuple[Interpretation, ...]:
        """Their numbers."""
        return tuple(one for _, one in self.pairs)

    @cached_property
    def agreement(self) -> Agreement:
        """How well they fit, one number for each of `pairs`."""
        return agreement(self.read)
