"""renderkit render: a capture's views, and a bare mesh from a ring of views or from given cameras."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from command_result import Result

from renderkit.formats import open_capture
from renderkit.renderers.raycast import raycast
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A box in a file."""
    path = tmp_path / "box.ply"
    trimesh.creation.box((1.0, 2.0, 0.5)).export(path)
    return path


def test_a_view_of_a_capture_agrees_with_the_ray_caster(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    assert run("render", capture.capture, "--cameras", "31", "--out", "r").code == 0
    depth = np.load(tmp_path / "r" / "0_31_scan_depth.npy")
    with open_capture(capture.capture) as opened:
        expected = raycast(opened.frame("0").read_mesh("scan"), opened.camera("31"))
    mask = cv2.imread(str(tmp_path / "r" / "0_31_scan_mask.png"), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert np.count_nonzero((mask > 0) != expected.mask) <= 3
    both = np.isfinite(depth) & expected.mask
    assert np.median(np.abs(depth[both] - expected.depth[both])) < 1e-5
    sidecar = json.loads((tmp_path / "r" / "0_31_scan.json").read_text())
    coded = cv2.imread(str(tmp_path / "r" / "0_31_scan_depth.png"), cv2.IMREAD_UNCHANGED)
    assert coded is not None
    np.testing.assert_allclose(coded[both] * sidecar["depth_scale"], depth[both], atol=sidecar["depth_scale"])


def test_a_bare_mesh_is_seen_all_around(run: Run, box: Path, tmp_path: Path) -> None:
    result = run("render", box, "--views", "3", "--size", "200x150", "--out", "r")
    assert result.code == 0
    for index in range(3):
        mask = cv2.imread(str(tmp_path / "r" / f"box_{index}_mask.png"), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert mask.shape == (150, 200)
        assert 1000 < np.count_nonzero(mask) < 25_000
        assert not mask[[0, -1]].any()
        assert not mask[:, [0, -1]].any()


def test_a_bare_mesh_in_given_cameras(run: Run, box: Path, shared_data: Path, tmp_path: Path) -> None:
    rig = shared_data / "middlebury_dino" / "dinoSR_par.txt"
    assert run("render", box, "--rig", rig, "--cameras", "3", "--out", "r").code == 0
    assert json.loads((tmp_path / "r" / "box_dinoSR0003.json").read_text())["width"] == 640


@pytest.mark.parametrize("size", ["200", "0x10", "10x99999", "ax5"])
def test_a_size_that_is_none_is_2(run: Run, box: Path, size: str) -> None:
    result = run("render", box, "--size", size)
    assert result.code == 2
    assert "WIDTHxHEIGHT" in result.err


def test_what_cannot_be_rendered_is_2(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    (tmp_path / "points.ply").write_bytes(b"not a mesh")
    assert run("render", tmp_path / "points.ply").code == 2
    assert run("render", tmp_path / "gone.obj").code == 2
    flame = run("render", capture.capture, "--mesh", "flame")
    assert flame.code == 2
    assert "--flame FILE" in flame.err


def test_options_of_style_give_one_picture_of_each_view(run: Run, box: Path, tmp_path: Path) -> None:
    style = ("--layers", "normals,wireframe", "--background", "transparent", "--no-caption", "--max-size", "100")
    result = run(
        "render", box, "--views", "2", "--size", "200x150", *style, "--name", "{mesh}-{camera}.png", "--out", "r"
    )
    assert result.code == 0, result.err
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["box-0.png", "box-1.png"]
    picture = cv2.imread(str(tmp_path / "r" / "box-0.png"), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (75, 100, 4)
    assert picture[0, 0, 3] == 0
    assert picture[37, 50, 3] == 255
    assert run("render", box, "--views", "1", "--crop", "mesh", "--format", "webp", "--out", "s").code == 0
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["box_0.webp"]


def test_a_style_that_is_none_is_2(run: Run, box: Path) -> None:
    assert run("render", box, "--layers", "shadow").code == 2
    assert run("render", box, "--background", "transparent", "--format", "jpg").code == 2


@pytest.mark.parametrize("style", [(), ("--layers", "textured")])
def test_what_a_mesh_file_lacks_is_a_warning(run: Run, tmp_path: Path, style: tuple[str, ...]) -> None:
    """A grey picture of a mesh whose texture is missing must say why."""
    (tmp_path / "m.mtl").write_text("newmtl skin\nmap_Kd gone.png\n")
    body = "mtllib m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl skin\nf 1/1 2/2 3/3\n"
    (tmp_path / "head.obj").write_text(body)
    result = run("render", tmp_path / "head.obj", "--views", "1", "--size", "64x48", "--out", "r", *style)
    assert result.code == 0
    assert "warning: mesh head: texture 'gone.png' is left out: no such file in the mesh's folder" in result.err
