"""One view: its scores against OpenCV and counts made by hand, and a reason for everything that is missing."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from ball_scene import RayRenderer, ball_camera, ball_landmarks, ball_mesh, ball_view, encoded

from renderkit.capture import View
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.metrics.scored_view import Missing
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.view import examine_view
from renderkit.results.kinds import METRIC_GROUPS, asked_kinds
from renderkit.results.rows import ViewKey, ViewResult

KEY = ViewKey("memory", "0", "00", "scan")


def _examine(
    view: View,
    mesh: Mesh | None = None,
    landmarks: Landmarks | None = None,
    **options: bool | float | tuple[str, ...],
) -> ViewResult:
    content = FrameContent.of(Missing("the frame has no mesh") if mesh is None else mesh, landmarks)
    return examine_view(KEY, view, content, RayRenderer(), ValidationOptions(**options))  # type: ignore[arg-type]


def test_the_truth_scores_perfectly() -> None:
    row = _examine(ball_view("0", "00"), ball_mesh(), ball_landmarks())
    assert row.failure is None
    assert row.scores.mask is not None
    assert row.scores.boundary is not None
    assert row.scores.reprojection is not None
    assert row.scores.mask.iou == 1.0
    assert row.scores.mask.rendered_px > 3000
    assert row.scores.boundary.f == 1.0
    # cv2.projectPoints made the landmarks.
    assert row.scores.reprojection.max_px < 1e-6
    assert (row.scores.reprojection.num_used, row.scores.reprojection.num_hidden) == (7, 1)
    assert row.image_size == (160, 120)
    assert row.warnings == ()


def test_a_moved_picture_is_measured_by_its_shift() -> None:
    view = ball_view("0", "00")
    landmarks = view.read_landmarks()
    assert landmarks is not None
    assert view.mask is not None
    shift = np.array([3.0, -4.0])
    moved = Landmarks(landmarks.points + shift, landmarks.valid, "mesh")
    matte = np.roll(view.mask.decode_gray(), (-4, 3), (0, 1))
    row = _examine(replace(view, mask=encoded(matte), read_landmarks=lambda: moved), ball_mesh(), ball_landmarks())
    assert row.scores.reprojection is not None
    assert row.scores.reprojection.median_px == pytest.approx(5.0, abs=1e-6)
    np.testing.assert_allclose(row.scores.reprojection.bias_px, -shift, atol=1e-6)
    truth = view.mask.decode_gray() > 127
    both, either = int(np.sum(truth & (matte > 127))), int(np.sum(truth | (matte > 127)))
    assert row.scores.mask is not None
    assert row.scores.mask.iou == both / either


def test_an_inverted_matte_and_exchanged_coordinates_are_named() -> None:
    view = ball_view("0", "00")
    landmarks = view.read_landmarks()
    assert landmarks is not None
    assert view.mask is not None
    inverted = encoded(255 - view.mask.decode_gray())
    row = _examine(replace(view, mask=inverted), ball_mesh())
    assert any("looks inverted" in text for text in row.warnings)
    row = _examine(replace(view, mask=encoded(np.full_like(view.mask.decode_gray(), 255))), ball_mesh())
    assert any("covers the whole picture" in text for text in row.warnings)
    swapped = Landmarks(landmarks.points[:, ::-1], landmarks.valid, "mesh")
    row = _examine(replace(view, read_landmarks=lambda: swapped), ball_mesh(), ball_landmarks())
    assert any("x and y exchanged" in text for text in row.warnings)


def test_notes_of_all_parts_become_warnings_of_the_row() -> None:
    view = ball_view("0", "00")
    landmarks = view.read_landmarks()
    assert landmarks is not None
    assert view.mask is not None
    labels = encoded((view.mask.decode_gray() > 127).astype(np.uint8))
    noted = replace(landmarks, notes=("of the landmarks",))
    row = _examine(replace(view, mask=labels, read_landmarks=lambda: noted, notes=("of the view",)), ball_mesh())
    assert row.warnings[0] == "of the view"
    assert "0 and 1" in row.warnings[1]
    assert row.warnings[2] == "of the landmarks"
    assert row.scores.mask is not None
    assert row.scores.mask.iou == 1.0


def test_a_landmark_outside_the_picture_is_measured_not_hidden() -> None:
    turned = Pose.from_rotation_vector([0.0, 0.3, 0.0], [0.0, 0.0, 0.0])
    view = ball_view("0", "00")
    camera = replace(view.camera, cam_from_world=turned, distortion=ball_camera("00", []).distortion)
    row = _examine(replace(view, camera=camera), ball_mesh(), ball_landmarks())
    assert row.scores.reprojection is not None
    pixels, _ = cv2.projectPoints(ball_landmarks().points, turned.rotation_vector, turned.t, camera.K, None)
    outside = np.count_nonzero(pixels.reshape(-1, 2)[:, 0] > 159.5)
    assert outside >= 3
    assert row.scores.reprojection.num_used >= outside
    assert row.scores.reprojection.max_px > 100


def test_a_mesh_without_faces_is_projected_and_says_what_to_give() -> None:
    points = Mesh(ball_mesh().vertices, np.zeros((0, 3), dtype=np.int32), name="flame")
    row = _examine(ball_view("0", "00"), points, ball_landmarks())
    assert row.scores.mask is None
    assert "--flame FILE" in row.missing["mask"]
    assert row.scores.containment is not None
    assert row.scores.containment.containment > 0.9
    assert row.scores.containment.num_points == len(points.vertices)
    assert row.scores.reprojection is not None
    assert (row.scores.reprojection.num_used, row.scores.reprojection.num_hidden) == (8, 0)
    assert any("no landmark is known to be hidden" in text for text in row.warnings)


def test_what_is_missing_has_a_reason_each() -> None:
    bare = View("0", ball_camera("00"))
    row = _examine(bare, ball_mesh())
    assert "--masks DIR" in row.missing["mask"]
    assert "no 3D landmarks" in row.missing["reprojection"]
    row = _examine(bare, None, ball_landmarks())
    assert row.missing["mask"] == row.missing["containment"] == "the frame has no mesh"
    assert "no 2D landmarks" in row.missing["reprojection"]
    other = Landmarks.all_valid(np.zeros((5, 2)), "unheard-of")
    row = _examine(replace(bare, read_landmarks=lambda: other), ball_mesh(), ball_landmarks())
    assert "unheard-of" in row.missing["reprojection"]


def test_landmarks_are_scored_without_any_mesh() -> None:
    row = _examine(ball_view("0", "00"), None, ball_landmarks())
    assert row.scores.reprojection is not None
    assert row.scores.reprojection.num_used == 8


def test_a_mesh_that_misses_the_picture_is_explained() -> None:
    away = Pose.from_rotation_vector([0.0, np.pi, 0.0], [0.0, 0.0, 0.0])
    view = ball_view("0", "00")
    row = _examine(replace(view, camera=replace(view.camera, cam_from_world=away)), ball_mesh())
    assert row.scores.mask is not None
    assert row.scores.mask.rendered_px == 0
    assert any("right way round" in text for text in row.warnings)


def test_an_empty_matte_is_a_warning_and_half_transparency_follows_the_threshold() -> None:
    view = ball_view("0", "00")
    empty = replace(view, mask=encoded(np.zeros((120, 160), dtype=np.uint8)))
    assert "the matte is empty at this threshold" in _examine(empty, ball_mesh()).warnings
    grey = replace(view, mask=encoded(np.full((120, 160), 100, dtype=np.uint8)))
    low, high = (_examine(grey, ball_mesh(), matte_threshold=value) for value in (0.3, 0.5))
    assert low.scores.mask is not None
    assert high.scores.mask is not None
    assert (low.scores.mask.captured_px, high.scores.mask.captured_px) == (160 * 120, 0)


def test_vertices_beyond_the_lens_are_counted() -> None:
    # r (1 - 0.9 r^2) turns over at r = 0.6086.
    view = View("0", replace(ball_camera("00", [-0.9, 0.0, 0.0, 0.0])))
    wide = Mesh(np.array([[0.0, 0, 1], [0.1, 0, 1], [0, 0.1, 1], [0.62, 0, 1], [-0.7, 0, 1]]), np.array([[0, 1, 2]]))
    row = _examine(view, wide)
    assert any(text.startswith("2 of 5 vertices lie beyond the radius 0.609") for text in row.warnings)


def test_the_undistorted_way_agrees_with_the_raw_way() -> None:
    raw = _examine(ball_view("0", "00"), ball_mesh(), ball_landmarks()).scores
    classic = _examine(ball_view("0", "00"), ball_mesh(), ball_landmarks(), undistort=True).scores
    assert raw.mask is not None
    assert classic.mask is not None
    # Resampling moves the outline by less than half a pixel: of about 250 px of outline, few change sides.
    assert classic.mask.iou == pytest.approx(raw.mask.iou, abs=0.01)
    assert classic.boundary is not None
    assert classic.boundary.f == 1.0
    assert classic.reprojection is not None
    assert classic.reprojection.max_px < 1e-6
    assert classic.reprojection.num_hidden == 1


def test_landmarks_that_are_not_valid_are_not_compared() -> None:
    view, points = ball_view("0", "00"), ball_landmarks()
    detected = view.read_landmarks()
    assert detected is not None
    # Both are wrong by far, and say themselves that they are not to be used.
    moved = detected.points + np.array([[900.0, 0.0]] + [[0.0, 0.0]] * 7)
    lifted = points.points + np.array([[0.0] * 3, [0.0, 0.5, 0.0]] + [[0.0] * 3] * 6)
    captured = Landmarks(moved, np.arange(8) != 0, "mesh")
    annotated = Landmarks(lifted, np.arange(8) != 1, "mesh")
    row = _examine(replace(view, read_landmarks=lambda: captured), ball_mesh(), annotated)
    assert row.scores.reprojection is not None
    assert row.scores.reprojection.num_used == 5
    assert row.scores.reprojection.num_missing == 2
    assert row.scores.reprojection.max_px < 1e-6


@pytest.mark.parametrize("groups", [(), METRIC_GROUPS])
def test_every_kind_asked_for_has_a_score_or_a_reason(groups: tuple[str, ...]) -> None:
    bare = View("0", ball_camera("00"))
    for view, mesh, landmarks in ((ball_view("0", "00"), ball_mesh(), ball_landmarks()), (bare, None, None)):
        row = _examine(view, mesh, landmarks, metrics=groups)
        asked = {kind.name for kind in asked_kinds(groups)}
        assert set(row.scores) | set(row.missing) == asked
        assert not set(row.scores) & set(row.missing)
        assert all(row.missing.values())
