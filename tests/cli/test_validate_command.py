"""renderkit validate, end to end: the table, the run folder, the exit code; bad input loses nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import h5py
import jsonschema
import numpy as np
import pytest
from command_result import Result

from renderkit.pipeline import run as pipeline_run
from renderkit.results.json_report import read_report
from renderkit.results.schema import report_schema
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]
CAMERAS = ("13", "22", "25", "28", "31", "40")


@pytest.fixture
def copied(capture: SynthTruth, tmp_path: Path) -> Path:
    """A copy of the capture that a test may damage; the raw half's path."""
    for file in capture.folder.glob("*.smc"):
        shutil.copy(file, tmp_path)
    return next(tmp_path.glob("*_raw.smc"))


def _document(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return document


def test_the_main_job(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--frames", "0", "--out", "out")
    assert result.code == 0
    lines = result.out.splitlines()
    rows = {line.split()[0]: line for line in lines if line[:2] in CAMERAS}
    assert set(rows) == set(CAMERAS)  # the worst first
    assert [name for name, line in rows.items() if "<-- worst" in line] == ["25"]
    assert "worst camera: 25" in result.out
    # Cameras 13 and 40 have no 2D landmarks.
    assert "in 2 of 6 views (cameras 13, 40): no 2D landmarks were detected" in result.out
    assert rows["13"].split()[4:] == ["-"] * 5
    assert "renderer: " in result.err
    assert "6/6 views" in result.err
    document = _document(tmp_path / "out")
    jsonschema.validate(document, report_schema())
    assert document["summary"]["worst_camera"]["camera"] == "25"
    assert document["provenance"]["renderer"]["device"]
    assert len(document["provenance"]["inputs"]) == 2
    drawn = {row["camera"]: row["overlay"] for row in document["rows"] if row["overlay"]}
    assert set(drawn) == {"25"}
    assert "1 of 6 views (--overlays all draws every view)" in result.out
    picture = cv2.imread(str(tmp_path / "out" / drawn["25"]))
    assert picture is not None
    assert picture.shape[1] >= 900
    assert (tmp_path / "out" / "overlays" / "sheet_0_scan.jpg").is_file()


@pytest.mark.parametrize(("which", "count"), [("all", 4), ("2", 2), ("none", 0)])
def test_which_views_get_pictures(run: Run, capture: SynthTruth, tmp_path: Path, which: str, count: int) -> None:
    common = ("--cameras", "22,25", "--no-checks", "--no-sanity", "--out", "out")
    assert run("validate", capture.capture, *common, "--overlays", which).code == 0
    names = sorted(path.name for path in (tmp_path / "out" / "overlays").iterdir())
    sheets = [name for name in names if name.startswith("sheet_")]
    assert len(names) - len(sheets) == count
    assert len(sheets) == {"all": 2, "2": 1, "none": 0}[which]
    assert sum(row["overlay"] is not None for row in _document(tmp_path / "out")["rows"]) == count


def test_a_wrong_choice_of_pictures_is_refused(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--out", "out", "--overlays", "some")
    assert result.code == 2
    assert "all, worst, none or a number" in result.err
    assert not (tmp_path / "out").exists()


def test_a_run_folder_is_chosen_and_pictures_can_be_left_out(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--cameras", "22,28-31", "--no-overlays")
    assert result.code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith(capture.capture.name)
    document = _document(folder)
    assert [(row["frame"], row["camera"]) for row in document["rows"]] == [
        (frame, camera) for frame in "01" for camera in ("22", "28", "31")
    ]
    assert not list((folder / "overlays").iterdir())
    assert all(row["overlay"] is None for row in document["rows"])


def test_two_runs_are_equal_but_for_their_timings(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    documents = []
    for name in ("a", "b"):
        assert run("validate", capture.capture, "--frames", "0", "--no-overlays", "--out", name).code == 0
        document = _document(tmp_path / name)
        document.pop("timings")
        documents.append(document)
    assert documents[0] == documents[1]


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("reprojection_rms_px <= 1.5", 1),
        ("reprojection_rms_px <= 50", 1),  # two cameras have no landmarks: not computable is no pass
        ("iou >= 0.5", 0),
        ("iou >= 0.98", 1),
    ],
)
def test_gates_decide_the_exit_code(run: Run, capture: SynthTruth, gate: str, code: int) -> None:
    result = run("validate", capture.capture, "--frames", "0", "--no-overlays", "--out", "out", "--gate", gate)
    assert result.code == code


def test_a_wrong_gate_is_refused_before_any_work(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--out", "out", "--gate", "reprojection_rms <= 1.5")
    assert result.code == 2
    assert "reprojection_rms_px" in result.err
    assert not (tmp_path / "out").exists()


def test_a_gate_on_a_camera_that_does_not_exist_is_refused_before_any_work(
    run: Run, capture: SynthTruth, tmp_path: Path
) -> None:
    result = run("validate", capture.capture, "--out", "out", "--gate", "iou >= 0.5 for 18-32, 99")
    assert result.code == 2
    assert "no camera matches '99'; there are" in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--frames", "7"], "no frame matches '7'; there are 0, 1"),
        (["--cameras", "1-9"], "no camera matches '1-9'"),
        (["--mesh", "skull"], "no selected frame has a mesh 'skull'; there are: flame, scan"),
        (["--mesh", "gone.ply"], "no such mesh file"),
        (["--flame", "gone.npz"], "gone.npz"),
        (["--masks", "gone"], "gone"),
        (["--landmarks", "gone.json"], "gone.json"),
        (["--matte-threshold", "2"], "matte-threshold"),
        (["--matte-threshold", "0"], "matte_threshold"),
        (["--renderer", "cpu", "--device", "0"], "belongs to 'egl'"),
        (["--remember"], "--remember needs --flame"),
    ],
)
def test_wrong_arguments_are_2_and_say_why(run: Run, capture: SynthTruth, arguments: list[str], why: str) -> None:
    result = run("validate", capture.capture, *arguments)
    assert result.code == 2
    assert why in " ".join(result.err.replace("│", " ").split())


def test_an_unwritable_folder_is_found_before_any_work(
    run: Run, capture: SynthTruth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(kind: str, device: int | None, *, threads: int | None) -> None:
        pytest.fail("work was begun")

    monkeypatch.setattr(pipeline_run, "make_renderer", work)
    (tmp_path / "file").write_text("in the way")
    result = run("validate", capture.capture, "--out", tmp_path / "file")
    assert result.code == 2
    assert "cannot write into this output folder" in result.err


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "no calibration"])
def test_a_damaged_file_is_2_with_its_name(run: Run, copied: Path, damage: str) -> None:
    annotations = copied.with_name(copied.name.replace("_raw", "_anno"))
    if damage == "truncated":
        annotations.write_bytes(annotations.read_bytes()[: annotations.stat().st_size // 3])
    elif damage == "text":
        annotations.write_text("not HDF5 at all")
    elif damage == "empty":
        annotations.write_bytes(b"")
    else:
        with h5py.File(annotations, "r+") as file:
            del file["Calibration"]
    result = run("validate", copied, "--frames", "0", "--no-overlays")
    assert result.code == 2
    assert "Traceback" not in result.err
    assert copied.name.removesuffix("_raw.smc") in result.err + result.out


def _replace_bytes(path: Path, key: str, data: bytes) -> None:
    with h5py.File(path, "r+") as file:
        del file[key]
        file[key] = np.frombuffer(data, dtype=np.uint8)


@pytest.mark.parametrize(
    ("half", "key", "value", "message"),
    [
        ("raw", "Camera/28/color/0", b"\xff\xd8\xff\xe0 this is no JPEG", "cannot be decoded"),
        ("anno", "Camera/28/mask/0", b"\x89PNG\r\n\x1a\n", "cannot be decoded"),
        ("anno", "Calibration/28/K", np.full((3, 3), np.nan), "NaN"),
        ("anno", "Calibration/28/K", np.zeros((3, 3)), "K must be"),
        ("anno", "Calibration/28/K", np.eye(2), "(2, 2)"),
        ("anno", "Calibration/28/RT", np.diag([1.0, 1.0, 2.0, 1.0]), "rotation"),
    ],
)
def test_one_bad_view_is_a_failed_row_and_the_others_are_scored(
    run: Run, copied: Path, tmp_path: Path, half: str, key: str, value: Any, message: str
) -> None:
    path = copied if half == "raw" else copied.with_name(copied.name.replace("_raw", "_anno"))
    if isinstance(value, bytes):
        _replace_bytes(path, key, value)
    else:
        with h5py.File(path, "r+") as file:
            del file[key]
            file[key] = value
    result = run("validate", copied, "--frames", "0", "--out", "out", "--no-overlays")
    assert result.code == 2
    rows = {row["camera"]: row for row in _document(tmp_path / "out")["rows"]}
    assert message in rows["28"]["failure"]["message"]
    assert "28" in rows["28"]["failure"]["message"]
    for camera in set(CAMERAS) - {"28"}:
        assert rows[camera]["failure"] is None
        assert rows[camera]["metrics"]["iou"] > 0.9
    assert "failed: 1 of 6 views" in result.out
    assert "worst camera: 25" in result.out


def test_a_picture_of_another_size_is_a_failed_row_with_what_to_do(run: Run, copied: Path, tmp_path: Path) -> None:
    done, data = cv2.imencode(".jpg", np.zeros((128, 153, 3), dtype=np.uint8))
    assert done
    _replace_bytes(copied, "Camera/40/color/0", data.tobytes())
    result = run("validate", copied, "--frames", "0", "--out", "out", "--no-overlays")
    assert result.code == 2
    (failed,) = read_report(tmp_path / "out").failures
    assert failed.key.camera == "40"
    assert "153 x 128 px, the calibration of its camera 306 x 256 px" in str(failed.failure)


def test_faces_out_of_range_fail_the_frame_not_the_run(run: Run, copied: Path, tmp_path: Path) -> None:
    annotations = copied.with_name(copied.name.replace("_raw", "_anno"))
    with h5py.File(annotations, "r+") as file:
        del file["Scan/vertex_indices"]
        file["Scan/vertex_indices"] = np.array([[0, 1, 10_000_000]])
    result = run("validate", copied, "--out", "out", "--no-overlays", "--cameras", "22")
    assert result.code == 2
    assert "faces point outside the vertices" in " ".join(result.out.split())


def test_the_annotations_alone_are_scored_and_the_missing_half_is_named(run: Run, copied: Path, tmp_path: Path) -> None:
    copied.unlink()
    annotations = copied.with_name(copied.name.replace("_raw", "_anno"))
    result = run("validate", annotations, "--frames", "0", "--out", "out")
    assert result.code == 0
    assert "worst camera: 25" in result.out
    assert copied.name in run("inspect", annotations).out


def test_pictures_without_annotations_can_score_nothing_and_never_pass(run: Run, copied: Path) -> None:
    copied.with_name(copied.name.replace("_raw", "_anno")).unlink()
    result = run("validate", copied, "--frames", "0", "--no-overlays")
    assert result.code == 2


def test_flame_is_scored_without_faces_and_rendered_with_them(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    without = run("validate", capture.capture, "--mesh", "flame", "--frames", "0", "--no-overlays", "--out", "a")
    assert without.code == 0
    assert "give the faces with --flame FILE" in " ".join(without.out.split())
    assert "worst camera: 25" in without.out
    metrics = _document(tmp_path / "a")["rows"][1]["metrics"]
    assert metrics["iou"] is None
    assert metrics["vertex_containment"] > 0.9
    assert capture.flame_topology is not None
    remembered = run("validate", capture.capture, "--mesh", "flame", "--frames", "0", "--no-overlays", "--out", "b",
                     "--flame", capture.flame_topology, "--remember")  # fmt: skip
    assert remembered.code == 0
    assert _document(tmp_path / "b")["rows"][1]["metrics"]["iou"] > 0.2
    again = run("validate", capture.capture, "--mesh", "flame", "--frames", "0", "--no-overlays", "--out", "c")
    assert again.code == 0
    assert _document(tmp_path / "c")["rows"][1]["metrics"]["iou"] > 0.2


def test_the_undistorted_way_gives_the_same_verdict(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    common = ("validate", capture.capture, "--frames", "0", "--no-overlays", "--out")
    assert run(*common, "raw").code == run(*common, "classic", "--undistort").code == 0
    raw, classic = ({r["camera"]: r["metrics"] for r in _document(tmp_path / n)["rows"]} for n in ("raw", "classic"))
    for camera in CAMERAS:
        assert classic[camera]["iou"] == pytest.approx(raw[camera]["iou"], abs=0.01)
        if raw[camera]["reprojection_rms_px"] is not None:
            assert classic[camera]["reprojection_rms_px"] == pytest.approx(raw[camera]["reprojection_rms_px"], rel=0.1)


def test_what_facescape_lacks_can_be_given(run: Run, facescape: SynthTruth, tmp_path: Path) -> None:
    bare = run("validate", facescape.capture, "--no-overlays", "--out", "bare")
    assert bare.code == 2
    assert "--masks DIR" in bare.out
    assert facescape.masks is not None
    assert facescape.landmarks is not None
    given = run("validate", facescape.capture, "--masks", facescape.masks, "--landmarks", facescape.landmarks,
                "--out", "given")  # fmt: skip
    assert given.code == 0
    errors = []
    for row in _document(tmp_path / "given")["rows"]:
        assert row["metrics"]["iou"] > 0.98
        errors.append(row["metrics"]["reprojection_rms_px"])
    # One of the three looks at the back of the head.
    assert [error for error in errors if error is not None]
    assert all(error is None or error < 1.5 for error in errors)


def test_a_mesh_file_is_taken(run: Run, facescape: SynthTruth, tmp_path: Path) -> None:
    mesh = next(facescape.folder.rglob("*.ply"))
    shutil.copy(mesh, tmp_path / "given.ply")
    assert facescape.masks is not None
    result = run("validate", facescape.capture, "--mesh", "given.ply", "--masks", facescape.masks, "--no-overlays",
                 "--out", "out")  # fmt: skip
    assert result.code == 0
    assert {row["mesh"] for row in _document(tmp_path / "out")["rows"]} == {"given"}


def test_real_photographs(run: Run, shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "middlebury_dino"
    result = run("validate", folder, "--mesh", folder / "hull_from_odd_views.ply", "--out", "out", "--no-overlays")
    assert result.code == 0
    rows = {int(row["camera"][-4:]): row["metrics"]["iou"] for row in _document(tmp_path / "out")["rows"]}
    # The views that played no part in carving the hull, and what a polygon fill of the projected hull scores there.
    expected = {2: 0.967, 4: 0.942, 7: 0.925, 9: 0.972, 11: 0.979, 13: 0.931, 15: 0.933}
    for view, iou in expected.items():
        assert rows[view] == pytest.approx(iou, abs=0.01)
    held_out = np.mean([rows[view] for view in expected])
    assert held_out == pytest.approx(np.mean(list(expected.values())), abs=0.01)
