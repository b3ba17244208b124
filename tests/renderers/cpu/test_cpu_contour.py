"""The contour mask and the z-buffer's coverage against filling every triangle by the definition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from renderkit.arrays import MaskImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.cpu import CpuRenderer, silhouette


def brute_force_cover(subpixels: NDArray[np.int64], faces: NDArray[np.int64], width: int, height: int) -> MaskImage:
    """Fill every triangle by the half-open crossing rule, straight from its definition.

    A pixel centre is in a triangle when an odd number of its edges cross the centre's row at or left of it; an edge
    crosses the rows from its upper end, included, to its lower end, excluded.

    Args:
        subpixels: (V, 2) vertices in 1/256 px.
        faces: (F, 3).
        width: Image width in px.
        height: Image height in px.
    """
    x = 256 * np.arange(width, dtype=np.int64)[None, :]
    y = 256 * np.arange(height, dtype=np.int64)[:, None]
    covered = np.zeros((height, width), np.bool_)
    for face in faces:
        inside = np.zeros((height, width), np.bool_)
        for k in range(3):
            (x0, y0), (x1, y1) = sorted((subpixels[face[k]], subpixels[face[k - 1]]), key=lambda p: int(p[1]))
            inside ^= (y0 <= y) & (y < y1) & ((x - x0) * (y1 - y0) >= (y - y0) * (x1 - x0))
        covered |= inside
    return covered


def pixel_camera(width: int, height: int) -> Camera:
    """A camera whose normalised coordinates are pixels."""
    return Camera(np.eye(3), width, height)


def pixel_mesh(subpixels: NDArray[np.int64], faces: NDArray[np.int64], rng: np.random.Generator) -> Mesh:
    """A mesh whose vertices land on given multiples of 1/256 px, at depths of their own."""
    z = rng.choice([0.5, 1.0, 2.0, 4.0], len(subpixels))
    pixels = subpixels / 256.0
    return Mesh(np.column_stack([pixels * z[:, None], z]), faces.astype(np.int32))


def assert_all_agree(
    renderer: CpuRenderer, subpixels: NDArray[np.int64], faces: NDArray[np.int64], size: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mesh, camera = pixel_mesh(subpixels, faces, rng), pixel_camera(*size)
    expected = brute_force_cover(subpixels, faces, *size)
    mask = renderer.render_mask(mesh, camera)
    assert np.count_nonzero(mask ^ expected) == 0
    assert np.array_equal(renderer.render_bits(mesh, camera).points(), np.argwhere(expected)[:, ::-1])
    assert np.count_nonzero(renderer.render(mesh, camera).mask ^ expected) == 0


@pytest.mark.parametrize("seed", range(40))
def test_random_soups_equal_filling_every_triangle(renderer: CpuRenderer, seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, height = int(rng.integers(1, 120)), int(rng.integers(1, 90))
    # Coarse lattices put vertices and edges on pixel centres; fine ones make slivers.
    step = int(rng.choice([1, 16, 128, 256, 512]))
    subpixels = rng.integers(-40 * 256 // step, 140 * 256 // step, (30, 2)) * step
    faces = rng.integers(0, 30, (int(rng.integers(1, 60)), 3))
    faces = np.concatenate([faces, faces[::3], faces[::4][:, ::-1], np.repeat(faces[:1, :1], 3, axis=1)])
    assert_all_agree(renderer, subpixels, faces, (width, height), seed)


@pytest.mark.parametrize("seed", range(10))
def test_small_faces_with_holes_flips_and_loose_pieces(renderer: CpuRenderer, seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    side = 14
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    subpixels = (grid * 900 + rng.integers(-700, 700, grid.shape)).astype(np.int64)
    corner = np.arange(side * side).reshape(side, side)[:-1, :-1].ravel()
    faces = np.concatenate(
        [
            np.column_stack([corner, corner + 1, corner + side]),
            np.column_stack([corner + 1, corner + side + 1, corner + side]),
        ]
    )
    faces = faces[rng.random(len(faces)) < 0.85]
    flipped = rng.random(len(faces)) < 0.2
    faces[flipped] = faces[flipped][:, ::-1]
    assert_all_agree(renderer, subpixels, faces, (53, 51), seed)


def test_slivers_of_a_subpixel_and_faces_without_area(renderer: CpuRenderer) -> None:
    subpixels = np.array([[0, 0], [256 * 60, 1], [256 * 60, 0], [256 * 30, 256 * 40], [256 * 31, 256 * 40], [512, 512]])
    faces = np.array([[0, 1, 2], [0, 3, 4], [0, 0, 3], [0, 5, 5], [3, 4, 3], [2, 1, 0]])
    assert_all_agree(renderer, subpixels, faces, (64, 48), 0)


def test_a_closed_mesh_of_many_layers_does_not_overflow(renderer: CpuRenderer) -> None:
    subpixels = np.array([[1000, 1000], [9000, 1200], [4000, 8000]])
    faces = np.tile(np.array([[0, 1, 2]]), (3_000, 1))
    mesh = pixel_mesh(subpixels, faces, np.random.default_rng(0))
    expected = brute_force_cover(subpixels, faces[:1], 40, 40)
    assert np.array_equal(renderer.render_mask(mesh, pixel_camera(40, 40)), expected)


@pytest.mark.parametrize("seed", range(8))
def test_crossings_that_do_not_fit_are_drawn_some_rows_at_a_time(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silhouette, "_CROSSINGS", 1)
    rng = np.random.default_rng(seed)
    subpixels, faces = rng.integers(-4000, 30_000, (40, 2)), rng.integers(0, 40, (30, 3))
    with CpuRenderer(1) as renderer:
        assert_all_agree(renderer, subpixels, faces, (int(rng.integers(60, 131)), 90), seed)


def test_vertices_a_million_pixels_away(renderer: CpuRenderer) -> None:
    far = 1_000_000 * 256
    subpixels = np.array([[-far, -far + 77], [far, far - 1234], [far - 5, -far], [20 * 256, far]])
    faces = np.array([[0, 1, 2], [0, 3, 1]])
    assert_all_agree(renderer, subpixels, faces[:1], (61, 47), 0)
    assert_all_agree(renderer, subpixels, faces[1:], (61, 47), 0)


def test_vertices_beyond_the_guard_are_clipped(renderer: CpuRenderer) -> None:
    far = 50_000_000 * 256
    subpixels = np.array([[-far, 11 * 256], [far, 33 * 256], [0, -far]])
    faces = np.array([[0, 1, 2]])
    mesh = Mesh(np.column_stack([subpixels / 256.0, np.ones(3)]), faces)
    mask = renderer.render_mask(mesh, pixel_camera(64, 48))
    # The long edge crosses the picture at y = 22 almost level.
    expected = np.zeros((48, 64), np.bool_)
    expected[:22] = True
    assert np.array_equal(mask[:22], expected[:22])
    assert np.array_equal(mask[23:], expected[23:])


@pytest.mark.parametrize("size", [(16384, 16384), (1, 1), (3, 16384), (16384, 3)])
def test_extreme_image_sizes(renderer: CpuRenderer, size: tuple[int, int]) -> None:
    width, height = size
    x0, y0, x1, y1 = -0.5 * width, 0.25 * height, 0.75 * width, 2.0 * height
    corners = np.array([[x0, y0, 1.0], [x1, y0, 1.0], [x1, y1, 1.0], [x0, y1, 1.0]])
    mesh = Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))
    rows = height - int(np.ceil(y0))
    columns = int(np.ceil(x1))
    mask = renderer.render_mask(mesh, pixel_camera(width, height))
    assert mask.shape == (height, width)
    assert np.count_nonzero(mask) == rows * columns
    assert mask[height - rows :, :columns].all()
