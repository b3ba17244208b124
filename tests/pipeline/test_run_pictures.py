"""Which views of a run get pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from renderkit.pipeline.run_pictures import plan_pictures
from renderkit.results.diagnosis import Diagnosis, RigFit
from renderkit.results.findings import JudgedCamera, RigFindings
from renderkit.results.report import Report


def test_the_worst_camera_and_those_that_evidence_without_a_mesh_names_are_drawn(
    make_report: Callable[..., Report],
) -> None:
    nothing = RigFit(math.nan, math.nan, math.nan, math.nan)
    off = JudgedCamera("named", True, 1.5, 0.04, (1.2, 0.9), (0.04, 0.04), 68, 1.0, "camera named: a shift", "turn")
    mattes = RigFindings("mattes", "does not fit", "1 of 4 cameras is off: named", (off,))
    told = Diagnosis("does not fit", "mattes: 1 of 4 cameras is off", nothing, nothing, evidence=(mattes,))
    report = make_report({"a": 1.0, "b": 1.01, "named": 1.0, "worst": 1.05})
    assert {key.camera for key in plan_pictures(report, "worst").overlays} == {"worst"}
    plan = plan_pictures(replace(report, diagnosis=told), "worst")
    assert {key.camera for key in plan.overlays} == {"worst", "named"}
