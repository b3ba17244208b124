"""The EGL renderer against OpenCV, a double-precision rasteriser, closed forms and the ray caster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from render_scenes import (
    LENSES,
    edge_distance,
    fill_triangles,
    floor,
    make_camera,
    moved,
    soup,
    sphere,
    torus,
    wall,
)

from renderkit.arrays import FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import RenderPass
from renderkit.renderers.egl import renderer as module
from renderkit.renderers.egl.renderer import EglRenderer
from renderkit.renderers.raycast import raycast

ALL = RenderPass.BARYCENTRIC | RenderPass.NORMAL | RenderPass.COLOR
MESHES = {"sphere": sphere(), "torus": torus(), "soup": soup(), "wall": wall(), "floor": floor()}


def differing(first: MaskImage, second: MaskImage) -> FloatArray:
    return np.column_stack(np.nonzero(first != second))[:, ::-1].astype(np.float64)


def opencv_pixels(points: FloatArray, camera: Camera) -> FloatArray:
    pose = camera.cam_from_world
    if camera.distortion.model == "kannala_brandt":
        pixels, _ = cv2.fisheye.projectPoints(
            points.reshape(-1, 1, 3),
            pose.rotation_vector,
            pose.t,
            camera.K,
            camera.distortion.coefficients,
            alpha=camera.K[0, 1] / camera.K[0, 0],
        )
        return np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
    bent, _ = cv2.projectPoints(
        points.reshape(-1, 1, 3), pose.rotation_vector, pose.t, np.eye(3), camera.distortion.coefficients
    )
    # OpenCV's projectPoints knows no skew.
    return np.asarray(bent, dtype=np.float64).reshape(-1, 2) @ camera.K[:2, :2].T + camera.K[:2, 2]


def landing_error_px(renderer: EglRenderer, camera: Camera, point: FloatArray) -> float:
    """How far the centroid of a small square lands from OpenCV's, found in a picture magnified 256 times."""
    pose = camera.cam_from_world
    in_camera = pose.apply(point[None])[0]
    half = 20.0 / 256.0 / camera.K[0, 0] * in_camera[2]
    corners = pose.inverse().apply(in_camera + half * np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]))
    square = Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32))
    magnified = camera.scaled((camera.width * 256, camera.height * 256))
    expected = 256.0 * (opencv_pixels(corners, camera).mean(axis=0) + 0.5) - 0.5
    x0, y0 = np.round(expected).astype(int) - 64
    rows, columns = np.nonzero(renderer.render_mask(square, magnified.cropped(int(x0), int(y0), (129, 129))))
    return float(np.hypot(columns.mean() + x0 - expected[0], rows.mean() + y0 - expected[1])) / 256.0


@pytest.mark.parametrize("lens", LENSES)
def test_vertices_land_where_opencv_puts_them(egl_renderer: EglRenderer, lens: str) -> None:
    """Small squares at known points, magnified 256 times: their centroids are exact to a few thousandths of a pixel."""
    camera = make_camera(lens, (2448, 2048), 1500.0)
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-0.5, 0.5, (24, 2)), np.ones(24)]) * rng.uniform(0.8, 1.6, (24, 1))
    inside = np.hypot(points[:, 0], points[:, 1]) < 0.97 * camera.distortion.valid_radius * points[:, 2]
    points = points[inside]
    assert len(points) > 10
    for point in points:
        assert landing_error_px(egl_renderer, camera, point) < 0.003 + 0.003


def test_pixel_centres_follow_a_double_precision_rasteriser(egl_renderer: EglRenderer) -> None:
    camera = make_camera(size=(160, 128), focal=100.0)
    mesh = soup(3)
    expected = fill_triangles(camera.project(mesh.vertices), mesh.faces, camera.size) > 0
    assert 2000 < np.count_nonzero(expected) < expected.size
    for pixel in differing(egl_renderer.render_mask(mesh, camera), expected):
        assert edge_distance(pixel[None], mesh, camera)[0] < 1.0 / 128.0


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("name", MESHES)
def test_silhouette_and_surface_follow_the_ray_caster(egl_renderer: EglRenderer, lens: str, name: str) -> None:
    camera, mesh = make_camera(lens), MESHES[name]
    mask = egl_renderer.render_mask(mesh, camera)
    rendering = egl_renderer.render(mesh, camera)
    oracle = raycast(mesh, camera)
    np.testing.assert_array_equal(mask, rendering.mask)
    wrong = differing(mask, oracle.mask)
    assert len(wrong) < 0.002 * np.count_nonzero(oracle.mask)
    assert not len(wrong) or np.max(edge_distance(wrong, mesh, camera)) < 0.5
    same = (rendering.face_index == oracle.face_index) & oracle.mask
    both = mask & oracle.mask
    assert np.count_nonzero(same) > 0.995 * np.count_nonzero(both)
    assert np.median(np.abs(rendering.depth[same] / oracle.depth[same] - 1.0)) < 2e-4
    assert np.isinf(rendering.depth[~mask]).all()


REAL_CAMERAS = ("00", "20", "44", "54", "58")


def real_view(real_calibration: dict[str, Any], name: str) -> Camera:
    entry = real_calibration[name]
    return Camera.from_opencv(entry["K"], entry["D"], Pose.from_matrix(entry["RT"]).inverse(), (2448, 2048), name)


@pytest.fixture(scope="module")
def real_head(shared_data: Path) -> Mesh:
    fit = np.load(shared_data / "renderme360" / "flame_fit.npz")
    faces = np.load(shared_data / "flame" / "topology.npz")["faces"]
    return Mesh(fit["verts"][0] + fit["cam"][0, 1:4], faces)


@pytest.mark.parametrize("name", REAL_CAMERAS)
def test_real_head_in_real_cameras_follows_the_ray_caster(
    egl_renderer: EglRenderer, real_calibration: dict[str, Any], real_head: Mesh, name: str
) -> None:
    """The most bent views of the rig; all sixty are in benchmarks/check_exactness.py."""
    camera = real_view(real_calibration, name)
    mask, oracle = egl_renderer.render_mask(real_head, camera), raycast(real_head, camera).mask
    wrong = differing(mask, oracle)
    assert 1.0 - len(wrong) / np.count_nonzero(mask | oracle) >= 0.99995
    assert not len(wrong) or np.max(edge_distance(wrong, real_head, camera)) < 0.5


def test_real_vertices_land_where_opencv_puts_them_in_all_sixty_cameras(
    egl_renderer: EglRenderer, real_calibration: dict[str, Any], real_head: Mesh
) -> None:
    rng = np.random.default_rng(0)
    worst = 0.0
    for name in real_calibration:
        camera = real_view(real_calibration, name)
        visible = np.flatnonzero(camera.in_image(camera.project(real_head.vertices)))
        for vertex in real_head.vertices[rng.choice(visible, 4, replace=False)]:
            worst = max(worst, landing_error_px(egl_renderer, camera, vertex))
    assert worst < 0.003 + 0.003


def test_vertices_beyond_the_real_valid_radius_draw_nothing(
    egl_renderer: EglRenderer, real_calibration: dict[str, Any], real_head: Mesh
) -> None:
    camera = real_view(real_calibration, "54")
    middle = real_head.vertices.mean(axis=0)
    large = middle + 1.8 * (real_head.vertices - middle)
    beyond = np.isnan(camera.project(large)[:, 0])
    assert 0 < np.count_nonzero(beyond) < len(beyond)
    faces = real_head.faces[beyond[real_head.faces].all(axis=1)]
    assert len(faces)
    assert not egl_renderer.render_mask(Mesh(large, faces), camera).any()
    rows, columns = np.nonzero(egl_renderer.render_mask(Mesh(large, real_head.faces), camera))
    assert np.isfinite(camera.unproject(np.column_stack([columns, rows]))).all()


def test_plane_depth_is_exact(egl_renderer: EglRenderer) -> None:
    camera, mesh = make_camera(), wall(2.0)
    rendering = egl_renderer.render(mesh, camera)
    rows, columns = np.mgrid[0 : camera.height, 0 : camera.width]
    rays = camera.unproject(np.column_stack([columns.ravel(), rows.ravel()]))
    # z = 2 + 0.2 X / 50 with X = z x.
    expected = (2.0 / (1.0 - 0.2 / 50.0 * rays[:, 0])).reshape(rows.shape)
    np.testing.assert_allclose(rendering.depth, expected, rtol=1e-6)


def test_sphere_silhouette_follows_its_closed_form(egl_renderer: EglRenderer) -> None:
    center, radius = np.array([0.1, -0.05, 3.0]), 0.7
    camera = make_camera(size=(160, 128), focal=100.0)
    rows, columns = np.mgrid[0 : camera.height, 0 : camera.width]
    rays = camera.unproject(np.column_stack([columns.ravel(), rows.ravel()]))
    along = rays @ center
    gap = (along**2 - (rays**2).sum(axis=1) * (center @ center - radius**2)).reshape(rows.shape)
    mask = egl_renderer.render_mask(sphere(radius, (0.1, -0.05, 3.0), 6), camera)
    # The polyhedron lies within the ball by 0.0004 radii, 0.01 px here.
    assert np.count_nonzero(mask != (gap > 0)) <= 6
    assert not (mask & (gap < -1e-6)).any()


def test_world_far_from_the_origin_changes_nothing(egl_renderer: EglRenderer) -> None:
    camera, mesh = make_camera("barrel"), torus()
    far_mesh, far_camera = moved(mesh, camera, Pose.from_rotation_vector([0.4, -1.2, 0.7], [1e6, -2e6, 3e6]))
    near, far = egl_renderer.render(mesh, camera), egl_renderer.render(far_mesh, far_camera)
    assert np.count_nonzero(near.mask != far.mask) <= 1
    both = near.mask & far.mask
    assert np.quantile(np.abs(near.depth[both] / far.depth[both] - 1.0), 0.999) < 5e-6


def test_nothing_is_drawn_beyond_the_valid_radius(egl_renderer: EglRenderer) -> None:
    """Plain evaluation of the polynomial folds points beyond the radius back into the picture."""
    camera = make_camera("turning")
    radius = camera.distortion.valid_radius
    rng = np.random.default_rng(0)
    angle, reach = rng.uniform(0, 2 * np.pi, 200), rng.uniform(1.02, 1.6, 200) * radius
    points = np.column_stack([reach * np.cos(angle), reach * np.sin(angle), np.ones(200)])
    folded = opencv_pixels(points, camera)
    assert ((folded >= 0) & (folded < camera.size)).all(axis=1).sum() > 50
    corners = points[:, None] + 1e-3 * np.array([[1, 0, 0], [0, 1, 0], [-1, -1, 0]])
    mesh = Mesh(corners.reshape(-1, 3), np.arange(600, dtype=np.int32).reshape(-1, 3))
    assert not egl_renderer.render_mask(mesh, camera).any()
    assert not egl_renderer.render(mesh, camera).mask.any()


def test_what_is_behind_the_camera_is_not_drawn(egl_renderer: EglRenderer) -> None:
    behind = sphere(0.5, (0.0, 0.0, -3.0))
    for lens in LENSES:
        assert not egl_renderer.render_mask(behind, make_camera(lens)).any()


@pytest.mark.parametrize("inside_out", [False, True])
def test_all_passes_agree_with_the_ray_caster(egl_renderer: EglRenderer, inside_out: bool) -> None:
    ring = torus()
    if inside_out:
        ring = Mesh(ring.vertices, ring.faces[:, ::-1])
    colors = np.clip((ring.vertices - ring.bounds[0]) / np.ptp(ring.bounds, axis=0) * 255, 0, 255).astype(np.uint8)
    mesh = replace(ring, vertex_colors=colors)
    camera = make_camera("barrel")
    ours, cast = egl_renderer.render(mesh, camera, ALL), raycast(mesh, camera, ALL)
    assert ours.barycentric is not None and ours.normal is not None and ours.color is not None  # noqa: PT018
    assert cast.barycentric is not None and cast.normal is not None and cast.color is not None  # noqa: PT018
    same = (ours.face_index == cast.face_index) & ours.mask
    assert np.count_nonzero(same) > 0.99 * np.count_nonzero(ours.mask)
    assert np.quantile(np.abs(ours.barycentric - cast.barycentric)[same], 0.99) < 1e-2
    np.testing.assert_allclose(ours.barycentric[ours.mask].sum(axis=1), 1.0, atol=1e-6)
    assert np.quantile(np.linalg.norm(ours.normal - cast.normal, axis=2)[same], 0.99) < 3e-3
    assert np.quantile(np.abs(ours.color.astype(int) - cast.color.astype(int))[same], 0.99) <= 2
    for picture in (ours.barycentric, ours.normal, ours.color):
        assert not picture[~ours.mask].any()


def test_texture_is_upright_and_wraps_where_coordinates_ask_for_it(egl_renderer: EglRenderer) -> None:
    texture = np.zeros((64, 64, 3), dtype=np.uint8)
    texture[:32, :, 0] = 200  # top half red
    texture[32:, :, 1] = 200  # bottom half green
    corners = np.array([[-1.0, 1.0, 2.0], [1.0, 1.0, 2.0], [1.0, -1.0, 2.0], [-1.0, -1.0, 2.0]])
    uv = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    camera = Camera(np.array([[60.0, 0.0, 63.5], [0.0, 60.0, 63.5], [0.0, 0.0, 1.0]]), 128, 128)
    upright = egl_renderer.render(Mesh(corners, faces, uv, texture), camera, RenderPass.COLOR).color
    twice = egl_renderer.render(Mesh(corners, faces, uv * 2.0, texture), camera, RenderPass.COLOR).color
    assert upright is not None
    assert twice is not None
    assert upright[40, 64, 0] > 100 > upright[40, 64, 1]
    assert upright[88, 64, 1] > 100 > upright[88, 64, 0]
    assert [twice[row, 64, 0] > 100 for row in (40, 56, 72, 88)] == [True, False, True, False]


def test_tiles_make_the_same_picture(egl_renderer: EglRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    camera, mesh = make_camera("tilted"), torus()
    mask, whole = egl_renderer.render_mask(mesh, camera), egl_renderer.render(mesh, camera, ALL)
    monkeypatch.setattr(module, "MAX_TILE", 100)
    tiled_mask, tiled = egl_renderer.render_mask(mesh, camera), egl_renderer.render(mesh, camera, ALL)
    assert np.count_nonzero(mask != tiled_mask) <= 1
    assert np.count_nonzero(whole.face_index != tiled.face_index) <= 0.001 * np.count_nonzero(whole.mask)
    assert whole.color is not None
    assert tiled.color is not None
    assert np.quantile(np.abs(whole.color.astype(int) - tiled.color.astype(int)), 0.999) <= 1


def test_one_pixel_picture(egl_renderer: EglRenderer) -> None:
    camera = Camera(np.array([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 1.0]]), 1, 1)
    assert egl_renderer.render_mask(wall(), camera).tolist() == [[True]]
    assert egl_renderer.render(wall(), camera).depth.shape == (1, 1)


def test_picture_of_16k_is_drawn_in_tiles(egl_renderer: EglRenderer) -> None:
    size = 16384
    mesh = sphere(1.0, (0.0, 0.0, 3.0), 4)
    small = make_camera("barrel", (512, 512), 300.0)
    large = small.scaled((size, size))
    mask = egl_renderer.render_mask(mesh, large)
    assert mask.shape == (size, size)
    # Every 32nd pixel of the large picture is the small picture's pixel, half a large pixel off its centre.
    ratio = np.count_nonzero(mask) / (32.0 * 32.0) / np.count_nonzero(egl_renderer.render_mask(mesh, small))
    assert ratio == pytest.approx(1.0, abs=1e-3)


def test_degenerate_faces_cover_nothing(egl_renderer: EglRenderer) -> None:
    corners = np.array([[0.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.5, 0.0, 2.0], [0.0, 1.0, 2.0]])
    mesh = Mesh(corners, np.array([[0, 1, 2], [0, 0, 3], [1, 1, 1]]))
    for lens in LENSES:
        assert not egl_renderer.render_mask(mesh, make_camera(lens)).any()


def test_culling_a_closed_mesh_changes_no_pixel(egl_renderer: EglRenderer) -> None:
    for mesh in (sphere(detail=4), torus()):
        assert mesh.is_closed
        # The same faces once more, turned over: no longer closed in the strict sense, so drawn without culling.
        doubled = Mesh(mesh.vertices, np.concatenate([mesh.faces, mesh.faces[:, ::-1]]))
        assert not doubled.is_closed
        for lens in LENSES:
            camera = make_camera(lens)
            culled = egl_renderer.render_mask(mesh, camera)
            np.testing.assert_array_equal(culled, egl_renderer.render_mask(doubled, camera))


def test_closed_mesh_around_the_camera_fills_the_picture(egl_renderer: EglRenderer) -> None:
    room = sphere(5.0, (0.2, 0.1, 0.3), 2)
    for mesh in (room, Mesh(room.vertices, room.faces[:, ::-1])):
        for lens in ("none", "barrel"):
            assert egl_renderer.render_mask(mesh, make_camera(lens)).all()


def test_unused_vertices_do_not_matter(egl_renderer: EglRenderer) -> None:
    mesh, camera = torus(), make_camera("barrel")
    stray = Mesh(np.concatenate([mesh.vertices, [[1e30, -1e30, 1e30], [0.0, 0.0, -5.0]]]), mesh.faces)
    np.testing.assert_array_equal(egl_renderer.render_mask(mesh, camera), egl_renderer.render_mask(stray, camera))
