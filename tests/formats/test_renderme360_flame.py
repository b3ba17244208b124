"""FLAME in RenderMe-360: both documented layouts, faces, and the translation chosen by evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from renderkit.capture import MissingPart
from renderkit.errors import DatasetError
from renderkit.flame.topology import FLAME_HELP
from renderkit.flame.translation import choose_translation, optical_axes_focus
from renderkit.formats.renderme360 import RenderMe360Capture


def write_flame(path: Path, arrays: dict[str, np.ndarray[Any, Any]], *, keypoints: bool = False) -> None:
    with h5py.File(path, "r+") as file:
        del file["FLAME/0"]
        if not keypoints:
            del file["Keypoints3d"]
        for key, value in arrays.items():
            file[f"FLAME/0/{key}"] = value


def test_found_layout_has_a_leading_one(smc_single: Path) -> None:
    shapes = {"shape": 100, "exp": 50, "global_pose": 3, "jaw_pose": 3, "cam": 4, "tex": 50}
    arrays: dict[str, Any] = {key: np.arange(count, dtype=np.float32)[None] + 1 for key, count in shapes.items()}
    arrays |= {"verts": np.ones((1, 5, 3), np.float32), "lit": np.ones((1, 9, 3)), "albedos": np.ones((1, 3, 8, 8))}
    write_flame(smc_single, arrays)
    with RenderMe360Capture(smc_single) as capture:
        fit = capture.flame_parameters("0")
        assert fit is not None
        for key, count in shapes.items():
            np.testing.assert_array_equal(getattr(fit, key), np.arange(count) + 1.0)
        assert fit.verts is not None
        assert fit.lit is not None
        assert fit.albedos is not None
        assert (fit.verts.shape, fit.lit.shape, fit.albedos.shape) == ((5, 3), (9, 3), (3, 8, 8))
        assert (fit.trans, fit.neck_pose, fit.left_eye_pose) == (None, None, None)
        assert capture.flame_parameters("2") is not None
        assert capture.flame_parameters("7") is None


def test_documented_layout_has_none(smc_single: Path) -> None:
    arrays: dict[str, Any] = {
        "trans": np.array([1.0, 2.0, 3.0]), "neck_pose": np.zeros(3), "verts": np.zeros((5, 3)),
        "novel": np.arange(4),
    }  # fmt: skip
    write_flame(smc_single, arrays)
    with RenderMe360Capture(smc_single) as capture:
        fit = capture.flame_parameters("0")
        assert fit is not None
        np.testing.assert_array_equal(fit.trans, [1.0, 2.0, 3.0])
        np.testing.assert_array_equal(fit.others["novel"], np.arange(4))
        assert fit.cam is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("verts", np.zeros((2, 5, 3))), ("cam", np.zeros(3)), ("jaw_pose", np.zeros((3, 3))), ("lit", np.zeros((3, 9)))],
)
def test_a_wrong_shape_is_an_error(smc_single: Path, key: str, value: np.ndarray[Any, Any]) -> None:
    write_flame(smc_single, {key: value})
    with RenderMe360Capture(smc_single) as capture, pytest.raises(DatasetError, match=f"FLAME/0/{key}"):
        capture.flame_parameters("0")


def test_vertices_come_without_faces_and_the_inventory_says_where_to_get_them(smc_single: Path) -> None:
    with RenderMe360Capture(smc_single) as capture:
        mesh = capture.frame("0").read_mesh("flame")
        assert (len(mesh.vertices), len(mesh.faces), mesh.name) == (4, 0, "flame")
        assert MissingPart("topology", FLAME_HELP) in capture.inventory().missing


def test_a_topology_gives_faces_or_says_why_not(smc_single: Path, tmp_path: Path) -> None:
    topology = tmp_path / "topology.npz"
    np.savez(topology, faces=np.array([[0, 1, 2], [0, 2, 3]]))
    with RenderMe360Capture(smc_single, flame=topology) as capture:
        assert len(capture.frame("0").read_mesh("flame").faces) == 2
        assert "topology" not in {part.kind for part in capture.inventory().missing}
        with capture.reopen() as again:
            assert len(again.flame_mesh("0").faces) == 2
    np.savez(topology, faces=np.array([[0, 1, 2], [0, 2, 4]]))
    with (
        RenderMe360Capture(smc_single, flame=topology) as capture,
        pytest.raises(DatasetError, match="the topology has 5 vertices, the mesh has 4"),
    ):
        capture.flame_mesh("0")
    np.savez(topology, f=np.array([[0, 1, 2]]), v_template=np.zeros((5, 3)))
    with RenderMe360Capture(smc_single, flame=topology) as capture, pytest.raises(DatasetError, match="5 vertices"):
        capture.flame_mesh("0")


def test_landmarks_decide_the_translation(smc_single: Path) -> None:
    random = np.random.default_rng(3)
    vertices = random.normal(0.0, 0.1, (400, 3))
    trans, cam = np.array([0.3, 0.0, 0.1]), np.array([2.0, -0.1, 0.2, 0.3])
    for name, offset in (("none", np.zeros(3)), ("trans", trans), ("cam", cam[1:])):
        with h5py.File(smc_single, "r+") as file:
            if "FLAME/0" in file:
                del file["FLAME/0"], file["Keypoints3d/0"]
            file["FLAME/0/verts"], file["FLAME/0/trans"], file["FLAME/0/cam"] = vertices, trans, cam
            file["Keypoints3d/0"] = vertices[:73] + offset + random.normal(0.0, 0.001, (73, 3))
        with RenderMe360Capture(smc_single) as capture:
            choice = capture.translation_choice("0")
            assert (choice.choice, choice.evidence) == (name, "landmarks3d")
            assert set(choice.scores) == {"none", "trans", "cam"}
            ordered = sorted(choice.scores.values())
            assert choice.margin == pytest.approx(ordered[1] - ordered[0])
            assert ordered[0] < 0.003 < choice.margin
            np.testing.assert_allclose(capture.flame_mesh("0").vertices, vertices + offset, atol=1e-12)


def test_equal_candidates_count_once_and_no_evidence_is_said() -> None:
    vertices = np.eye(3)
    same = choose_translation(vertices, {"trans": np.zeros(3)}, None, np.zeros(3))
    assert (same.choice, list(same.scores)) == ("none", ["none"])
    assert np.isnan(same.margin)
    blind = choose_translation(vertices, {"trans": np.ones(3)}, None, None)
    assert (blind.choice, blind.evidence, str(blind)) == ("none", "none", "translation: none, without evidence")


def test_axes_focus_is_where_axes_meet(smc_single: Path) -> None:
    with RenderMe360Capture(smc_single) as capture:
        cameras = [capture.camera(name) for name in capture.camera_names]
    focus = optical_axes_focus(cameras)
    assert focus is not None
    np.testing.assert_allclose(focus, np.zeros(3), atol=1e-12)
    assert optical_axes_focus(cameras[:1]) is None
    assert optical_axes_focus([cameras[0], cameras[0]]) is None


def test_texture_is_laid_on_through_the_topologys_coordinates(smc_single: Path, tmp_path: Path) -> None:
    (tmp_path / "t.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n")
    with RenderMe360Capture(smc_single, flame=tmp_path / "t.obj") as capture:
        mesh = capture.textured_flame_mesh("0")
        assert mesh is not None
        assert mesh.texture is not None
        assert mesh.texture.shape == (16, 16, 3)
        np.testing.assert_array_equal(mesh.uv, [[0, 0], [1, 0], [0, 1], [0, 0]])
    with RenderMe360Capture(smc_single) as capture:
        assert capture.textured_flame_mesh("0") is None


def test_nan_vertices_are_an_error(smc_single: Path) -> None:
    write_flame(smc_single, {"verts": np.full((4, 3), np.nan)})
    with RenderMe360Capture(smc_single) as capture, pytest.raises(DatasetError, match="NaN"):
        capture.flame_mesh("0")


def test_real_fit_needs_cam_and_fills_58_of_60_views(
    tmp_path: Path, shared_data: Path, real_calibration: dict[str, Any]
) -> None:
    """The published count: the whole head lies inside 58 views with cam[1:4] added, inside 2 without."""
    path = tmp_path / "0026_e0_anno.smc"
    fit = np.load(shared_data / "renderme360" / "flame_fit.npz")
    with h5py.File(path, "w") as file:
        for name, numbers in real_calibration.items():
            for key, value in numbers.items():
                file[f"Calibration/{name}/{key}"] = np.array(value)
        for key in fit.files:
            file[f"FLAME/0/{key}"] = fit[key]
    with RenderMe360Capture(path, flame=shared_data / "flame" / "topology.npz") as capture:
        choice = capture.translation_choice("0")
        assert (choice.choice, choice.evidence) == ("cam", "optical axes")
        np.testing.assert_array_equal(choice.offset, fit["cam"][0, 1:4].astype(np.float64))
        assert choice.scores["cam"] == pytest.approx(0.0365, abs=1e-3)
        assert choice.margin == pytest.approx(0.2592, abs=1e-3)
        mesh = capture.frame("0").read_mesh("flame")
        assert mesh.faces.shape == (9976, 3)
        for vertices, expected in ((mesh.vertices, 58), (mesh.vertices - choice.offset, 2)):
            cameras = [capture.camera(name) for name in capture.camera_names]
            whole = [bool(camera.in_image(camera.project(vertices)).all()) for camera in cameras]
            assert sum(whole) == expected
