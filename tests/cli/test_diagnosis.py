"""A fault common to all cameras, planted in a camera file: named first, and the run fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from command_result import Result

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.registry import READINGS
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.results.json_report import read_report

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FaceScape folder of 14 cameras with landmarks and mattes."""
    folder = tmp_path_factory.mktemp("made") / "take"
    synthesize(folder, SynthOptions(like="facescape", num_cameras=14, size=(306, 256), scan_faces=6_000))
    return folder


@pytest.fixture
def clean(made: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to change."""
    return shutil.copytree(made, tmp_path / "take")


def _arguments(take: Path) -> list[str]:
    capture = take / "facescape" / "1" / "1_neutral"
    return [str(capture), "--masks", str(take / "masks"), "--landmarks", str(take / "landmarks.json")]


def _change(take: Path, change: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]) -> None:
    """Rewrite every K and Rt of params.json."""
    path = take / "facescape" / "1" / "1_neutral" / "params.json"
    document: dict[str, Any] = json.loads(path.read_text())
    for camera in range(14):
        K, Rt = change(np.array(document[f"{camera}_K"]), np.array(document[f"{camera}_Rt"]))
        document[f"{camera}_K"], document[f"{camera}_Rt"] = K.tolist(), Rt.tolist()
    path.write_text(json.dumps(document))


def _inverse(K: FloatArray, Rt: FloatArray) -> tuple[FloatArray, FloatArray]:
    return K, np.linalg.inv(np.vstack([Rt, (0.0, 0.0, 0.0, 1.0)]))[:3]


def _opengl(K: FloatArray, Rt: FloatArray) -> tuple[FloatArray, FloatArray]:
    return K, np.diag((1.0, -1.0, -1.0)) @ Rt


def _transposed(K: FloatArray, Rt: FloatArray) -> tuple[FloatArray, FloatArray]:
    return K, np.column_stack([Rt[:, :3].T, Rt[:, 3]])


def _center(K: FloatArray, Rt: FloatArray) -> tuple[FloatArray, FloatArray]:
    return K, np.column_stack([Rt[:, :3], -Rt[:, :3].T @ Rt[:, 3]])


def _millimetres(K: FloatArray, Rt: FloatArray) -> tuple[FloatArray, FloatArray]:
    return K, Rt * (1.0, 1.0, 1.0, 1000.0)


def _half_pixel(K: FloatArray, Rt: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.add(K, [[0.0, 0.0, 0.5], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]]), Rt


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (_inverse, "extrinsics inverted"),
        (_opengl, "OpenGL camera axes"),
        (_transposed, "R transposed"),
        (_center, "t is the camera centre"),
        (_millimetres, "translations times 0.001"),
        (_half_pixel, "half pixel"),
    ],
)
def test_a_fault_of_all_cameras_is_named_and_fails_the_run(
    run: Run,
    clean: Path,
    tmp_path: Path,
    change: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]],
    name: str,
) -> None:
    _change(clean, change)
    result = run("validate", *_arguments(clean), "--no-overlays", "--out", "out")
    assert result.code == 1
    report = read_report(tmp_path / "out")
    assert report.diagnosis is not None
    assert report.diagnosis.verdict == "does not fit"
    assert name in {*report.diagnosis.readings, *(one for other in report.diagnosis.alternatives for one in other)}
    assert not report.passed
    sentence = next(one.sentence for one in READINGS if one.name == name)
    first = result.out.splitlines()
    assert first[0] == "DOES NOT FIT: The rig as a whole does not fit."
    assert sentence in next(line for line in first if line.startswith("diagnosis: all "))
    suite = ET.parse(tmp_path / "out" / "junit.xml").getroot()[0]  # noqa: S314 - our own file
    assert (suite.get("name"), suite.get("failures")) == ("sanity", "1")
    assert "does not fit" in (tmp_path / "out" / "summary.md").read_text().splitlines()[2]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.index("The rig as a whole does not fit") < page.index("<main>")


def test_a_clean_rig_passes_and_says_so_first(run: Run, clean: Path, tmp_path: Path) -> None:
    result = run("validate", *_arguments(clean), "--no-overlays", "--false-alarms", "0.05", "--out", "out")
    assert result.code == 0
    assert result.out.startswith("FITS: The rig fits: no camera of ")
    assert "\ndiagnosis: the rig as a whole fits: " in result.out
    report = read_report(tmp_path / "out")
    assert report.diagnosis is not None
    assert report.diagnosis.verdict == "fits"
    assert report.diagnosis.cameras == ()
    assert report.provenance.options["false_alarms"] == "0.05"


def test_numbers_only(run: Run, clean: Path, tmp_path: Path) -> None:
    _change(clean, _inverse)
    result = run("validate", *_arguments(clean), "--no-overlays", "--no-sanity", "--no-checks", "--out", "out")
    assert result.code == 0
    assert "diagnosis" not in result.out
    assert read_report(tmp_path / "out").diagnosis is None


def test_without_evidence_the_exit_code_does_not_change(run: Run, clean: Path) -> None:
    result = run("diagnose", _arguments(clean)[0])
    assert result.code == 0
    assert "cannot be told" in result.out


def test_the_long_form_as_json(run: Run, clean: Path) -> None:
    _change(clean, _inverse)
    result = run("diagnose", *_arguments(clean), "--json")
    assert result.code == 1
    document = json.loads(result.out)
    assert document["readings"] == ["extrinsics inverted"]
    assert document["before"]["iou"] < 0.1 < document["after"]["iou"]
    assert document["num_tried"] >= len(READINGS)
