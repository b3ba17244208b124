"""What commands write: a refused one leaves nothing, and nobody's files are written over."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_result import Result

from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]
QUICK = ("--frames", "0", "--no-overlays", "--no-checks", "--renderer", "cpu")

REFUSED = (
    "validate missing",
    "validate missing --out new/run",
    "validate missing --out new --log-file said.log",
    "validate {capture} --cameras nobody",
    "validate {capture} --out new/run --gate 'iou >'",
    "validate {capture} --out new/run --overlays some",
    "validate 'none*' --out new/run",
    "validate 'none*'",
    "validate --resume missing",
    "overlay missing --out new",
    "overlay {capture} --out new --name same",
    "overlay {capture} --out new/deeper --cameras nobody",
    "overlay {capture} --video time --out new",
    "render {capture} --out new --name '{{nobody}}' --layers shaded",
    "render missing.ply --out new",
    "prove missing --out new",
    "prove {capture} --out new --cameras nobody",
    "refine missing --out new.json",
    "convert missing new.json --to krt",
    "convert {capture} new --to middlebury",
    "testkit missing --out new",
    "synth new/deeper --fault rotated@99",
    "synth new --fault shifted@99 --like facescape",
    "merge missing --out new",
    "compare missing other --out new.html",
    "drift missing other --out new.html",
    "inspect missing --plot new.png",
    "export-rerun missing new.rrd",
    "export-gltf missing new.glb",
)


@pytest.mark.parametrize("line", REFUSED)
def test_a_refused_command_leaves_nothing(run: Run, capture: SynthTruth, tmp_path: Path, line: str) -> None:
    result = run(*shlex.split(line.format(capture=capture.capture)))
    assert result.code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_no_run_folder(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / "rig.json").write_text("mine")
    for words in (("validate", *QUICK), ("prove",)):
        result = run(*words, capture.capture, "--out", "scene")
        assert result.code == 2
        assert "not empty, and no run of renderkit (report.json is missing): choose another --out" in result.err
    assert [path.name for path in (tmp_path / "scene").iterdir()] == ["rig.json"]
    assert (tmp_path / "scene" / "rig.json").read_text() == "mine"


def test_a_second_run_replaces_the_first_one_of_the_capture(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    quick = ("--frames", "0", "--no-checks", "--no-sanity", "--renderer", "cpu", "--out", "run")
    assert run("validate", capture.capture, *quick, "--overlays", "all").code == 0
    pictures = set((tmp_path / "run" / "overlays").iterdir())
    (tmp_path / "run" / "notes.md").write_text("mine")
    assert run("validate", capture.capture, *quick, "--cameras", "22,28", "--overlays", "all").code == 0
    left = {path.name for path in (tmp_path / "run" / "overlays").iterdir()}
    assert len(pictures) > len(left) == 3  # two cameras and a sheet
    assert (tmp_path / "run" / "notes.md").read_text() == "mine"
    copied = shutil.copytree(capture.capture.parent, tmp_path / "again")
    for path in copied.glob("*.smc"):
        path.rename(path.with_name(path.name.replace("0000", "0001")))
    result = run("validate", next(copied.glob("*anno.smc")), *quick)
    assert result.code == 2
    assert "holds a run of '0000_e0_anno.smc', not of '0001_e0_anno.smc': choose another --out" in result.err
    assert (tmp_path / "run" / "report.json").exists()


def test_pictures_do_not_replace_the_photographs(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    assert run("synth", "made", "--board", "chessboard:9x6:0.02", "--cameras", "2", "--frames", "1", "--size", "96x80")
    photos = {path: path.read_bytes() for path in (tmp_path / "made" / "images" / "000").iterdir()}
    scan = capture.capture.with_name("scan.ply")
    scan.write_text(
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
        "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n.1 0 0\n0 .1 0\n3 0 1 2\n"
    )
    for command in ("overlay", "render"):
        result = run(command, "made", "--mesh", scan, "--name", "{camera}.jpg", "--out", "made/images/000")
        assert result.code == 2
        assert "is a file of the capture: choose another --out or --name" in result.err
    assert {path: path.read_bytes() for path in (tmp_path / "made" / "images" / "000").iterdir()} == photos
