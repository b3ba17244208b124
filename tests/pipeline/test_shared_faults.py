"""Faults of all cameras in whole captures, by mattes or landmarks alone: the pictures cut the shoulders off."""

from __future__ import annotations

from pathlib import Path

import pytest

import renderkit as rk
from renderkit.synth.faults import parse_fault

SUBJECT = "size or shape of the subject"


def _capture(folder: Path, fault: str, size: tuple[int, int] = (306, 256)) -> Path:
    faults = (parse_fault(fault),) if fault else ()
    options = rk.SynthOptions(like="facescape", num_cameras=10, size=size, scan_faces=8000, faults=faults, seed=501)
    return rk.synthesize(folder, options).capture


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("", ""), ("rotated@0-9=0.3", "turn"), ("rolled@0-9=1", "roll"), ("translated@0-9=5", "sideways step")],
)
def test_an_error_of_all_cameras_is_named_by_mattes_alone(fault: str, cause: str, tmp_path: Path) -> None:
    """The mesh is moved to where the cameras as written see it before outlines are measured."""
    found = rk.diagnose(_capture(tmp_path, fault), masks=tmp_path / "masks")
    assert found.cameras == ()
    if not fault:
        assert (found.verdict, found.common) == ("fits", None)
        return
    assert found.common is not None
    assert cause in found.common.cannot_tell
    assert found.verdict == "does not fit"
    assert found.blocks


@pytest.mark.parametrize("fault", ["no-distortion@0-9", "flipped-distortion@0-9"])
def test_a_lens_of_all_cameras_accuses_no_single_one_by_mattes_alone(fault: str, tmp_path: Path) -> None:
    found = rk.diagnose(_capture(tmp_path, fault, (612, 512)), masks=tmp_path / "masks")
    assert found.cameras == ()
    assert found.common is not None
    assert {"lens distortion k1", SUBJECT} <= set(found.common.cannot_tell)
    assert "landmarks in at least 4 cameras" in found.common.sentence


def test_a_focal_length_of_all_cameras_is_not_told_from_the_subjects_size_by_landmarks_alone(tmp_path: Path) -> None:
    capture = _capture(tmp_path, "scaled-focal@0-9=1.01", (612, 512))
    found = rk.diagnose(capture, landmarks=tmp_path / "landmarks.json")
    assert found.cameras == ()
    assert found.common is not None
    assert {"focal length", SUBJECT} <= set(found.common.cannot_tell)
    assert "the subject's measured size, would tell" in found.common.sentence


def test_a_focal_length_of_all_cameras_is_not_told_from_the_mesh_s_size_by_mattes_alone(tmp_path: Path) -> None:
    found = rk.diagnose(_capture(tmp_path, "scaled-focal@0-9=1.01"), masks=tmp_path / "masks")
    assert found.cameras == ()
    mesh = next(one for one in found.others if one.startswith("the mesh is off"))
    assert "is not told from focal lengths of all cameras" in mesh
