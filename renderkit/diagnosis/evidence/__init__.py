"""Evidence that joins the views of a rig: points, mattes, boards. One module per kind and one line in registry.py."""

from renderkit.diagnosis.evidence.kind import EvidenceKind, EvidenceOptions, MeasuredEvidence, ViewMarks
from renderkit.diagnosis.evidence.registry import EVIDENCE

__all__ = ["EVIDENCE", "EvidenceKind", "EvidenceOptions", "MeasuredEvidence", "ViewMarks"]
