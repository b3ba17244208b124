from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

K = np.array([[1000.0, 2.5, 310.0], [0.0, 1100.0, 245.0], [0.0, 0.0, 1.0]])
POSE = Pose.from_rotation_vector([0.2, -0.4, 0.1], [0.05, -0.1, 2.0])


def camera(coefficients: list[float] | None = None, skew: float = 2.5) -> Camera:
    intrinsics = K.copy()
    intrinsics[0, 1] = skew
    return Camera.from_opencv(intrinsics, coefficients or [], POSE, (640, 480), "a")


def points(count: int = 200) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (count, 3))


def test_projection_in_the_world_is_opencvs() -> None:
    D = np.array([-0.1, 0.05, 0.001, -0.002, 0.01])
    view = camera(list(D), skew=0.0)
    expected = cv2.projectPoints(points(), POSE.rotation_vector, POSE.t, view.K, D)[0].reshape(-1, 2)
    assert np.abs(view.project(points()) - expected).max() < 1e-9


def test_skew_is_the_homogeneous_projection() -> None:
    view = camera()
    homogeneous = (view.K @ (POSE.R @ points().T + POSE.t[:, None])).T
    assert np.allclose(view.project(points()), homogeneous[:, :2] / homogeneous[:, 2:], atol=1e-10)


def test_behind_and_on_the_camera_plane_is_nan_and_empty_is_empty() -> None:
    view = camera([-0.1, 0.0, 0.0, 0.0])
    assert np.isnan(view.project_cam([[0.0, 0.0, 0.0], [0.1, 0.0, -1.0], [0.1, 0.1, 0.0]])).all()
    assert view.project(np.zeros((0, 3))).shape == (0, 2)
    assert np.isnan(view.project([[np.nan, 0.0, 0.0]])).all()


def test_far_off_axis_points_do_not_fold_back_into_the_image() -> None:
    view = camera([-0.3, 0.0, 0.0, 0.0], skew=0.0)
    # OpenCV draws this point inside the picture; it lies beyond the turning point at r = 1.054.
    point = np.array([[1.8, 0.0, 1.0]])
    folded = cv2.projectPoints(point, np.zeros(3), np.zeros(3), view.K, np.array([-0.3, 0.0, 0.0, 0.0]))[0]
    assert view.in_image(np.asarray(folded, np.float64).reshape(-1, 2)).all()
    assert np.isnan(view.project_cam(point)).all()


@given(st.floats(0.1, 4.0), st.floats(0.1, 4.0))
def test_scaling_keeps_every_point_at_the_same_place_of_the_picture(ratio_x: float, ratio_y: float) -> None:
    view = camera([-0.1, 0.02, 0.001, 0.0])
    size = max(1, round(640 * ratio_x)), max(1, round(480 * ratio_y))
    # A place of the picture is (u + 0.5) / width: the picture spans [-0.5, width - 0.5].
    before = (view.project(points()) + 0.5) / view.size
    after = (view.scaled(size).project(points()) + 0.5) / size
    assert np.allclose(before, after, atol=1e-12)


def test_scaling_agrees_with_opencvs_resize() -> None:
    """The centroid of a blob in a resized picture is where the scaled camera projects it."""
    view = camera(skew=0.0)
    pixel = np.array([[321.3, 240.6]])
    grid_v, grid_u = np.mgrid[0:480, 0:640]
    blob = np.exp(-((grid_u - pixel[0, 0]) ** 2 + (grid_v - pixel[0, 1]) ** 2) / (2 * 12.0**2))
    small = cv2.resize(blob, (160, 160), interpolation=cv2.INTER_AREA)
    v, u = np.mgrid[0:160, 0:160]
    centroid = np.array([(u * small).sum(), (v * small).sum()]) / small.sum()
    predicted = view.scaled((160, 160)).project_cam(view.unproject(pixel))
    assert np.allclose(predicted[0], centroid, atol=0.01)


def test_cropping_moves_pixels_by_the_corner() -> None:
    view = camera([-0.1, 0.02, 0.001, 0.0])
    window = view.cropped(100, 50, (200, 100))
    assert window.size == (200, 100)
    assert np.allclose(window.project(points()), view.project(points()) - [100, 50], atol=1e-10)


def test_clip_matrix_puts_points_where_project_does() -> None:
    view = camera()
    clip = np.column_stack([POSE.apply(points()), np.ones(200)]) @ view.clip_from_cam(0.5, 10.0).T
    ndc = clip[:, :3] / clip[:, 3:]
    # OpenGL's window: x = (ndc + 1) / 2 * width, y from the bottom; pixel centres at half integers.
    window = (ndc[:, :2] + 1.0) / 2.0 * view.size
    pixels = np.column_stack([window[:, 0] - 0.5, view.height - window[:, 1] - 0.5])
    assert np.allclose(pixels, view.project(points()), atol=1e-9)
    depths = np.array([[0.0, 0.0, 0.5, 1.0], [0.0, 0.0, 10.0, 1.0]]) @ view.clip_from_cam(0.5, 10.0).T
    assert np.allclose(depths[:, 2] / depths[:, 3], [-1.0, 1.0])


def test_gl_projection_takes_opengl_camera_axes() -> None:
    view = camera()
    world = np.column_stack([points(), np.ones(200)])
    through_gl = world @ view.gl_cam_from_world.T @ view.gl_projection(0.5, 10.0).T
    through_cv = world @ POSE.matrix.T @ view.clip_from_cam(0.5, 10.0).T
    assert np.allclose(through_gl, through_cv, atol=1e-12)


def test_rays_in_the_world_pass_through_the_points_they_show() -> None:
    view = camera([-0.1, 0.02, 0.001, 0.0])
    origin, directions = view.unproject_world(view.project(points()))
    depth = view.depth(points())
    assert np.allclose(origin + depth[:, None] * directions, points(), atol=1e-10)


def test_in_image_counts_the_half_pixel_border() -> None:
    view = camera()
    inside = view.in_image(np.array([[-0.5, -0.5], [639.5, 479.5], [-0.51, 0.0], [0.0, 479.51], [np.nan, 0.0]]))
    assert inside.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"K": np.full((3, 3), np.nan)}, "NaN"),
        ({"K": np.diag([0.0, 1.0, 1.0])}, "singular"),
        ({"K": np.diag([-5.0, 1.0, 1.0])}, "mirrors"),
        ({"K": K.T}, "K must be"),
        ({"K": np.eye(4)}, r"expected shape \(3, 3\), got \(4, 4\)"),
        ({"width": 0}, "at least 1 x 1"),
    ],
)
def test_what_is_no_camera_is_refused(change: dict[str, object], message: str) -> None:
    values: dict[str, object] = {"K": K, "width": 640, "height": 480, **change}
    with pytest.raises(ValueError, match=message):
        Camera(**values)  # type: ignore[arg-type]


def test_clip_matrix_wants_ordered_planes() -> None:
    with pytest.raises(ValueError, match="0 < near < far"):
        camera().clip_from_cam(2.0, 1.0)


def test_cameras_with_equal_values_are_equal() -> None:
    def make(**changes: object) -> Camera:
        values: dict[str, object] = {"K": np.diag([10.0, 10.0, 1.0]), "width": 4, "height": 3, "name": "a"}
        return Camera(**{**values, **changes})  # type: ignore[arg-type]

    assert make() == make()
    assert len({make(), make(), make(name="b")}) == 2
    others = (
        make(name="b"),
        make(width=5),
        make(K=np.diag([10.0, 11.0, 1.0])),
        make(distortion=BrownConrady(np.array([0.1, 0.0, 0.0, 0.0]))),
        make(cam_from_world=Pose(np.eye(3), np.array([0.0, 0.0, 1.0]))),
    )
    assert all(other != make() for other in others)
    assert make() != "a"


@pytest.mark.parametrize("lead", [(), (1,), (4,), (2, 3), (0,), (2, 0)])
def test_any_number_of_points_gives_as_many_pixels(lead: tuple[int, ...]) -> None:
    camera = Camera.look_at((0.0, 0.0, 5.0), (0.0, 0.0, 0.0), size=(640, 480))
    points = np.random.default_rng(1).uniform(-1.0, 1.0, (*lead, 3))
    pixels, depth = camera.project(points), camera.depth(points)
    assert pixels.shape == (*lead, 2)
    assert depth.shape == lead
    assert camera.in_image(pixels).shape == lead
    origin, directions = camera.unproject_world(pixels)
    assert camera.unproject(pixels).shape == directions.shape == (*lead, 3)
    np.testing.assert_allclose(origin + depth[..., None] * directions, points, atol=1e-12)


def test_constructors_agree_with_opencv() -> None:
    K, coefficients = np.array([[900.0, 0.0, 310.0], [0.0, 880.0, 250.0], [0.0, 0.0, 1.0]]), (-0.2, 0.05, 1e-3, 2e-3)
    rotation, translation = np.array([0.2, -0.3, 0.1]), np.array([0.1, -0.2, 4.0])
    points = np.random.default_rng(2).uniform(-0.5, 0.5, (20, 3))
    expected = cv2.projectPoints(points, rotation, translation, K, np.array(coefficients))[0][:, 0]
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = cv2.Rodrigues(rotation)[0], translation
    gl = np.linalg.inv(np.diag([1.0, -1.0, -1.0, 1.0]) @ matrix)
    for camera in (
        Camera.from_opencv(K, coefficients, matrix, (640, 480)),
        Camera.from_gl(K, gl, size=(640, 480), distortion_coefficients=coefficients),
    ):
        np.testing.assert_allclose(camera.project(points), expected, atol=1e-9)


def test_a_field_of_view_spans_the_image_from_edge_to_edge() -> None:
    camera = Camera.from_fov(90.0, (640, 480))
    np.testing.assert_allclose(camera.project([[-1.0, 0.0, 1.0], [1.0, 0.0, 1.0]])[:, 0], [-0.5, 639.5])
    aside = Camera.look_at((3.0, 0.0, 0.0), (0.0, 0.0, 0.0), size=(640, 480))
    u, v = aside.project((0.0, 0.1, 0.0))
    assert u == pytest.approx(319.5)
    assert v < 239.5
    for wrong in (0.0, 180.0, float("nan")):
        with pytest.raises(ValueError, match="fov_deg"):
            Camera.from_fov(wrong, (640, 480))
    for eye in ((0.0, 0.0, 0.0), (0.0, 1.0, 0.0)):
        with pytest.raises(ValueError, match="apart from the eye"):
            Camera.look_at(eye, (0.0, 0.0, 0.0), size=(4, 3))


def test_names_are_escaped_in_a_notebook() -> None:
    camera = Camera(np.diag([10.0, 10.0, 1.0]), 4, 3, name="<b>")
    assert "camera &lt;b&gt;" in camera._repr_html_()
    shown = Rig({f"<{index}>": camera for index in range(25)})._repr_html_()
    assert "&lt;0&gt;" in shown
    assert "and 5 more" in shown
    assert "<0>" not in shown


def test_no_coefficients_are_none_or_empty_as_in_opencv() -> None:
    some: tuple[ArrayLike | None, ...] = (None, [], np.zeros(5), np.zeros((1, 5)))
    for nothing in some:
        assert Camera.from_opencv(K, nothing, POSE, (640, 480), "a") == camera()


@pytest.mark.parametrize(
    ("pose", "message"),
    [
        ((np.eye(3), np.zeros(3)), r"cam_from_world: expected a pose.*got two parts: write Pose\(R, t\)"),
        (np.zeros((2, 3)), "got two parts"),
        (np.eye(3), r"got shape \(3, 3\); a rotation needs its translation"),
        (None, "cam_from_world: .*got None"),
        ("pose.txt", "cam_from_world: .*got str"),
        (POSE.matrix.T, "expected last row 0 0 0 1.*it is transposed"),
        (np.full((4, 4), np.nan), "cam_from_world: the matrix has NaN"),
        (np.diag([2.0, 2.0, 2.0, 1.0]), "it is a rotation times 2; divide"),
        (np.diag([1.0, 1.0, -1.0, 1.0]), "it mirrors"),
    ],
)
def test_what_is_no_pose_is_named_with_what_to_do(pose: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Camera.from_opencv(K, [], pose, (640, 480))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(640.6, 480), "64", None, 640, (640, 480, 3), (np.nan, 480), ("640", "480")])
def test_a_size_is_two_whole_numbers(size: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        Camera.from_opencv(K, [], POSE, size)
    with pytest.raises(ValueError, match="expected"):
        Camera.from_fov(60.0, size)
    with pytest.raises(ValueError, match="expected"):
        camera().scaled(size)
    with pytest.raises(ValueError, match="expected"):
        camera().cropped(0, 0, size)


def test_a_size_may_come_as_an_array() -> None:
    sizes: Any = np.array([640.0, 480.0]), np.array([640, 480], np.uint16)
    assert {Camera.from_opencv(K, [], POSE, size).size for size in sizes} == {(640, 480)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distortion": [0.1, 0.0, 0.0, 0.0]}, "distortion: expected a lens model, got list; .*from_opencv"),
        ({"cam_from_world": np.eye(4)}, r"cam_from_world: expected a Pose, got ndarray; .*Pose\.from_matrix"),
        ({"width": 640.5}, "width: expected a whole number of px, got 640.5"),
    ],
)
def test_parts_of_another_kind_are_refused_where_they_are_given(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Camera(**{"K": K, "width": 640, "height": 480, **change})  # type: ignore[arg-type]


def test_a_camera_to_world_pose_is_taken_like_its_matrix() -> None:
    pose = Pose(np.diag([1.0, -1.0, -1.0]), np.array([0.1, 0.2, 3.0]))
    assert Camera.from_gl(K, pose, (640, 480)) == Camera.from_gl(K, pose.matrix, (640, 480))


def test_points_at_infinity_have_no_pixel_and_no_warning() -> None:
    assert np.isnan(camera().project([[np.inf, 0.0, 1.0], [np.nan, 0.0, 1.0]])).all()
