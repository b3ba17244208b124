"""pyrender through our exact camera: against OpenCV, against our own renderer, and without harm to other contexts."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from render_scenes import make_camera, moved, sphere, torus

from renderkit.arrays import FloatArray
from renderkit.errors import ContextError, MissingExtraError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.egl.context import EglContext, EglDevice
from renderkit.renderers.egl.renderer import EglRenderer
from renderkit.renderers.pyrender_bridge import (
    PyrenderRenderer,
    bent_scene,
    camera_at_origin,
    exact_camera,
    fitted_range,
    load_pyrender,
    mesh_scene,
    place_camera,
    render_scene,
)

try:
    pyrender = load_pyrender()
except (MissingExtraError, ContextError) as error:
    pytest.skip(f"no pyrender here: {error}", allow_module_level=True)


def test_projection_is_opencvs(egl_devices: tuple[EglDevice, ...]) -> None:
    """Points through pyrender's matrices land on cv2.projectPoints, skew and half pixel included."""
    mesh, camera = moved(sphere(), make_camera(), Pose.from_rotation_vector([0.3, -0.2, 1.0], [4.0, 5.0, 6.0]))
    scene = pyrender.Scene()
    scene.add(pyrender.Mesh.from_trimesh(mesh.to_trimesh()))
    node = place_camera(scene, camera)
    view = np.linalg.inv(scene.get_pose(node))
    clip = np.column_stack([mesh.vertices, np.ones(len(mesh.vertices))]) @ view.T
    clip = clip @ node.camera.get_projection_matrix(*camera.size).T
    ndc = clip[:, :3] / clip[:, 3:]
    pixels = np.column_stack([(ndc[:, 0] + 1) / 2 * camera.width - 0.5, (1 - ndc[:, 1]) / 2 * camera.height - 0.5])
    pose = camera.cam_from_world
    ideal, _ = cv2.projectPoints(mesh.vertices.reshape(-1, 1, 3), pose.rotation_vector, pose.t, np.eye(3), None)
    expected = ideal.reshape(-1, 2) @ camera.K[:2, :2].T + camera.K[:2, 2]
    np.testing.assert_allclose(pixels, expected, atol=1e-9)
    assert (np.abs(ndc[:, 2]) < 1.0).all()


def test_other_viewport_is_refused() -> None:
    camera = exact_camera(make_camera(), 0.1, 10.0)
    with pytest.raises(ValueError, match="expected \\(320, 256\\)"):
        camera.get_projection_matrix(640, 512)


def test_range_holds_the_meshes() -> None:
    camera = make_camera()
    scene = pyrender.Scene()
    assert fitted_range(scene, camera) == (0.1, 100.0)
    scene.add(pyrender.Mesh.from_trimesh(sphere(1.0, (0.0, 0.0, 0.0)).to_trimesh()), pose=_shift(0.0, 0.0, 3.0))
    near, far = fitted_range(scene, camera)
    assert near == pytest.approx(2.0, rel=2e-3)
    assert far == pytest.approx(4.0, rel=2e-3)
    scene.add(pyrender.Mesh.from_trimesh(sphere(1.0, (0.0, 0.0, 0.0)).to_trimesh()))
    assert fitted_range(scene, camera)[0] == pytest.approx(4.0e-4, rel=2e-3)


@pytest.mark.parametrize("lens", ["none", "barrel", "turning", "tilted", "fisheye"])
def test_silhouette_is_ours(egl_renderer: EglRenderer, lens: str) -> None:
    """SEG draws one sample per pixel, so on a closed mesh it must give our mask, but for faces on the valid radius."""
    mesh, camera = sphere(0.7, detail=5), make_camera(lens)
    scene = mesh_scene(mesh, camera)
    seg = dict.fromkeys(scene.mesh_nodes, (255, 255, 255))
    view = camera_at_origin(camera)
    with PyrenderRenderer() as renderer:
        node = place_camera(scene, view)
        offscreen = _offscreen(renderer, mesh, camera)
        color, _ = offscreen.render(scene, flags=pyrender.RenderFlags.SEG, seg_node_map=seg)
        scene.remove_node(node)
    ours = egl_renderer.render_mask(mesh, camera)
    assert np.count_nonzero((color[..., 0] > 0) != ours) <= 4


def test_depth_is_ours(egl_renderer: EglRenderer) -> None:
    mesh, camera = torus(), make_camera("barrel")
    with PyrenderRenderer() as renderer:
        color, depth = renderer.render(mesh, camera)
        again, _ = renderer.render(mesh.to_trimesh(), camera)
    ours = egl_renderer.render(mesh, camera)
    both = np.isfinite(depth) & ours.mask
    assert np.count_nonzero(both) > 0.98 * np.count_nonzero(ours.mask)
    # Its depth is one sample of four, a third of a pixel from the centre.
    assert np.median(np.abs(depth[both] - ours.depth[both])) < 5e-3
    assert np.isinf(depth[0, 0])
    assert color.dtype == np.uint8
    assert color[both].mean() > 50
    np.testing.assert_array_equal(color, again)


def test_scene_and_mesh_give_the_same_picture() -> None:
    mesh = replace(torus(), vertex_colors=np.full((len(torus().vertices), 3), 180, dtype=np.uint8))
    scene = pyrender.Scene(ambient_light=(1.0, 1.0, 1.0))
    local = Mesh(mesh.vertices - (0.5, 0.0, 1.0), mesh.faces, vertex_colors=mesh.vertex_colors)
    scene.add(pyrender.Mesh.from_trimesh(local.to_trimesh()), pose=_shift(0.5, 0.0, 1.0))
    with PyrenderRenderer() as renderer:
        for lens in ("none", "barrel", "turning"):
            camera = make_camera(lens)
            _, depth = renderer.render(scene, camera)
            _, expected = renderer.render(mesh, camera)
            assert np.count_nonzero(np.isfinite(depth) != np.isfinite(expected)) <= 4
    assert not scene.camera_nodes


def test_scenes_own_camera_comes_back() -> None:
    scene = pyrender.Scene()
    scene.add(pyrender.Mesh.from_trimesh(torus().to_trimesh()))
    own = scene.add(pyrender.PerspectiveCamera(yfov=1.0))
    render_scene(scene, make_camera())
    assert scene.main_camera_node is own


def test_shadows_work_without_np_infty() -> None:
    scene = pyrender.Scene()
    scene.add(pyrender.Mesh.from_trimesh(torus().to_trimesh()))
    scene.add(pyrender.DirectionalLight(intensity=3.0))
    with PyrenderRenderer() as renderer:
        color, _ = renderer.render(scene, make_camera(), pyrender.RenderFlags.SHADOWS_DIRECTIONAL)
    assert color.any()


def test_texture_reaches_pyrender() -> None:
    ring = torus()
    texture = np.zeros((8, 8, 3), dtype=np.uint8)
    texture[..., 0] = 250
    mesh = replace(ring, uv=np.full((len(ring.vertices), 2), 0.5), texture=texture)
    color, depth = render_scene(mesh, make_camera())
    red, green, _ = color[np.isfinite(depth)].astype(float).mean(axis=0)
    assert red > 3.0 * green


def test_closing_leaves_other_contexts_alone(egl_devices: tuple[EglDevice, ...]) -> None:
    with EglContext() as context:
        render_scene(torus(), make_camera())
        assert context.make_current() is False


def test_instances_under_a_lens_are_refused() -> None:
    scene = pyrender.Scene()
    poses = np.stack([np.eye(4), np.eye(4)])
    scene.add(pyrender.Mesh.from_trimesh(torus().to_trimesh(), poses=poses))
    with pytest.raises(ValueError, match=r"camera\.undistorted"):
        bent_scene(scene, make_camera("barrel"))


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrender", None)
    with pytest.raises(MissingExtraError, match=r"renderkit\[pyrender\]"):
        PyrenderRenderer()


def _shift(x: float, y: float, z: float) -> FloatArray:
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose


def _offscreen(renderer: PyrenderRenderer, mesh: Mesh, camera: Camera) -> Any:
    renderer.render(mesh, camera)
    return renderer._offscreen
