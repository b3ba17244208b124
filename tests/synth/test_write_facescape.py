from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import trimesh

from renderkit.geometry.pose import Pose
from renderkit.synth.faults import WrittenCalibration
from renderkit.synth.placement import facescape_placement
from renderkit.synth.rig import facescape_rig
from renderkit.synth.write_facescape import (
    EXPRESSIONS,
    view_params,
    write_landmarks,
    write_params,
    write_ply,
    write_rt_scale,
)


def test_params_hold_world_to_camera_numbers(tmp_path: Path) -> None:
    camera = facescape_rig(3, (400, 560), "modest", facescape_placement(0, 0)[0], 0)["2"]
    write_params(tmp_path / "params.json", view_params("2", WrittenCalibration.of(camera), camera.size, False, 17))
    params = json.loads((tmp_path / "params.json").read_text())
    assert sorted(params) == sorted(
        f"2_{key}" for key in ("K", "Rt", "distortion", "width", "height", "matches", "valid", "sn", "ori")
    )
    assert np.shape(params["2_Rt"]) == (3, 4)
    assert np.allclose(np.array(params["2_Rt"])[:, :3], camera.cam_from_world.R, atol=1e-12)
    assert (params["2_width"], params["2_height"]) == camera.size
    assert params["2_valid"] is False


def test_ply_keeps_order_and_colours(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vertices = rng.normal(size=(30, 3)).astype(np.float32).astype(float)
    faces = rng.permutation(30).reshape(-1, 3).astype(np.int32)
    colors = rng.integers(0, 256, (30, 3)).astype(np.uint8)
    write_ply(tmp_path / "mesh.ply", vertices, faces, colors)
    mesh = trimesh.load(tmp_path / "mesh.ply", process=False)
    assert np.array_equal(mesh.vertices, vertices)
    assert np.array_equal(mesh.faces, faces)
    assert np.array_equal(mesh.visual.vertex_colors[:, :3], colors)


def test_alignment_and_landmarks_are_keyed_as_documented(tmp_path: Path) -> None:
    pose = Pose.from_rotation_vector([0.1, 0.2, 0.3], [1.0, 2.0, 3.0])
    write_rt_scale(tmp_path / "Rt_scale_dict.json", "122", {"4": (2.5, pose)})
    scale, matrix = json.loads((tmp_path / "Rt_scale_dict.json").read_text())["122"]["4"]
    assert scale == 2.5
    assert np.array_equal(matrix, pose.matrix[:3])
    write_landmarks(tmp_path / "l.json", "ibug68", {"4_anger": {"0": np.ones((2, 2))}}, {"4_anger": np.zeros((2, 3))})
    content = json.loads((tmp_path / "l.json").read_text())
    assert (content["format"], content["version"]) == ("renderkit-landmarks", 1)
    assert content["landmarks_2d"]["frames"]["4_anger"]["0"] == [[1.0, 1.0], [1.0, 1.0]]
    assert content["landmarks_3d"]["scheme"] == "ibug68"


def test_the_twenty_expressions_are_numbered_in_order() -> None:
    assert [int(name.split("_")[0]) for name in EXPRESSIONS] == list(range(1, 21))
