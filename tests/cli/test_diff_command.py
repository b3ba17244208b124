from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_result import invoke

from renderkit.cli.diff import diff
from renderkit.errors import DatasetError
from renderkit.formats import read_rig, write_rig
from renderkit.geometry.rig import Rig


def run(*arguments: object) -> tuple[int, str, str]:
    return invoke(diff, *arguments)


@pytest.fixture
def pair(shared_data: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Middlebury's cameras, and the same with the third one's principal point 4 px off and the last one left out."""
    rig = read_rig(shared_data / "middlebury_dino")
    write_rig(rig, tmp_path / "a.json", format="rig")
    K = np.array(rig["dinoSR0003"].K)
    K[0, 2] += 4.0
    cameras = dict(rig.cameras) | {"dinoSR0003": replace(rig["dinoSR0003"], K=K)}
    del cameras["dinoSR0016"]
    write_rig(Rig(cameras), tmp_path / "b.json", format="rig")
    return tmp_path / "a.json", tmp_path / "b.json"


def test_the_table_names_the_worst(pair: tuple[Path, Path]) -> None:
    code, out, _ = run(*pair)
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("dinoSR0003"))
    assert row.split()[1:3] == ["4", "4"]
    assert "worst camera: 4 px as stated" in out
    assert "only in A: dinoSR0016" in out


def test_json_on_a_mesh(pair: tuple[Path, Path], tmp_path: Path) -> None:
    # Points of the dinosaur's bounding box.
    points = np.random.default_rng(0).uniform([-0.06, 0.02, -0.09], [0.03, 0.08, -0.02], (300, 3))
    lines = ["v {} {} {}".format(*point) for point in points.tolist()] + ["f 1 2 3"]
    (tmp_path / "hull.obj").write_text("\n".join([*lines, ""]))
    _, out, _ = run(*pair, "--json", "--mesh", tmp_path / "hull.obj")
    report = json.loads(out)
    worst = max(report["raw"], key=lambda one: one["max_px"])
    assert worst["camera"] == "dinoSR0003"
    assert worst["mean_px"] == pytest.approx(4.0)
    assert worst["num_points"] > 200
    assert report["alignment"]["scale"] == pytest.approx(1.0)
    assert report["compared_on"].startswith("mesh")


def test_the_plot_is_written(pair: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run(*pair, "--plot", tmp_path / "field.png", "--distance", "0.5")
    assert (tmp_path / "field.png").stat().st_size > 10_000


@pytest.mark.parametrize("options", [["--plot", "x.html"], ["--mesh", "m.ply", "--distance", "1"]])
def test_usage_errors_leave_with_2(options: list[str], pair: tuple[Path, Path]) -> None:
    assert run(*pair, *options)[0] == 2


def test_rigs_without_a_common_camera_are_bad_input(pair: tuple[Path, Path], tmp_path: Path) -> None:
    rig = read_rig(pair[0])
    write_rig(Rig({"x": rig["dinoSR0001"]}), tmp_path / "c.json", format="rig")
    with pytest.raises(DatasetError, match="no camera is in both"):
        run(pair[0], tmp_path / "c.json")
