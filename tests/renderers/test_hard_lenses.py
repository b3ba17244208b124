"""Lenses that end: poles, folds of tangential terms, 90 degrees; and meshes with stray faces. The ray caster judges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from render_scenes import sphere

from renderkit.arrays import FloatArray
from renderkit.errors import RenderkitError
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import Renderer
from renderkit.renderers.cpu import CpuRenderer
from renderkit.renderers.raycast import raycast

K = [[850, 0, 320], [0, 850, 240], [0, 0, 1]]


def wide_floor(half: float = 20.0) -> Mesh:
    """Two triangles below the camera."""
    corners = np.array([[-half, 1.5, -half], [half, 1.5, -half], [half, 1.5, half], [-half, 1.5, half]])
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))


@pytest.fixture(scope="module", params=["cpu", "egl"])
def renderer(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    if request.param == "egl":
        yield request.getfixturevalue("egl_renderer")
        return
    with CpuRenderer() as cpu:
        yield cpu


def test_a_pole_outside_the_picture_does_not_invert_the_mask(renderer: Renderer) -> None:
    lens = (0.0602, 0.0795, -0.0012, -0.0018, -0.0628, -0.0193, -0.1243, -0.0114)
    camera = Camera.from_opencv(K, lens, Pose.identity(), (640, 480))
    assert abs(np.count_nonzero(renderer.render_mask(wide_floor(), camera)) - 112_380) <= 2


def pole_cameras(count: int, seed: int) -> list[Camera]:
    """Cameras whose rational lens has a pole, most of them close to the picture."""
    rng = np.random.default_rng(seed)
    found: list[Camera] = []
    while len(found) < count:
        lens = rng.normal(size=8) * (0.1, 0.1, 0.002, 0.002, 0.1, 0.1, 0.1, 0.05)
        camera = Camera.from_opencv(K, lens, Pose.identity(), (320, 240))
        if np.isfinite(camera.distortion.outer_radius) and np.isinf(camera.distortion.valid_distorted_radius):
            found.append(camera)
    return found


def test_no_pole_does(renderer: Renderer) -> None:
    for index, camera in enumerate(pole_cameras(6, 5)):
        for mesh in (wide_floor(), sphere(0.4 + 0.1 * index, (0.2 * index - 0.4, 0.1, 1.2), detail=2)):
            expected = raycast(mesh, camera).mask
            assert np.count_nonzero(renderer.render_mask(mesh, camera) != expected) <= 20


def test_a_fold_by_tangential_terms_ends_the_picture(renderer: Renderer) -> None:
    # The fold lies inside the picture and is farther out on one side.
    camera = Camera.from_opencv(
        [[160, 0, 320], [0, 160, 240], [0, 0, 1]], [-0.1, 0.0, 0.01, 0.01], Pose.identity(), (640, 480)
    )
    assert camera.distortion.outer_radius > 1.1 * camera.distortion.valid_radius
    around = Mesh(sphere(2.0, (0.1, 0.0, 0.3), detail=3).vertices, sphere(detail=3).faces)
    expected = raycast(around, camera).mask
    assert 0.3 < expected.mean() < 0.95
    for mask in (renderer.render_mask(around, camera), renderer.render(around, camera).mask):
        assert np.count_nonzero(mask != expected) <= 40


def test_a_fisheye_sees_a_mesh_around_it_up_to_its_rim(renderer: Renderer) -> None:
    camera = Camera(np.array([[150.0, 0, 320], [0, 150.0, 240], [0, 0, 1]]), 640, 480, KannalaBrandt(np.zeros(4)))
    # The CPU renderer takes a second for the million pieces of the last degree.
    for center in ((0.1, -0.2, 0.3), (0.0, 0.0, -0.5))[: 1 if isinstance(renderer, CpuRenderer) else 2]:
        around = sphere(2.0, center, detail=3)
        expected = raycast(around, camera).mask
        # A circle of 150 pi / 2 px.
        assert abs(np.count_nonzero(expected) - np.pi * (75.0 * np.pi) ** 2) < 300
        found = renderer.render_mask(around, camera)
        rows, columns = np.nonzero(found != expected)
        from_rim = np.abs(np.hypot(columns - 320, rows - 240) - 75.0 * np.pi)
        assert (from_rim < 0.1).all()


def facing(mesh: Mesh, camera: Camera, face_index: NDArray[np.int32]) -> FloatArray:
    """Cosine between each pixel's ray and the normal of the face it sees, for a camera at the origin."""
    a, b, c = (mesh.vertices[mesh.faces[face_index, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    rows, columns = np.indices(face_index.shape)
    ray = camera.unproject(np.stack([columns, rows], axis=-1).astype(float))
    lengths = np.linalg.norm(normal, axis=-1) * np.linalg.norm(ray, axis=-1)
    cosine: FloatArray = np.abs((normal * ray).sum(axis=-1)) / lengths
    return cosine


@pytest.mark.parametrize("far", [1e4, 1e5, 1e6])
def test_a_stray_face_far_off_changes_nothing(renderer: Renderer, far: float) -> None:
    camera = Camera.from_opencv(K, [], Pose.identity(), (640, 480))
    head = sphere(0.1, (0.02, 0.01, 0.35), detail=4)
    stray = np.array([[far, far, far], [far + 1.0, far, far], [far, far + 1.0, far]])
    faces = np.concatenate([head.faces, len(head.vertices) + np.array([[0, 1, 2]])])
    both = Mesh(np.concatenate([head.vertices, stray]), faces)
    expected, found = raycast(head, camera), renderer.render(both, camera)
    assert np.count_nonzero(found.mask != expected.mask) <= 5
    both_hit = found.mask & expected.mask
    # A GPU rounds corners to 1/256 px: on a face seen edge-on that is any depth of the face.
    inner = both_hit & (expected.depth < 0.33) & (facing(head, camera, expected.face_index) > 0.05)
    np.testing.assert_allclose(found.depth[inner], expected.depth[inner], rtol=2e-4)


@pytest.mark.parametrize("far", [(9.0, 9.0, 9.0), (1e6, 0.0, 0.0), (1e30, 1e30, 1e30), (0.0, 0.0, -1e59)])
@pytest.mark.parametrize("lens", [[], [-0.2, 0.05, 1e-3, -1e-3, 0.02], [-0.1, 0.02, 0.0, 0.0, 0.0, 0.1, 0.02, 0.001]])
def test_a_vertex_of_no_face_changes_nothing(renderer: Renderer, far: tuple[float, ...], lens: list[float]) -> None:
    camera = Camera.from_opencv(K, lens, Pose.identity(), (640, 480))
    head = sphere(0.1, (0.02, 0.01, 0.35), detail=3)
    stray = Mesh(np.vstack([head.vertices, far]), head.faces)
    expected, found = renderer.render(head, camera), renderer.render(stray, camera)
    np.testing.assert_array_equal(found.mask, expected.mask)
    np.testing.assert_array_equal(found.depth, expected.depth)
    np.testing.assert_array_equal(renderer.render_mask(stray, camera), renderer.render_mask(head, camera))


def test_an_absurd_camera_is_refused_instead_of_torn_into_pieces() -> None:
    camera = Camera.from_opencv(
        [[1e30, 0.0, 31.0], [0.0, 1e30, 23.0], [0.0, 0.0, 1.0]], [0.1, 0.0, 0.0, 0.0], Pose.identity(), (64, 48)
    )
    with CpuRenderer(1) as cpu, pytest.raises(RenderkitError, match="millions of pieces"):
        cpu.render(sphere(0.5, (0.0, 0.0, 3.0), detail=2), camera)


ABSURD: dict[str, tuple[float, float, tuple[float, ...]]] = {
    "k1 1e20": (600.0, 0.0, (1e20, 0.0, 0.0, 0.0)),
    "k1 -1e20": (600.0, 0.0, (-1e20, 0.0, 0.0, 0.0)),
    "k3 -1e9": (600.0, 0.0, (0.0, 0.0, 0.0, 0.0, -1e9)),
    "p2 320": (600.0, 0.0, (0.0, 0.0, 0.0, 320.0)),
    "p1 -1e9": (600.0, 0.0, (0.0, 0.0, -1e9, 0.0)),
    "k4 -1e9": (600.0, 0.0, (0.0, 0.0, 0.0, 0.0, 0.0, -1e9, 0.0, 0.0)),
    "s1 1e9": (600.0, 0.0, (*(0.0,) * 8, 1e9, 0.0, 0.0, 0.0)),
    "skew 1e9": (600.0, 1e9, (0.01, 0.0, 0.0, 0.0)),
    "f 1e30": (1e30, 0.0, (0.01, 0.0, 0.0, 0.0)),
    "f 1e-30": (1e-30, 0.0, (0.01, 0.0, 0.0, 0.0)),
}
"""Focal length, skew, lens."""


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_camera_is_drawn_or_refused_in_bounded_steps(name: str) -> None:
    focal, skew, lens = ABSURD[name]
    intrinsics = [[focal, skew, 319.5], [0.0, focal, 239.5], [0.0, 0.0, 1.0]]
    camera = Camera.from_opencv(intrinsics, lens, Pose(np.eye(3), np.array([0.0, 0.0, 3.0])), (640, 480))
    mesh = sphere(0.6, detail=1)
    with CpuRenderer(1) as cpu:
        for draw in (cpu.render_mask, cpu.render):
            try:
                drawn = draw(mesh, camera)
            except RenderkitError as error:
                assert "millions of pieces" in str(error)  # noqa: PT017 - either is right
            else:
                assert (drawn if isinstance(drawn, np.ndarray) else drawn.mask).shape == (480, 640)
