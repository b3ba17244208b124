from __future__ import annotations

import pytest

from renderkit.gates.explain import explain_gate
from renderkit.gates.gate import Coverage, Gate
from renderkit.gates.language import parse_check, parse_gate


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "iou >= 98 % for 18-32",
            "Each camera of 18-32, every mesh: iou, pooled over its frames, must be at least 0.98.",
        ),
        ("worst(iou) >= 0.9", "Rig, all cameras, every mesh: the smallest iou must be at least 0.9."),
        ("median(reprojection_rms_px) <= 2", "the median reprojection_rms_px must be at most 2 px."),
        ("p95(reprojection_rms_px) <= 2", "the value that 95 % of the cameras keep, reprojection_rms_px"),
        ("reprojection_rms_px <= baseline + 3 se", "the baseline's value plus 3 standard errors of the difference."),
        ("reprojection_rms_px <= baseline * 1.1", "1.1 times the baseline's value."),
        ("iou >= baseline - 0.01", "the baseline's value minus 0.01."),
        ("iou >= baseline", "at least the baseline's value."),
        ("coverage(iou) >= 55 of 60", "iou must be computable for at least 55 of 60 cameras."),
    ],
)
def test_gates_in_words(text: str, words: str) -> None:
    assert words in explain_gate(parse_gate(text))


def test_allowances_in_words() -> None:
    text = explain_gate(
        Gate("x", parse_check("iou >= 0.9"), "x", (), ("scan",), 2, ("07",), Coverage(0.9, is_share=True))
    )
    assert "mesh scan" in text
    assert "Up to 2 cameras may fail." in text
    assert "Failures of 07 are known" in text
    assert "computable for at least 90 % of the cameras" in text
