"""Raw or undistorted masks, told apart on balls whose silhouettes are drawn ray by ray."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from renderkit.diagnosis.mask_space import detect_mask_space
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.images.mask_bits import MaskBits

Draw = Callable[[Camera], MaskBits]


def balls(*center_radius: tuple[float, float, float, float]) -> Draw:
    """Return a painter of balls: a pixel is covered when its ray meets one."""

    def draw(camera: Camera) -> MaskBits:
        row, column = np.mgrid[: camera.height, : camera.width]
        origin, rays = camera.unproject_world(np.column_stack([column.ravel(), row.ravel()]))
        covered = np.zeros(rays.shape[0], np.bool_)
        for x, y, z, radius in center_radius:
            to_center = np.array([x, y, z]) - origin
            along = rays @ to_center / np.linalg.norm(rays, axis=1)
            covered |= (along > 0) & (to_center @ to_center - along**2 <= radius**2)
        return MaskBits.pack(covered.reshape(camera.height, camera.width))

    return draw


def rig(coefficients: list[float]) -> list[Camera]:
    K = [[440.0, 0.0, 99.5], [0.0, 440.0, 74.5], [0.0, 0.0, 1.0]]
    return [
        Camera.from_opencv(K, coefficients, Pose.from_rotation_vector([0, turn, 0], [0.01, 0, 1.2]), (200, 150))
        for turn in (0.0, 0.4, 0.8, 1.2, 1.6)
    ]


HEAD = (0.0, 0.0, 0.0, 0.16)
NOSE = (0.0, 0.05, -0.12, 0.06)
HAIR = (0.0, -0.08, 0.02, 0.15)


@pytest.mark.parametrize("coefficients", [[3.0, 0, 0, 0, 0], [-3.0, 0, 0, 0, 0]], ids=["pincushion", "barrel"])
@pytest.mark.parametrize("space", ["raw", "undistorted"])
def test_the_space_is_found_although_hair_is_not_in_the_mesh(coefficients: list[float], space: str) -> None:
    mesh, person = balls(HEAD, NOSE), balls(HEAD, NOSE, HAIR)
    captured = [(c, person(c if space == "raw" else c.undistorted())) for c in rig(coefficients)]
    choice = detect_mask_space(mesh, captured)
    assert choice.best == space
    assert choice.decided
    assert (choice.num_views, choice.num_won) == (5, 5)
    assert choice.margin > 0.05


@pytest.mark.parametrize(("k1", "radius"), [(-0.2, 0.165), (0.2, 0.155)])
def test_a_mesh_of_another_size_decides_nothing_although_every_view_agrees(k1: float, radius: float) -> None:
    mesh, person = balls(HEAD), balls((0.0, 0.0, 0.0, radius))
    choice = detect_mask_space(mesh, [(camera, person(camera)) for camera in rig([k1, 0, 0, 0, 0])])
    assert (choice.num_views, choice.num_won) == (5, 5)
    assert choice.margin > 2.0 * choice.margin_standard_error
    assert choice.best == "undistorted"  # wrong: the masks are raw
    assert not choice.decided


def test_cameras_without_distortion_decide_nothing() -> None:
    mesh = balls(HEAD)
    choice = detect_mask_space(mesh, [(camera, mesh(camera)) for camera in rig([])])
    assert (choice.best, choice.decided, choice.num_views) == (None, False, 0)
    assert "not testable" in str(choice)


def test_masks_of_something_else_are_not_decided() -> None:
    mesh, other = balls(HEAD), balls((0.0, 0.0, 0.0, 0.05))
    choice = detect_mask_space(mesh, [(camera, other(camera)) for camera in rig([0.1, 0, 0, 0, 0])])
    assert not choice.decided
    assert "not decided" in str(choice)
