"""CpuRenderer against the ray caster: masks, depth, faces, weights, normals and colours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import Rendering, RenderPass
from renderkit.renderers.cpu import CpuRenderer, probed_mask, projection, silhouette, visibility, warm
from renderkit.renderers.raycast import raycast

ALL_PASSES = RenderPass.BARYCENTRIC | RenderPass.NORMAL | RenderPass.COLOR
LENSES: dict[str, Distortion] = {
    "none": NoDistortion(),
    "brown": BrownConrady(np.array([-0.25, 0.08, 1e-3, -8e-4, 0.01])),
    "folding": BrownConrady(np.array([-0.3, -0.6, 0.0, 0.0, -2.0])),
    "rational tilt": BrownConrady(
        np.array([0.1, -0.02, 5e-4, 3e-4, 0.01, 0.2, -0.01, 0.0, 1e-3, 0.0, -1e-3, 0.0, 0.03, -0.02])
    ),
    "fisheye": KannalaBrandt(np.array([0.02, -0.01, 0.003, -0.001])),
}


def camera(
    lens: Distortion, size: tuple[int, int] = (320, 240), focal: float = 1200.0, distance: float = 14.0
) -> Camera:
    width, height = size
    intrinsics = np.array([[focal, 0.7, 0.5 * width - 3.3], [0.0, 1.02 * focal, 0.5 * height + 2.1], [0.0, 0.0, 1.0]])
    pose = Pose.from_rotation_vector(np.array([0.3, -0.4, 0.1]), np.array([0.1, -0.05, distance]))
    return Camera(intrinsics, width, height, lens, pose)


def sphere(subdivisions: int = 4) -> Mesh:
    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    return Mesh(ball.vertices * [1.0, 1.3, 0.9], ball.faces)


def room() -> Mesh:
    """A box around everything: faces through the camera plane, behind it, and filling the frame."""
    box = trimesh.creation.box(extents=(12.0, 10.0, 44.0))
    return Mesh(box.vertices, box.faces)


def wall() -> Mesh:
    corners = np.array([[-50.0, -50.0, 1.0], [50.0, -50.0, 1.0], [50.0, 50.0, 1.0], [-50.0, 50.0, 1.0]])
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))


def assert_agrees(found: Rendering, truth: Rendering, mask_px: int, face_share: float = 2e-3) -> None:
    assert np.count_nonzero(found.mask ^ truth.mask) <= mask_px
    same = found.mask & truth.mask & (found.face_index == truth.face_index)
    assert np.count_nonzero(same) >= (1.0 - face_share) * np.count_nonzero(truth.mask) - mask_px
    assert same.any()
    error = np.abs(found.depth[same] / truth.depth[same] - 1.0)
    assert np.percentile(error, 99.5) < 1e-5
    assert np.isposinf(found.depth[~found.mask]).all()


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
@pytest.mark.parametrize("make", [sphere, room, wall], ids=["sphere", "room", "wall"])
def test_geometry_agrees_with_rays(renderer: CpuRenderer, lens: Distortion, make: Callable[[], Mesh]) -> None:
    mesh, view = make(), camera(lens)
    found, truth = renderer.render(mesh, view), raycast(mesh, view)
    assert_agrees(found, truth, mask_px=6)
    assert np.array_equal(renderer.render_mask(mesh, view), found.mask)


@pytest.mark.parametrize("scale", [0.02, 0.4])
def test_faces_turned_away_are_seen_in_front_of_faces_turned_here(renderer: CpuRenderer, scale: float) -> None:
    rng = np.random.default_rng(6)
    ball = sphere(3)
    # Single faces of either orientation, some just in front of the ball and some just behind its near side.
    middles = rng.normal(size=(600, 1, 3))
    middles *= rng.uniform(0.97, 1.03, (600, 1, 1)) / np.linalg.norm(middles, axis=2, keepdims=True)
    loose = middles * [1.0, 1.3, 0.9] + scale * rng.normal(size=(600, 3, 3)) * 0.5
    faces = np.concatenate([ball.faces, len(ball.vertices) + np.arange(1800, dtype=np.int32).reshape(-1, 3)])
    mesh = Mesh(np.concatenate([ball.vertices, loose.reshape(-1, 3)]), faces)
    view = camera(LENSES["brown"])
    found, truth = renderer.render(mesh, view), raycast(mesh, view)
    assert_agrees(found, truth, mask_px=6)
    assert np.count_nonzero(found.face_index >= len(ball.faces)) > 100


def test_pixels_beyond_the_valid_radius_are_never_drawn(renderer: CpuRenderer) -> None:
    view = camera(LENSES["folding"], focal=150.0, distance=3.0)
    rows, columns = np.mgrid[:240, :320]
    reached = np.isfinite(view.unproject(np.column_stack([columns.ravel(), rows.ravel()])))[:, 0].reshape(240, 320)
    assert not reached.all()
    mask = renderer.render_mask(wall(), view)
    assert np.count_nonzero(mask ^ reached) <= 6


def test_a_mesh_behind_the_camera_is_not_drawn(renderer: CpuRenderer) -> None:
    view = camera(LENSES["brown"], distance=-5.0)
    assert not renderer.render_mask(sphere(), view).any()
    found = renderer.render(sphere(), view, ALL_PASSES)
    assert not found.mask.any()
    assert np.isposinf(found.depth).all()


@pytest.mark.parametrize("name", ["none", "brown", "fisheye"])
def test_surface_passes_agree_with_rays(renderer: CpuRenderer, name: str) -> None:
    rng = np.random.default_rng(3)
    plain = sphere(3)
    coarse = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    uv = 0.5 + 0.4 * plain.vertices[:, :2] / np.abs(plain.vertices[:, :2]).max()
    looks = {
        "neutral": plain,
        "colours": Mesh(plain.vertices, plain.faces, vertex_colors=rng.integers(0, 256, (len(uv), 3)).astype(np.uint8)),
        "texture": Mesh(plain.vertices, plain.faces, uv=uv, texture=coarse),
    }
    view = camera(LENSES[name])
    for mesh in looks.values():
        found, truth = renderer.render(mesh, view, ALL_PASSES), raycast(mesh, view, ALL_PASSES)
        same = found.face_index == truth.face_index
        covered = same & truth.mask
        assert found.barycentric is not None
        assert found.normal is not None
        assert found.color is not None
        assert truth.barycentric is not None
        assert truth.normal is not None
        assert truth.color is not None
        # Weights on faces seen almost edge-on are ill-conditioned; hence no maximum.
        assert np.percentile(np.abs(found.barycentric - truth.barycentric)[covered], 99.9) < 2e-3
        assert np.percentile(np.abs(found.normal - truth.normal)[covered], 99.9) < 2e-3
        assert np.percentile(np.abs(found.color.astype(int) - truth.color)[covered], 99.9) <= 2
        assert not found.color[~found.mask].any()
        assert not found.normal[~found.mask].any()
        assert not found.barycentric[~found.mask].any()


def test_barycentric_weights_of_cut_faces_belong_to_the_whole_face(renderer: CpuRenderer) -> None:
    view = camera(LENSES["brown"])
    found = renderer.render(room(), view, RenderPass.BARYCENTRIC)
    assert found.barycentric is not None
    corners = room().vertices[room().faces[found.face_index]]
    points = np.einsum("hwk,hwkx->hwx", found.barycentric, corners)
    pixels = view.project(points.reshape(-1, 3)).reshape(240, 320, 2)
    expected = np.stack(np.meshgrid(np.arange(320), np.arange(240)), axis=-1)
    assert np.nanmax(np.abs(pixels - expected)[found.mask]) < 0.05


def test_real_cameras_agree_with_rays(
    renderer: CpuRenderer, shared_data: Path, real_calibration: dict[str, Any]
) -> None:
    fit = np.load(shared_data / "renderme360" / "flame_fit.npz")
    topology = np.load(shared_data / "flame" / "topology.npz")
    mesh = Mesh(fit["verts"][0] + fit["cam"][0, 1:4], topology["faces"])
    both = either = 0
    # Every third one, and all whose polynomial folds back inside the picture; check_exactness.py takes all sixty.
    folding = [
        name for name, values in real_calibration.items() if BrownConrady(np.array(values["D"])).valid_radius < 0.34
    ]
    chosen = sorted({*folding[:8], *list(real_calibration)[::5]})
    for values in (real_calibration[name] for name in chosen):
        full = Camera.from_opencv(values["K"], values["D"], Pose.from_matrix(values["RT"]).inverse(), (2448, 2048))
        view = full.scaled((612, 512))
        found, truth = renderer.render_mask(mesh, view), raycast(mesh, view).mask
        both += int((found & truth).sum())
        either += int((found | truth).sum())
    assert both / either >= 0.99995


@pytest.mark.parametrize("name", ["00", "54"])
def test_a_real_view_at_full_size(
    renderer: CpuRenderer, shared_data: Path, real_calibration: dict[str, Any], name: str
) -> None:
    fit = np.load(shared_data / "renderme360" / "flame_fit.npz")
    mesh = Mesh(fit["verts"][0] + fit["cam"][0, 1:4], np.load(shared_data / "flame" / "topology.npz")["faces"])
    values = real_calibration[name]
    view = Camera.from_opencv(values["K"], values["D"], Pose.from_matrix(values["RT"]).inverse(), (2448, 2048))
    found, truth = renderer.render(mesh, view), raycast(mesh, view)
    assert_agrees(found, truth, mask_px=20)
    both, either = np.count_nonzero(found.mask & truth.mask), np.count_nonzero(found.mask | truth.mask)
    assert int(both) / int(either) >= 0.99995


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
@pytest.mark.parametrize("make", [sphere, room], ids=["sphere", "room"])
def test_depth_at_pixels_is_the_whole_picture_s(
    renderer: CpuRenderer, lens: Distortion, make: Callable[[], Mesh]
) -> None:
    mesh, view = make(), camera(lens)
    whole = renderer.render(mesh, view).depth
    rng = np.random.default_rng(5)
    for count in (0, 1, 7, 300):
        pixels = rng.integers((0, 0), view.size, (count, 2))
        assert np.array_equal(renderer.depth_at(mesh, view, pixels), whole[pixels[:, 1], pixels[:, 0]])
    # What is left in the working memory must not be seen in the next picture.
    assert np.array_equal(renderer.render(mesh, view).depth, whole)


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
@pytest.mark.parametrize("make", [sphere, room], ids=["sphere", "room"])
@pytest.mark.parametrize("threads", [1, 3])
def test_mask_and_depths_of_one_projection_are_those_of_two(
    monkeypatch: pytest.MonkeyPatch, lens: Distortion, make: Callable[[], Mesh], threads: int
) -> None:
    monkeypatch.setattr(projection, "_SHARED_FACES", 0)
    mesh, view = make(), camera(lens)
    apart = np.random.default_rng(6).integers((0, 0), view.size, (200, 2))
    near = (np.minimum(apart, np.array(view.size) - 2)[:, None] + [[0, 0], [1, 0], [0, 1], [1, 1]]).reshape(-1, 2)
    with CpuRenderer(threads) as renderer:
        mask, whole = renderer.render_mask(mesh, view), renderer.render(mesh, view).depth
        for pixels in (apart, near, near[:3], near[:0]):
            bits, depths = renderer.render_bits_and_depths(mesh, view, pixels)
            assert np.array_equal(bits.unpack(), mask)
            assert np.array_equal(depths, whole[pixels[:, 1], pixels[:, 0]])


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
@pytest.mark.parametrize("make", [sphere, room], ids=["sphere", "room"])
def test_mask_and_depths_take_one_native_call(
    monkeypatch: pytest.MonkeyPatch, lens: Distortion, make: Callable[[], Mesh]
) -> None:
    monkeypatch.delattr(projection.ProjectedVertices, "settled")
    with CpuRenderer(1) as renderer:
        renderer.render_bits_and_depths(make(), camera(lens), np.array([[160, 120], [161, 120]]))


@pytest.mark.parametrize("lens", ["brown", "folding", "fisheye"])
@pytest.mark.parametrize("make", [sphere, room], ids=["sphere", "room"])
def test_more_pieces_and_edges_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch, lens: str, make: Callable[[], Mesh]
) -> None:
    mesh, view = make(), camera(LENSES[lens])
    pixels = np.array([[160, 120], [161, 120], [160, 121], [161, 121]])
    with CpuRenderer(1) as renderer:
        mask, whole = renderer.render_mask(mesh, view), renderer.render(mesh, view).depth
    monkeypatch.setattr(probed_mask, "_LEAST_PIECES", 1)
    monkeypatch.setattr(silhouette, "_LEAST_EDGES", 1)
    with CpuRenderer(1) as renderer:
        for _ in range(2):
            bits, depths = renderer.render_bits_and_depths(mesh, view, pixels)
            assert np.array_equal(bits.unpack(), mask)
            assert np.array_equal(depths, whole[pixels[:, 1], pixels[:, 0]])


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
@pytest.mark.parametrize("make", [sphere, room], ids=["sphere", "room"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_rendering_and_an_outline_of_one_projection_are_those_of_two(
    monkeypatch: pytest.MonkeyPatch, lens: Distortion, make: Callable[[], Mesh], threads: int
) -> None:
    monkeypatch.setattr(projection, "_SHARED_FACES", 0)
    mesh, view = make(), camera(lens)
    with CpuRenderer(threads) as renderer:
        rendering, outline = renderer.render(mesh, view, ALL_PASSES), renderer.trace_outline(mesh, view)
        both, traced = renderer.render_traced(mesh, view, ALL_PASSES)
    assert np.array_equal(traced, outline)
    for name in ("face_index", "depth", "barycentric", "normal", "color"):
        assert np.array_equal(getattr(both, name), getattr(rendering, name)), name


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("lens", ["brown", "folding", "fisheye"])
@pytest.mark.parametrize("make", [sphere, room], ids=["sphere", "room"])
def test_threads_on_one_view_change_nothing(
    monkeypatch: pytest.MonkeyPatch, lens: str, make: Callable[[], Mesh], *, fine: bool
) -> None:
    # Pictures this small are one band.
    monkeypatch.setattr(visibility, "_LEAST_BAND_PX", 0)
    if fine:
        # As if the mesh had so many faces that each step is worth sharing.
        monkeypatch.setattr(projection, "_SHARED_FACES", 0)
        monkeypatch.setattr(silhouette, "_SHARED_EDGES", 0)
        monkeypatch.setattr(visibility, "_FEW_FACES", 0)
    mesh, view = make(), camera(LENSES[lens])
    with CpuRenderer(1) as alone, CpuRenderer(3) as three:
        expected, found = alone.render(mesh, view, ALL_PASSES), three.render(mesh, view, ALL_PASSES)
        mask = alone.render_mask(mesh, view)
        assert np.array_equal(three.render_mask(mesh, view), mask)
    for name in ("face_index", "depth", "barycentric", "normal", "color"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


def test_pictures_are_read_only_and_never_drawn_over(renderer: CpuRenderer) -> None:
    first = renderer.render(sphere(), camera(LENSES["brown"]), ALL_PASSES)
    kept = {name: getattr(first, name).copy() for name in ("face_index", "depth", "barycentric", "normal", "color")}
    mask = renderer.render_mask(sphere(), camera(LENSES["brown"]))
    before = mask.copy()
    renderer.render(sphere(), camera(LENSES["brown"], distance=20.0), ALL_PASSES)
    renderer.render_mask(sphere(), camera(LENSES["brown"], distance=20.0))
    assert np.array_equal(mask, before)
    for name, picture in kept.items():
        assert np.array_equal(getattr(first, name), picture)
        assert not getattr(first, name).flags.writeable


def test_depth_outside_the_picture_is_refused(renderer: CpuRenderer) -> None:
    for pixels in (np.array([[320, 0]]), np.array([[0, -1]]), np.array([1, 2])):
        with pytest.raises(ValueError, match="pixels"):
            renderer.depth_at(sphere(), camera(LENSES["none"]), pixels)


def test_threads_draw_what_one_thread_draws(renderer: CpuRenderer) -> None:
    mesh = sphere()
    views = [camera(LENSES["brown"], distance=13.0 + 0.2 * i) for i in range(12)]
    expected = [renderer.render_mask(mesh, view) for view in views]
    depths = [renderer.render(mesh, view).depth for view in views]
    wrong: list[int] = []

    def draw(first: int) -> None:
        for i in range(first, len(views), 3):
            if not np.array_equal(renderer.render_mask(mesh, views[i]), expected[i]):
                wrong.append(i)
            if not np.array_equal(renderer.render(mesh, views[i]).depth, depths[i]):
                wrong.append(i)

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_mesh_without_faces_is_refused(renderer: CpuRenderer) -> None:
    points = Mesh(np.zeros((3, 3)), np.zeros((0, 3), int))
    with pytest.raises(ValueError, match="no faces"):
        renderer.render(points, camera(NoDistortion()))
    with pytest.raises(ValueError, match="no faces"):
        renderer.render_mask(points, camera(NoDistortion()))


@pytest.mark.parametrize("count", [1, 40, 500])
def test_faces_without_an_area_draw_nothing(renderer: CpuRenderer, count: int) -> None:
    points = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]])
    for corners in ([0, 0, 0], [0, 1, 0], [1, 1, 0]):
        mesh = Mesh(points, np.tile(np.array([corners], np.int32), (count, 1)))
        assert not renderer.render_mask(mesh, camera(NoDistortion())).any()


@pytest.mark.parametrize("count", [40, 500])
def test_a_fan_about_one_vertex_has_no_seam(renderer: CpuRenderer, count: int) -> None:
    angle = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    rim = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(count)])
    index = np.arange(1, count + 1)
    faces = np.column_stack([np.zeros(count, np.int32), index, index % count + 1])
    mesh, view = Mesh(np.vstack([np.zeros(3), rim]), faces), camera(NoDistortion())
    assert np.count_nonzero(renderer.render_mask(mesh, view) ^ raycast(mesh, view).mask) <= 2


def test_a_renderer_says_who_draws_and_closes_twice() -> None:
    warm()
    with CpuRenderer(3) as instance:
        assert instance.info.kind == "cpu"
        assert "Numba" in instance.info.device
        assert "3 threads" in instance.info.device
        assert not instance.info.hardware
        instance.close()
    with pytest.raises(ValueError, match="at least 1, got 0"):
        CpuRenderer(0)
