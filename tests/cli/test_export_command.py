"""renderkit export-rerun and export-gltf on a finished run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import trimesh
from command_result import Result

from renderkit.cli import main
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def finished(capture: SynthTruth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    with pytest.raises(SystemExit):
        main(["validate", str(capture.capture), "--out", str(folder), "--frames", "0", "--no-overlays"])
    return folder


def test_a_run_for_rerun(run: Run, finished: Path, tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk is not installed")
    result = run("export-rerun", finished, "out.rrd")
    assert (result.code, result.err) == (0, "")
    assert (tmp_path / "out.rrd").stat().st_size > 100_000


def test_a_capture_that_moved_is_asked_for(run: Run, finished: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(finished, moved)
    report = moved / "report.json"
    report.write_text(report.read_text().replace('"capture": "', '"capture": "/gone'))
    result = run("export-rerun", moved, "out.rrd")
    assert result.code == 2
    assert "give --capture PATH" in result.err


def test_rig_and_meshes_as_gltf_light_or_whole(run: Run, finished: Path, capture: SynthTruth, tmp_path: Path) -> None:
    assert run("export-gltf", finished, "light.glb").code == 0
    assert run("export-gltf", finished, "whole.glb", "--capture", capture.capture).code == 0
    counts = []
    for name in ("light.glb", "whole.glb"):
        scene = trimesh.load(tmp_path / name)
        assert isinstance(scene, trimesh.Scene)
        assert sum(node.startswith("camera ") for node in scene.graph.nodes) == 6
        counts.append(len(scene.geometry["mesh scan"].vertices))
    assert 1000 < counts[0] <= counts[1]
    (finished / "rig.json").rename(finished / "kept.json")
    result = run("export-gltf", finished, "none.glb")
    (finished / "kept.json").rename(finished / "rig.json")
    assert result.code == 2
    assert "holds no rig.json" in result.err
