from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from renderkit.diagnosis.diff import diff_rigs, working_distance
from renderkit.formats import read_rig
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig


@pytest.fixture
def rig() -> Rig:
    """Eight cameras on a ring of radius 2 that look at the origin."""
    cameras = {}
    for index in range(8):
        turn = Rotation.from_euler("y", 45.0 * index, degrees=True).as_matrix()
        K = np.array([[1000.0, 0.0, 499.5], [0.0, 1000.0, 399.5], [0.0, 0.0, 1.0]])
        cameras[str(index)] = Camera(
            K, 1000, 800, BrownConrady(np.array([-0.05, 0.0, 0.0, 0.0])), Pose(turn, np.array([0.0, 0.0, 2.0]))
        )
    return Rig(cameras, "m")


def changed(rig: Rig, name: str, **change: object) -> Rig:
    cameras = dict(rig.cameras)
    cameras[name] = replace(cameras[name], **change)  # type: ignore[arg-type]
    return Rig(cameras, rig.unit)


def test_a_rig_against_itself_is_zero(rig: Rig) -> None:
    result = diff_rigs(rig, rig)
    assert result.worst_raw_px == 0.0
    assert result.worst_aligned_px < 1e-9
    assert result.working_distance == pytest.approx(2.0)
    assert all(one.num_lost == 0 and one.num_points > 400 for one in result.raw)


def test_a_shift_of_the_principal_point_is_that_shift(rig: Rig) -> None:
    K = np.array(rig["3"].K)
    K[:2, 2] += [3.0, 4.0]
    result = diff_rigs(rig, changed(rig, "3", K=K))
    one = result.raw[3]
    assert one.max_px == pytest.approx(5.0)
    assert one.mean_px == pytest.approx(5.0)
    np.testing.assert_allclose(one.displacement_px, np.tile([3.0, 4.0], (one.num_points, 1)), atol=1e-9)
    assert one.principal_point_change_px.tolist() == [3.0, 4.0]
    assert [other.max_px for other in result.raw if other.camera != "3"] == [0.0] * 7


def test_rotation_and_centre_are_those_of_the_change(rig: Rig) -> None:
    camera = rig["2"]
    turn = Rotation.from_rotvec([0.0, np.radians(0.5), 0.0]).as_matrix()
    pose = camera.cam_from_world
    result = diff_rigs(rig, changed(rig, "2", cam_from_world=Pose(turn @ pose.R, turn @ pose.t)))
    assert result.raw[2].rotation_deg == pytest.approx(0.5)
    assert result.raw[2].center_distance == pytest.approx(0.0, abs=1e-12)
    moved = diff_rigs(rig, changed(rig, "2", cam_from_world=Pose(pose.R, pose.t + np.array([0.003, 0.0, 0.004]))))
    assert moved.raw[2].center_distance == pytest.approx(0.005)
    assert moved.raw[2].rotation_deg == pytest.approx(0.0, abs=1e-6)


def test_a_common_motion_and_scale_is_taken_out(rig: Rig) -> None:
    turn = Rotation.from_rotvec([0.2, 0.1, -0.3]).as_matrix()
    scale, shift = 1000.0, np.array([40.0, 50.0, 60.0])
    cameras = {}
    for name, camera in rig.cameras.items():
        rotation = camera.cam_from_world.R @ turn.T
        center = scale * turn @ camera.center_world + shift
        cameras[name] = replace(camera, cam_from_world=Pose(rotation, -rotation @ center))
    result = diff_rigs(rig, Rig(cameras, "mm"))
    assert not result.worst_raw_px < 50.0
    assert result.worst_aligned_px < 1e-7
    assert result.alignment.scale == pytest.approx(1000.0)
    np.testing.assert_allclose(result.alignment.R, turn, atol=1e-12)
    assert max(one.center_distance for one in result.aligned) < 1e-9


def test_a_mesh_is_compared_vertex_by_vertex_as_opencv_projects_it(rig: Rig) -> None:
    vertices = np.random.default_rng(2).uniform(-0.3, 0.3, (50, 3))
    mesh = Mesh(vertices, np.zeros((0, 3), np.int32), name="scan")
    other = changed(rig, "1", distortion=BrownConrady(np.array([-0.08, 0.02, 0.001, 0.0])))
    one = diff_rigs(rig, other, mesh=mesh).raw[1]
    pixels = [
        cv2.projectPoints(
            vertices,
            cv2.Rodrigues(np.array(camera.cam_from_world.R))[0],
            np.array(camera.cam_from_world.t),
            np.array(camera.K),
            np.array(camera.distortion.coefficients),
        )[0][:, 0]
        for camera in (rig["1"], other["1"])
    ]
    length = np.linalg.norm(pixels[1] - pixels[0], axis=1)
    assert one.num_points == 50
    assert one.max_px == pytest.approx(float(length.max()), abs=1e-9)
    assert one.mean_px == pytest.approx(float(length.mean()), abs=1e-9)


def test_points_that_the_second_cannot_project_are_counted(rig: Rig) -> None:
    folding = changed(rig, "0", distortion=BrownConrady(np.array([-1.6, 0.0, 0.0, 0.0])))
    one = diff_rigs(rig, folding).raw[0]
    assert one.num_lost > 50
    assert np.isnan(one.displacement_px).any(axis=1).sum() == one.num_lost
    behind = changed(rig, "0", cam_from_world=Pose(np.diag([-1.0, 1.0, -1.0]), np.array([0.0, 0.0, -2.0])))
    lost = diff_rigs(rig, behind).raw[0]
    assert np.isnan(lost.max_px)
    assert lost.as_json()["max_px"] is None


def test_cameras_without_a_partner_are_named(rig: Rig) -> None:
    fewer = Rig({name: camera for name, camera in rig.cameras.items() if name != "4"} | {"9": rig["4"]})
    result = diff_rigs(rig, fewer)
    assert result.only_in_first == ("4",)
    assert result.only_in_second == ("9",)
    with pytest.raises(ValueError, match="no camera is in both calibrations: 0, 1, 2, 3"):
        diff_rigs(rig, Rig({"x": rig["0"]}))
    with pytest.raises(ValueError, match="distance must be positive"):
        diff_rigs(rig, rig, distance=0.0)


def test_the_sphere_has_the_distance_that_is_asked_for(rig: Rig) -> None:
    pose = rig["0"].cam_from_world
    moved = changed(rig, "0", cam_from_world=Pose(pose.R, pose.t + np.array([0.01, 0.0, 0.0])))
    near, far = (diff_rigs(rig, moved, distance=distance).raw[0] for distance in (1.0, 10.0))
    # On the axis a sidestep of 0.01 at distance d moves the pixel by 1000 * 0.01 / d.
    middle = int(np.argmin(np.linalg.norm(near.pixels - [499.5, 399.5], axis=1)))
    assert near.displacement_px[middle, 0] == pytest.approx(10.0, rel=1e-3)
    assert far.displacement_px[middle, 0] == pytest.approx(1.0, rel=1e-3)


def test_the_working_distance_falls_back_on_the_extent() -> None:
    K = np.array([[1000.0, 0.0, 499.5], [0.0, 1000.0, 399.5], [0.0, 0.0, 1.0]])
    row = Rig(
        {
            str(i): Camera(K, 1000, 800, cam_from_world=Pose(np.eye(3), np.array([-float(i), 0.0, 0.0])))
            for i in range(5)
        }
    )
    assert working_distance(row) == pytest.approx(2.0)
    assert working_distance(Rig({"0": row["0"]})) == 1.0


def test_two_real_calibrations(shared_data: Path) -> None:
    folder = shared_data / "renderme360"
    first, second = (read_rig(folder / f"calibration_{name}.json") for name in ("distorted", "0026_s1_all"))
    result = diff_rigs(first, second)
    assert result.working_distance == pytest.approx(1.26, abs=0.01)
    assert len(result.raw) == 60
    assert 0.99 < result.alignment.scale < 1.01
