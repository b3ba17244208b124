"""Both renderers give the same pictures of closed meshes, coarse ones under a bending lens included.

What each of them draws is held against rays elsewhere; agreement alone proves nothing. OpenGL rounds vertices to
1/256 px and lays depth through the rounded ones, so on faces seen at a grazing angle its depth is off by more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from render_scenes import LENSES, make_camera, sphere, torus

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import Renderer
from renderkit.renderers.cpu import CpuRenderer
from renderkit.renderers.egl.renderer import EglRenderer

STRONG = BrownConrady(np.array([-0.12, 0.9, 0.0005, -0.0003, -2.0]))


@pytest.fixture(scope="module")
def cpu_renderer() -> Iterator[CpuRenderer]:
    with CpuRenderer() as renderer:
        yield renderer


def box() -> Mesh:
    solid = trimesh.creation.box(extents=(0.15, 0.2, 0.15))
    return Mesh(solid.vertices, solid.faces)


def egg(subdivisions: int) -> Mesh:
    ball = trimesh.creation.icosphere(subdivisions)
    return Mesh(ball.vertices * [0.08, 0.11, 0.09], ball.faces)


def close_up(angle: float) -> Camera:
    """A long lens a metre away, as in the rigs: 2448 x 2048 px, f = 4700 px."""
    K = np.array([[4700.0, 0.0, 1220.3], [0.0, 4698.0, 1031.7], [0.0, 0.0, 1.0]])
    turn = Pose.from_rotation_vector([0.2, angle, 0.1], [0.01, -0.02, 1.1])
    return Camera(K, 2448, 2048, STRONG, turn)


def assert_masks_agree(first: Renderer, second: Renderer, mesh: Mesh, camera: Camera) -> None:
    assert np.count_nonzero(first.render_mask(mesh, camera) ^ second.render_mask(mesh, camera)) <= 4


def assert_depth_agrees(first: Renderer, second: Renderer, mesh: Mesh, camera: Camera, share: float) -> None:
    one, two = first.render(mesh, camera), second.render(mesh, camera)
    assert np.count_nonzero(one.mask ^ two.mask) <= 4
    same = one.mask & (one.face_index == two.face_index)
    assert np.count_nonzero(same) > 0.99 * np.count_nonzero(one.mask)
    error = np.abs(one.depth[same].astype(np.float64) / two.depth[same] - 1.0)
    assert np.count_nonzero(error > 1e-5) <= share * error.size


@pytest.mark.parametrize("make", [box, lambda: egg(2), lambda: egg(5)], ids=["box", "coarse egg", "fine egg"])
@pytest.mark.parametrize("angle", [0.0, 1.0, 2.5])
def test_close_ups_agree(egl_renderer: EglRenderer, cpu_renderer: CpuRenderer, make: Any, angle: float) -> None:
    assert_masks_agree(egl_renderer, cpu_renderer, make(), close_up(angle))
    assert_depth_agrees(egl_renderer, cpu_renderer, make(), close_up(angle), 0.02)


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("make", [sphere, torus])
def test_every_lens_agrees(egl_renderer: EglRenderer, cpu_renderer: CpuRenderer, make: Any, lens: str) -> None:
    assert_masks_agree(egl_renderer, cpu_renderer, make(), make_camera(lens))


@pytest.mark.parametrize("name", ["00", "20", "54"])
def test_real_cameras_agree(
    egl_renderer: EglRenderer,
    cpu_renderer: CpuRenderer,
    shared_data: Path,
    real_calibration: dict[str, Any],
    name: str,
) -> None:
    fit = np.load(shared_data / "renderme360" / "flame_fit.npz")
    mesh = Mesh(fit["verts"][0] + fit["cam"][0, 1:4], np.load(shared_data / "flame" / "topology.npz")["faces"])
    values = real_calibration[name]
    camera = Camera.from_opencv(values["K"], values["D"], Pose.from_matrix(values["RT"]).inverse(), (2448, 2048))
    assert_masks_agree(egl_renderer, cpu_renderer, mesh, camera)
    assert_depth_agrees(egl_renderer, cpu_renderer, mesh, camera, 1e-3)
