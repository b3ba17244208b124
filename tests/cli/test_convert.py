from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_result import invoke

from renderkit.cli.convert import convert
from renderkit.errors import DatasetError
from renderkit.formats import InexpressibleError, read_rig, write_rig
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A rig.json with one pinhole and one distorted camera."""
    K = np.array([[1000.0, 0.0, 499.5], [0.0, 1000.0, 399.5], [0.0, 0.0, 1.0]])
    pose = Pose(np.eye(3), np.array([0.0, 0.0, 2.0]))
    lens = BrownConrady(np.array([-0.1, 0.02, 0.001, 0.0]))
    cameras = {"a": Camera(K, 1000, 800, cam_from_world=pose), "b": Camera(K, 1000, 800, lens, pose)}
    write_rig(Rig(cameras, "m"), tmp_path / "rig.json", format="rig")
    return tmp_path / "rig.json"


def run(*arguments: object) -> tuple[int, str, str]:
    return invoke(convert, *arguments)


def test_an_exact_conversion_says_so(source: Path, tmp_path: Path) -> None:
    code, out, _ = run(source, tmp_path / "t.json", "--to", "nerfstudio")
    assert code == 0
    assert "2 cameras, rig -> nerfstudio, 2 exact" in out
    assert len(read_rig(tmp_path / "t.json")) == 2


def test_a_refusal_writes_nothing_and_names_the_loss(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InexpressibleError, match=r"\[b\].*no distortion.*by up to .* px.*--approximate"):
        run(source, tmp_path / "a_par.txt", "--to", "middlebury")
    assert not (tmp_path / "a_par.txt").exists()


def test_approximate_prints_residual_and_map(source: Path, tmp_path: Path) -> None:
    code, out, err = run(source, tmp_path / "a_par.txt", "--to", "middlebury", "--approximate")
    assert code == 0
    assert "1 exact" in out
    assert "1 approximated" in out
    assert "none(0)" in out
    lines = out.splitlines()
    rows = lines[next(i for i, line in enumerate(lines) if line.startswith("map of camera b")) + 1 :]
    assert len(rows) == 20
    assert {len(row) for row in rows} == {2 + 25}
    assert any("@" in row for row in rows)
    assert "has no image size" in err


def test_sizes_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "KRT").write_text("c\n1 0 5\n0 1 4\n0 0 1\n0 0 0 0 0\n1 0 0 0\n0 1 0 0\n0 0 1 2\n")
    run(tmp_path / "KRT", tmp_path / "out.json", "--to", "rig", "--size", "20x10", "--from", "krt")
    assert json.loads((tmp_path / "out.json").read_text())["cameras"][0]["width"] == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "nerf"], "unknown format 'nerf'"),
        (["--to", "dictionary"], "unknown format 'dictionary'"),
        (["--to", "rig", "--from", "krd"], "unknown format 'krd'"),
        (["--to", "rig", "--size", "20"], "WIDTHxHEIGHT"),
        (["--to", "rig", "--size", "0x5"], "WIDTHxHEIGHT"),
    ],
)
def test_usage_errors_leave_with_2(options: list[str], message: str, source: Path, tmp_path: Path) -> None:
    code, _, err = run(source, tmp_path / "x", *options)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())


def test_nothing_is_overwritten_unasked(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the same"):
        run(source, source, "--to", "rig", "--overwrite")
    (tmp_path / "there.json").write_text("{}")
    with pytest.raises(DatasetError, match="--overwrite"):
        run(source, tmp_path / "there.json", "--to", "rig")
    assert run(source, tmp_path / "there.json", "--to", "rig", "--overwrite")[0] == 0
