"""Landmarks that fit in no camera: ids exchanged or wrong in every picture, a wrong point on the mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from joint_rigs import IDEAL, NOISY, joint_evidence

from renderkit.diagnosis.landmark_faults import landmark_faults, without_landmarks
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.meeting_points import meeting_points
from renderkit.geometry.pose import Pose

Change = Callable[[ViewEvidence], ViewEvidence]
FAULT = {3: ("turn", 4.0)}


def pictures(*pairs: tuple[int, int], camera: str | None = None) -> Change:
    """Detections of the first landmark of each pair are those of the second, in one camera or in all."""

    def change(view: ViewEvidence) -> ViewEvidence:
        assert view.pixels is not None
        if camera not in {None, view.camera.name}:
            return view
        pixels = view.pixels.copy()
        pixels[[first for first, _ in pairs]] = view.pixels[[second for _, second in pairs]]
        return replace(view, pixels=pixels)

    return change


def on_mesh(index: int, step: tuple[float, float, float]) -> Change:
    def change(view: ViewEvidence) -> ViewEvidence:
        assert view.points_world is not None
        points = view.points_world.copy()
        points[index] += step
        return replace(view, points_world=points)

    return change


KINDS: dict[str, tuple[Change, tuple[str, ...]]] = {
    "nothing": (pictures(), ()),
    "two ids exchanged": (pictures((5, 11), (11, 5)), ("landmarks 5 and 11 do not fit in any camera",)),
    "neighbours exchanged": (pictures((0, 1), (1, 0)), ("landmarks 0 and 1 do not fit in any camera",)),
    "one id is another's": (pictures((5, 11)), ("landmark 5 does not fit in any camera", "where landmark 11 is")),
    "wrong place": (on_mesh(9, (0.015, 0.01, 0.0)), ("landmark 9 does not fit in any camera",)),
    "exchanged in one camera": (pictures((5, 11), (11, 5), camera="04"), ()),
}


@pytest.mark.parametrize("off", [{}, FAULT], ids=["no camera off", "one camera off"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_landmark_is_named_and_no_camera_is_blamed_for_it(kind: str, off: dict[int, tuple[str, float]]) -> None:
    change, words = KINDS[kind]
    seen = joint_evidence(np.random.default_rng(5), IDEAL, cameras=8, frames=1, landmarks=30, faults=off)
    found = diagnose_rig(RigEvidence(tuple(change(view) for view in seen.views)))
    assert [one.camera for one in found.cameras] == [f"{index:02d}" for index in off]
    assert len(found.others) == bool(words)
    assert all(word in found.others[0] for word in words)


def test_numbers_are_those_of_the_landmarks_files() -> None:
    seen = joint_evidence(np.random.default_rng(6), IDEAL, cameras=6, frames=1, landmarks=20)
    ids = np.column_stack([np.arange(20), np.arange(20) + 33])
    views = tuple(replace(KINDS["wrong place"][0](view), landmark_ids=ids) for view in seen.views)
    (found,) = landmark_faults(StatedRig(views))
    assert "landmark 9 (42 in the pictures) does not fit in any camera" in found.sentence
    left = without_landmarks(views, [found])[0].points_world
    assert left is not None
    assert np.flatnonzero(~np.isfinite(left).all(axis=1)).tolist() == [9]


def test_clean_rigs_have_no_wrong_landmark() -> None:
    for seed in range(12):
        seen = joint_evidence(np.random.default_rng(seed), NOISY, cameras=6, frames=1 + seed % 2, landmarks=20 + seed)
        assert landmark_faults(StatedRig(seen.views)) == ()


def test_detections_that_differ_from_camera_to_camera_are_no_wrong_landmark() -> None:
    rng = np.random.default_rng(8)
    seen = joint_evidence(rng, IDEAL, cameras=8, frames=1, landmarks=30)
    views = []
    for view in seen.views:
        assert view.pixels is not None
        pixels = view.pixels.copy()
        pixels[4] += rng.normal(size=2) * 40.0
        views.append(replace(view, pixels=pixels))
    assert landmark_faults(StatedRig(tuple(views))) == ()


def test_rays_meet_where_opencv_projected_from() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(5, 3)) * 0.1
    cameras, pixels = [], []
    for _ in range(3):
        turn, step = rng.normal(size=3) * 0.2, np.array([*rng.normal(size=2) * 0.1, 1.0])
        K, lens = np.array([[900.0, 0, 310], [0, 880, 250], [0, 0, 1]]), np.array([-0.1, 0.05, 0.001, 0, 0])
        pose = Pose.from_rotation_vector(turn, step)
        cameras.append(Camera(K, 640, 512, make_distortion(lens), pose))
        pixels.append(cv2.projectPoints(points, turn, step, K, lens)[0][:, 0])
    seen = np.array(pixels, dtype=np.float64)
    seen[1:, 4] = np.nan
    met = meeting_points(cameras, seen)
    np.testing.assert_allclose(met[:4], points[:4], atol=1e-7)
    assert np.isnan(met[4]).all()
