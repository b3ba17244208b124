"""Every renderer shows textures and colours by one rule, held against OpenCV's remap and hand-written values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from renderkit.arrays import ColorImage, FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import NoDistortion
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_defaults import Wrap
from renderkit.renderers.base import Rendering, RenderPass
from renderkit.renderers.cpu import CpuRenderer
from renderkit.renderers.raycast import raycast

Draw = Callable[[Mesh, Camera], Rendering]
K = np.array([[100.0, 0.0, 63.5], [0.0, 100.0, 63.5], [0.0, 0.0, 1.0]])
PLAIN = Camera(K, 128, 128, NoDistortion())
BENDING = Camera(K, 128, 128, BrownConrady(np.array([-0.2, 0.05, 0.0, 0.0])))
BORDERS = {"repeat": cv2.BORDER_WRAP, "mirror": cv2.BORDER_REFLECT, "clamp": cv2.BORDER_REPLICATE}
WHITE = np.full((1, 1, 3), 255, np.uint8)


@pytest.fixture(params=["rays", "cpu", "egl"])
def draw(request: pytest.FixtureRequest) -> Iterator[Draw]:
    if request.param == "rays":
        yield lambda mesh, camera: raycast(mesh, camera, RenderPass.COLOR)
    elif request.param == "cpu":
        with CpuRenderer(1) as renderer:
            yield lambda mesh, camera: renderer.render(mesh, camera, RenderPass.COLOR)
    else:
        egl = request.getfixturevalue("egl_renderer")
        yield lambda mesh, camera: egl.render(mesh, camera, RenderPass.COLOR)


def color_of(rendering: Rendering) -> FloatArray:
    assert rendering.color is not None
    return rendering.color.astype(np.float64)


def wall(uv: FloatArray, texture: ColorImage, wraps: tuple[tuple[Wrap, Wrap], ...] = ()) -> Mesh:
    """A square facing the camera, filling the picture; `uv` (4, 2) of its top left, top right, ... corners."""
    corners = np.array([[-2.0, -2, 3], [2, -2, 3], [2, 2, 3], [-2, 2, 3]])
    return Mesh(corners, np.array([[0, 2, 1], [0, 3, 2]]), uv, texture, wraps=wraps)


def corner_uv(low: float, high: float) -> FloatArray:
    return np.array([[low, high], [high, high], [high, low], [low, low]])


def expected(mesh: Mesh, light: FloatArray, u_wrap: str, v_wrap: str) -> FloatArray:
    """Sample by OpenCV, which knows one border for both directions: the other one is laid out by hand."""
    assert mesh.uv is not None
    assert mesh.texture is not None
    columns = np.arange(128.0)
    world = (columns - 63.5) / 100.0 * 3.0
    low, high = mesh.uv[3], mesh.uv[1]
    u = low[0] + (world + 2.0) / 4.0 * (high[0] - low[0])
    v = high[1] - (world + 2.0) / 4.0 * (high[1] - low[1])
    height, width = mesh.texture.shape[:2]
    map_x, map_y = np.meshgrid(u * width - 0.5, (1.0 - v) * height - 0.5)
    tall = cv2.copyMakeBorder(mesh.texture, 60 * height, 60 * height, 0, 0, BORDERS[v_wrap])
    sampled = cv2.remap(
        tall.astype(np.float32), map_x.astype(np.float32), (map_y + 60 * height).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=BORDERS[u_wrap],
    )  # fmt: skip
    return sampled * light


@pytest.mark.parametrize(("u_wrap", "v_wrap"), [("repeat", "repeat"), ("mirror", "clamp"), ("clamp", "mirror")])
def test_outside_of_the_unit_square(draw: Draw, u_wrap: Wrap, v_wrap: Wrap) -> None:
    texture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    wraps: tuple[tuple[Wrap, Wrap], ...] = () if (u_wrap, v_wrap) == ("repeat", "repeat") else ((u_wrap, v_wrap),)
    mesh = wall(corner_uv(-1.3, 2.1), texture, wraps)
    light = color_of(draw(replace(mesh, texture=WHITE), PLAIN)) / 255.0
    found = color_of(draw(mesh, PLAIN))
    # OpenCV rounds positions to 1/32 texel.
    assert np.abs(found - expected(mesh, light, u_wrap, v_wrap)).max() <= 9
    assert np.abs(found - expected(mesh, light, u_wrap, v_wrap)).mean() <= 2


def test_a_repeated_texture_blends_with_its_other_side(draw: Draw) -> None:
    texture = np.array([[[0, 0, 0], [200, 200, 200]]], np.uint8)
    mesh = wall(corner_uv(0.0, 1.0), texture)
    light = color_of(draw(replace(mesh, texture=WHITE), PLAIN))[64, 2, 0] / 255.0
    # The picture's left border lies at u = 0.0234, 0.0469 texels from the border between both.
    assert color_of(draw(mesh, PLAIN))[64, 0, 0] == pytest.approx((0.5 - 0.0469) * 200 * light, abs=2)


def test_a_texture_made_smaller_takes_the_four_nearest_texels(draw: Draw) -> None:
    texture = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    mesh = wall(corner_uv(0.0, 23.7), texture)
    light = color_of(draw(replace(mesh, texture=WHITE), PLAIN)) / 255.0
    found = color_of(draw(mesh, PLAIN))
    # Rounded positions, times steps of 12 texels a pixel: hence no maximum.
    assert np.percentile(np.abs(found - expected(mesh, light, "repeat", "repeat")), 98) <= 10
    assert found.std() > 40


def test_each_texture_has_its_own_faces(draw: Draw) -> None:
    red, blue = np.full((4, 4, 3), (200, 0, 0), np.uint8), np.full((2, 8, 3), (0, 0, 200), np.uint8)
    corners = np.array([[x, y, 3.0] for y in (-2.0, 2.0) for x in (-2.0, -0.5, 0.5, 2.0)])
    squares = [[0, 4, 5], [0, 5, 1], [1, 5, 6], [1, 6, 2], [2, 6, 7], [2, 7, 3]]
    colors = np.tile(np.array([[0, 200, 0]], np.uint8), (8, 1))
    mesh = Mesh(
        corners, np.array(squares), np.full((8, 2), 0.5), vertex_colors=colors, textures=(red, blue),
        face_textures=np.array([1, 1, -1, -1, 0, 0]),
    )  # fmt: skip
    for camera in (PLAIN, BENDING):
        rendering = draw(mesh, camera)
        color = color_of(rendering)
        assert [int(color[64, column].argmax()) for column in (10, 64, 118)] == [2, 1, 0]
        assert (np.count_nonzero(color[rendering.mask], axis=1) == 1).all()
        assert set(np.unique(rendering.face_index[rendering.mask])) == set(range(6))
        turned = replace(mesh, faces=mesh.faces[::-1], face_textures=mesh.face_textures[::-1])  # type: ignore[index]
        assert np.array_equal(color_of(draw(turned, camera)), color)


def test_faces_have_colours_of_their_own(draw: Draw) -> None:
    corners = np.array([[-2.0, -2, 3], [2, -2, 3], [2, 2, 3], [-2, 2, 3]])
    own = np.array([[250, 0, 0], [0, 0, 250]], np.uint8)
    mesh = Mesh(corners, np.array([[0, 2, 1], [0, 3, 2]]), face_colors=own)
    for camera in (PLAIN, BENDING):
        color = color_of(draw(mesh, camera))
        assert color[20, 100].argmax() == 0
        assert color[100, 20].argmax() == 2
        light = color_of(draw(replace(mesh, face_colors=np.full((2, 3), 250, np.uint8)), camera))
        assert np.abs(color[20, 100] - light[20, 100] * (1, 0, 0)).max() <= 1
    covered = replace(mesh, vertex_colors=np.full((4, 3), (0, 99, 0), np.uint8))
    assert color_of(draw(covered, PLAIN))[20, 100].argmax() == 1
