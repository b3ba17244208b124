"""The diagnosis of a rig with what evidence of many views says beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from renderkit.results.diagnosis import Diagnosis
from renderkit.results.findings import RigFindings, RigVerdict


def with_findings(diagnosis: Diagnosis, findings: Sequence[RigFindings]) -> Diagnosis:
    """Return a diagnosis that takes evidence in.

    What the rig's mesh and 3D landmarks decided stays in front; where they decide nothing, the evidence speaks. A rig
    that contradicts any of its evidence does not fit.

    Args:
        diagnosis: By mesh and 3D landmarks.
        findings: By evidence that joins many views.
    """
    if not findings:
        return diagnosis
    words = [diagnosis.sentence] if diagnosis.verdict != "cannot tell" else []
    words += [f"{one.evidence}: {one.sentence}" for one in findings]
    verdicts = (diagnosis.verdict, *(one.verdict for one in findings))
    verdict: RigVerdict = next((word for word in ("does not fit", "fits") if word in verdicts), "cannot tell")
    return replace(diagnosis, verdict=verdict, sentence="; ".join(words), evidence=tuple(findings))
