"""Faults of all cameras in whole captures, by mattes alone: heads and shoulders that the pictures cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

import renderkit as rk
from renderkit.synth.faults import parse_fault


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("", ""), ("rotated@0-9=0.3", "turn"), ("rolled@0-9=1", "roll"), ("translated@0-9=5", "sideways step")],
)
def test_an_error_of_all_cameras_is_named_by_mattes_alone(fault: str, cause: str, tmp_path: Path) -> None:
    """The mesh is moved to where the cameras as written see it before outlines are measured."""
    faults = (parse_fault(fault),) if fault else ()
    truth = rk.synthesize(
        tmp_path,
        rk.SynthOptions(like="facescape", num_cameras=10, size=(306, 256), scan_faces=8000, faults=faults, seed=501),
    )
    found = rk.diagnose(truth.capture, masks=tmp_path / "masks")
    assert found.cameras == ()
    if not fault:
        assert (found.verdict, found.common) == ("fits", None)
        return
    assert found.common is not None
    assert cause in found.common.cannot_tell
    assert found.verdict == "does not fit"
    assert found.blocks
