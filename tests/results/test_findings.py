"""Findings of evidence that joins many views: read back as written, and combined with the diagnosis."""

from __future__ import annotations

import json
import math

import jsonschema
import numpy as np
import pytest

from renderkit.diagnosis.evidence.combine import with_findings
from renderkit.results.diagnosis import Diagnosis, RigFit
from renderkit.results.findings import (
    CameraMatrix,
    JudgedCamera,
    RigFindings,
    findings_from_json,
    findings_json,
    findings_schema,
)

FIT = RigFit(math.nan, math.nan, math.nan, math.nan)


def _camera(name: str, *, off: bool, size: float = math.nan) -> JudgedCamera:
    return JudgedCamera(name, off, size, 0.1, (size, math.nan), (0.1, 0.1), 40, 0.5, f"camera {name}: words")


FINDINGS = RigFindings(
    "mattes",
    "does not fit",
    "2 of 3 cameras are off",
    (_camera("1", off=False), _camera("2", off=True, size=1.0), _camera("3", off=True, size=2.0)),
    ("a note",),
    {"share": math.nan, "error_px": 0.25},
    CameraMatrix("refuted", ("1", "2"), np.array([[math.nan, 0.5], [0.25, math.nan]])),
    3,
)


def test_findings_are_read_back_as_they_were_written() -> None:
    document = json.loads(json.dumps(findings_json(FINDINGS), allow_nan=False))
    jsonschema.validate(document, findings_schema())
    again = findings_from_json(document)
    assert findings_json(again) == document
    assert again.matrix is not None
    np.testing.assert_array_equal(again.matrix.values, FINDINGS.matrix.values if FINDINGS.matrix else None)
    assert math.isnan(again.numbers["share"])


def test_the_worst_camera_comes_first() -> None:
    assert FINDINGS.lines == ("mattes: 2 of 3 cameras are off", "camera 3: words", "camera 2: words", "a note")


@pytest.mark.parametrize(
    ("stated", "found", "expected"),
    [
        ("cannot tell", "fits", "fits"),
        ("cannot tell", "cannot tell", "cannot tell"),
        ("fits", "does not fit", "does not fit"),
        ("fits", "cannot tell", "fits"),
        ("does not fit", "fits", "does not fit"),
    ],
)
def test_a_rig_that_contradicts_any_evidence_does_not_fit(stated: str, found: str, expected: str) -> None:
    diagnosis = Diagnosis(stated, "by the mesh", FIT, FIT)  # type: ignore[arg-type]
    whole = with_findings(diagnosis, [RigFindings("points", found, "words")])  # type: ignore[arg-type]
    assert whole.verdict == expected
    assert whole.sentence == ("points: words" if stated == "cannot tell" else "by the mesh; points: words")
    assert with_findings(diagnosis, []) is diagnosis
