from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.pipeline.photograph import Photograph, Photographer
from renderkit.synth.head import ScanModel
from renderkit.synth.texture import PALETTES


def camera(distortion: tuple[float, ...] = ()) -> Camera:
    K = np.array([[80.0, 0.0, 31.5], [0.0, 80.0, 23.5], [0.0, 0.0, 1.0]])
    return Camera(K, 64, 48, make_distortion(distortion), Pose(np.eye(3), np.array([0.0, 0.0, 2.0])))


def slanted_wall() -> Photographer:
    """A wall of skin at depth 2 whose edge runs along v = 0.3 u + 13 px, filling the lower part of the picture."""
    u = np.array([-400.0, 400.0])
    edge = np.column_stack([(u - 31.5) / 40.0, (0.3 * u + 13.04 - 23.5) / 40.0, np.zeros(2)])
    vertices = np.concatenate([edge, edge[::-1] + np.array([0.0, 40.0, 0.0])])
    faces = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)
    nowhere = np.full(4, -10.0)
    places = np.tile([[40.0, -30.0, 60.0]], (4, 1))
    model = ScanModel(places, faces, nowhere, nowhere)
    return Photographer(model, Mesh(vertices, faces), Pose(np.diag([1.0, -1.0, -1.0]), np.zeros(3)), PALETTES[0])


def take(samples: int = 1, noise: float = 0.0, seed: int = 0) -> Photograph:
    return slanted_wall().take(camera(), samples, noise, np.random.default_rng(seed))


def covered_share() -> np.ndarray:
    """Exact area of each pixel below the edge, by the mean over many columns of the clipped height."""
    columns = np.arange(64)[:, None] + (np.arange(400) + 0.5) / 400 - 0.5
    height = (np.arange(48)[:, None, None] + 0.5) - (0.3 * columns + 13.04)[None]
    return np.asarray(np.clip(height, 0.0, 1.0).mean(axis=2))


def test_alpha_is_the_covered_share_of_the_pixel() -> None:
    photograph = take()
    assert np.abs(photograph.alpha / 255.0 - covered_share()).max() < 0.09
    assert ((photograph.alpha > 0) & (photograph.alpha < 255)).sum() > 50


def test_mask_is_the_pixel_centre() -> None:
    columns, rows = np.meshgrid(np.arange(64), np.arange(48))
    assert np.array_equal(take().mask, rows > 0.3 * columns + 13.04)


def test_half_covered_pixels_mix_person_and_wall() -> None:
    photograph = take(samples=2)
    color = photograph.color.astype(int)
    edge = np.argwhere((photograph.alpha > 90) & (photograph.alpha < 160))
    assert len(edge) > 5
    for row, column in edge:
        wall, person = color[row - 3, column, 0], color[row + 3, column, 0]
        assert wall + 10 < color[row, column, 0] < person - 10


def test_noise_comes_from_the_generator_alone() -> None:
    assert np.array_equal(take(noise=2.0).color, take(noise=2.0).color)
    assert not np.array_equal(take(noise=2.0).color, take(noise=2.0, seed=1).color)
    difference = take(noise=2.0).color.astype(float) - take().color
    assert difference.std() == pytest.approx(2.0, abs=0.1)


def test_what_no_ray_reaches_shows_the_wall() -> None:
    folding = camera((-2.0, 0.0, 0.0, 0.0))
    photograph = slanted_wall().take(folding, 1, 0.0, np.random.default_rng(0))
    assert photograph.mask[40, 32]
    assert not photograph.mask[47, 0]
    assert photograph.alpha[47, 0] == 0
    assert photograph.color[47, 0].min() > 20


def test_what_nobody_sees_is_an_empty_picture() -> None:
    behind = Camera(camera().K, 64, 48, cam_from_world=Pose(np.eye(3), np.array([0.0, 0.0, -2.0])))
    photograph = slanted_wall().take(behind, 1, 0.0, np.random.default_rng(0))
    assert not photograph.mask.any()
    assert not photograph.alpha.any()
