"""What the render benchmark compares: each contender takes a mesh and gives a function that draws one view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from renderkit.errors import MissingExtraError
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import gl_world_from_cam
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.base import Renderer, RenderPass
from renderkit.renderers.choose import RendererKind, make_renderer
from renderkit.renderers.pyrender_bridge import Pyrender, PyrenderRenderer, load_pyrender, place_camera

Draw: TypeAlias = Callable[[Camera], object]
Prepare: TypeAlias = Callable[[Mesh], Draw]


def contenders(wanted: str = "") -> dict[str, Prepare]:
    """Return every contender that can run here and whose name contains `wanted`; says which cannot."""
    offers: dict[str, Callable[[], dict[str, Prepare]]] = {
        "egl": lambda: _ours("egl"),
        "cpu": lambda: _ours("cpu") | _ours("cpu", 1),
        "pyrender": _pyrender,
        "VTK": _vtk,
        "Open3D": _open3d,
        "embreex": _embreex,
    }
    found: dict[str, Prepare] = {}
    for family, offer in offers.items():
        if wanted and not wanted.startswith(family):
            continue
        try:
            found |= offer()
        except (ImportError, MissingExtraError) as error:
            print(f"# {family} is left out: {error}")
    return {name: prepare for name, prepare in found.items() if wanted in {"", name}}


def _ours(kind: RendererKind, threads: int | None = None) -> dict[str, Prepare]:
    renderer: Renderer = make_renderer(kind, threads=threads)
    print(f"# {kind}: {renderer.info.device} ({renderer.info.version})")
    name = kind if threads is None else f"{kind} {threads} thread"
    return {
        f"{name} mask": lambda mesh: lambda camera: renderer.render_mask(mesh, camera),
        f"{name} depth": lambda mesh: lambda camera: renderer.render(mesh, camera),
        f"{name} shaded": lambda mesh: lambda camera: renderer.render(mesh, camera, RenderPass.COLOR),
    }


def _pyrender() -> dict[str, Prepare]:
    """Pyrender's passes with the scene, the renderer and its buffers kept; the toolkit way makes them anew."""
    pyrender = load_pyrender()
    flags = pyrender.RenderFlags
    shared = PyrenderRenderer()
    passes = {"default": flags.NONE, "FLAT": flags.FLAT, "SEG": flags.SEG, "DEPTH_ONLY": flags.DEPTH_ONLY}
    found: dict[str, Prepare] = {
        f"pyrender {name}": _pyrender_pass(pyrender, shared, flag) for name, flag in passes.items()
    }

    def anew(mesh: Mesh) -> Draw:
        def draw(camera: Camera) -> object:
            with PyrenderRenderer() as renderer:
                return renderer.render(_pyrender_scene(pyrender, mesh), camera.undistorted())

        return draw

    return found | {"pyrender anew": anew}


def _pyrender_pass(pyrender: Pyrender, shared: PyrenderRenderer, flag: int) -> Prepare:
    def prepare(mesh: Mesh) -> Draw:
        scene = _pyrender_scene(pyrender, mesh)
        colors = dict.fromkeys(scene.mesh_nodes, (255, 255, 255))
        camera_node: list[Any] = []

        def draw(camera: Camera) -> object:
            if shared._offscreen is None:
                shared.render(scene, camera.undistorted())
            if not camera_node:
                camera_node.append(place_camera(scene, camera.undistorted()))
            scene.set_pose(camera_node[0], gl_world_from_cam(camera.cam_from_world).matrix)
            offscreen: Any = shared._offscreen
            result: object = offscreen.render(scene, flags=flag, seg_node_map=colors)
            return result

        return draw

    return prepare


def _pyrender_scene(pyrender: Pyrender, mesh: Mesh) -> Pyrender:
    scene = pyrender.Scene(ambient_light=(0.25, 0.25, 0.25))
    scene.add(pyrender.Mesh.from_trimesh(mesh.to_trimesh()))
    scene.add(pyrender.DirectionalLight(intensity=3.0), pose=np.eye(4))
    return scene


def _vtk() -> dict[str, Prepare]:
    import vtk
    from vtk.util import numpy_support

    # A window that goes away terminates the EGL display under everybody else's contexts.
    kept: list[object] = []

    def prepare(mesh: Mesh) -> Draw:
        points = vtk.vtkPoints()
        points.SetData(numpy_support.numpy_to_vtk(mesh.vertices, deep=True))
        cells = vtk.vtkCellArray()
        cells.SetData(3, numpy_support.numpy_to_vtkIdTypeArray(mesh.faces.astype(np.int64).ravel(), deep=True))
        surface = vtk.vtkPolyData()
        surface.SetPoints(points)
        surface.SetPolys(cells)
        mapper = vtk.vtkPolyDataMapper()
        mapper.SetInputData(surface)
        actor = vtk.vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().LightingOff()
        renderer = vtk.vtkRenderer()
        renderer.AddActor(actor)
        window = vtk.vtkEGLRenderWindow() if hasattr(vtk, "vtkEGLRenderWindow") else vtk.vtkRenderWindow()
        kept.append(window)
        window.SetOffScreenRendering(1)
        window.SetMultiSamples(0)
        window.AddRenderer(renderer)
        pixels = vtk.vtkUnsignedCharArray()

        def draw(camera: Camera) -> object:
            window.SetSize(camera.width, camera.height)
            view = renderer.GetActiveCamera()
            center = camera.center_world
            view.SetPosition(*center)
            view.SetFocalPoint(*(center + camera.optical_axis_world))
            view.SetViewUp(*(-camera.cam_from_world.R[1]))
            matrix = vtk.vtkMatrix4x4()
            matrix.DeepCopy(camera.gl_projection(0.5, 2.0).ravel().tolist())
            view.SetExplicitProjectionTransformMatrix(matrix)
            view.UseExplicitProjectionTransformMatrixOn()
            window.Render()
            window.GetRGBACharPixelData(0, 0, camera.width - 1, camera.height - 1, 1, pixels)
            return numpy_support.vtk_to_numpy(pixels).reshape(camera.height, camera.width, 4)[::-1, :, 0] > 0

        return draw

    return {"VTK mask": prepare}


def _open3d() -> dict[str, Prepare]:
    import open3d

    def prepare(mesh: Mesh) -> Draw:
        scene = open3d.t.geometry.RaycastingScene()
        scene.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))

        def draw(camera: Camera) -> object:
            # Open3D puts the centre of the top-left pixel at 0.5.
            K = camera.K.copy()
            K[:2, 2] += 0.5
            rays = scene.create_rays_pinhole(K, camera.cam_from_world.matrix, *camera.size)
            hits = scene.cast_rays(rays)
            return hits["t_hit"].numpy()

        return draw

    return {"Open3D depth": prepare}


def _embreex() -> dict[str, Prepare]:
    from renderkit.renderers.raycast import RayCaster

    def prepare(mesh: Mesh) -> Draw:
        return RayCaster(mesh).render

    return {"embreex depth": prepare}
