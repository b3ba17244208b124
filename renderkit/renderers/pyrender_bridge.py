"""pyrender scenes and meshes through our exact camera.

pyrender's own IntrinsicsCamera puts an OpenCV K half a pixel up-left, knows no skew and no lens, and every deleted
OffscreenRenderer terminates the EGL display under all others in the process; here neither happens. Lens distortion is
applied to the vertices, as in our own renderers, so silhouettes are exact where the mesh is fine enough for straight
edges; nothing is cut up. Colour edges are blended by pyrender's 4x multisampling: take masks from depth.
"""

from __future__ import annotations

from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from renderkit.arrays import BoolArray, ColorImage, DepthImage, FloatArray, Points3
from renderkit.errors import MissingExtraError
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import GL_FROM_CV, gl_world_from_cam
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.egl.context import select_egl_platform

if TYPE_CHECKING:
    import trimesh

Pyrender: TypeAlias = Any
"""A pyrender object or the module itself; the package has no types."""

_SMALLEST_NEAR = 1e-4
"""The near plane's smallest distance as a part of the far plane's: pyrender's depth has 24 bits."""
_MARGIN = 1e-3


def load_pyrender() -> Pyrender:
    """Import pyrender on EGL, without a display.

    pyrender imports its window viewer, and with it pyglet's X11 libraries; pyglet is told that there is no display, so
    that a bare server will do. A program that wants the viewer as well imports pyrender before this.

    Raises:
        MissingExtraError: If it is not installed.
        ContextError: If PyOpenGL was already loaded for another platform.
    """
    select_egl_platform()
    try:
        import pyglet  # noqa: PLC0415 - optional

        pyglet.options["headless"] = True
        import pyrender  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingExtraError("pyrender", "pyrender") from error
    _accept_byref()
    return pyrender


def exact_camera(camera: Camera, near: float, far: float) -> Pyrender:
    """Return a pyrender.Camera with our projection: pixel centres, skew and principal point exact; no lens.

    Args:
        camera: The view; its pose is not part of a pyrender camera, see `place_camera`.
        near: Positive distance of the near plane in world units.
        far: Distance of the far plane.
    """
    return _camera_class()(camera, near, far)


def place_camera(scene: Pyrender, camera: Camera) -> Pyrender:
    """Add our camera to a pyrender.Scene, with near and far fitted to its meshes, and make it the main camera.

    Returns:
        The new pyrender.Node.
    """
    _fill_bounds(scene)
    near, far = fitted_range(scene, camera)
    node = scene.add(exact_camera(camera, near, far), pose=gl_world_from_cam(camera.cam_from_world).matrix)
    scene.main_camera_node = node
    return node


def fitted_range(scene: Pyrender, camera: Camera) -> tuple[float, float]:
    """Return near and far distances in world units that just hold every mesh of a scene in front of the camera."""
    lows, highs = [], []
    for points in _mesh_points(scene):
        depth = camera.depth(points)
        lows.append(float(np.min(depth)))
        highs.append(float(np.max(depth)))
    if not highs or max(highs) <= 0.0:
        return 0.1, 100.0
    far = max(highs) * (1.0 + _MARGIN)
    return max(min(lows) * (1.0 - _MARGIN), _SMALLEST_NEAR * far), far


def mesh_scene(mesh: Mesh | trimesh.Trimesh, camera: Camera) -> Pyrender:
    """Return a pyrender.Scene of one mesh, lens applied, with a headlight; its world is the camera's own frame.

    In that frame float32, all that pyrender has, is exact enough wherever the mesh lies in its own world. The scene
    is to be drawn with `camera_at_origin(camera)`.
    """
    pyrender = load_pyrender()
    source = mesh.to_trimesh() if isinstance(mesh, Mesh) else mesh.copy()
    bent, seen = _bend(camera.cam_from_world.apply(source.vertices), camera)
    source.vertices = GL_FROM_CV.apply(bent)
    source.update_faces(seen[source.faces].all(axis=1))
    scene = pyrender.Scene(bg_color=(0, 0, 0, 0), ambient_light=(0.25, 0.25, 0.25))
    if len(source.faces):
        scene.add(pyrender.Mesh.from_trimesh(source))
    scene.add(pyrender.DirectionalLight(color=np.ones(3), intensity=3.0), pose=np.eye(4))
    return scene


def bent_scene(scene: Pyrender, camera: Camera) -> Pyrender:
    """Return a copy of a pyrender.Scene whose vertices are moved so that a pinhole sees what the lens would.

    Lights are shared with the original, materials too. Faces with a vertex beyond the lens's valid radius are left out.

    Raises:
        ValueError: If a mesh is instanced or not made of triangles.
    """
    pyrender = load_pyrender()
    copy = pyrender.Scene(bg_color=scene.bg_color, ambient_light=scene.ambient_light)
    for node in scene.light_nodes:
        copy.add(node.light, pose=scene.get_pose(node))
    for node in scene.mesh_nodes:
        pose = scene.get_pose(node)
        parts = [_bent_primitive(pyrender, part, pose, camera) for part in node.mesh.primitives]
        copy.add(pyrender.Mesh([part for part in parts if len(part.indices)], name=node.mesh.name))
    return copy


class PyrenderRenderer:
    """An off-screen pyrender renderer that leaves everybody else's EGL display alone. Belongs to one thread."""

    def __init__(self) -> None:
        """Load pyrender; the context is made with the first picture.

        Raises:
            MissingExtraError: If pyrender is not installed.
        """
        self._pyrender = load_pyrender()
        self._offscreen: Pyrender = None

    def render(
        self, scene: Pyrender | Mesh | trimesh.Trimesh, camera: Camera, flags: int | None = None
    ) -> tuple[ColorImage, DepthImage]:
        """Draw a pyrender.Scene, a trimesh or one of our meshes into our camera, lens included.

        A scene's own main camera is put back afterwards.

        Args:
            scene: What to draw.
            camera: The view.
            flags: pyrender.RenderFlags; both sides of faces are drawn by default.

        Returns:
            (height, width, 3) RGB, and (height, width) camera z in world units, +inf on the background.
        """
        if isinstance(scene, self._pyrender.Scene):
            _fill_bounds(scene)
            target = scene if camera.distortion.model == "none" else bent_scene(scene, camera)
            view = camera
        else:
            target, view = mesh_scene(scene, camera), camera_at_origin(camera)
        previous = target.main_camera_node
        node = place_camera(target, view)
        try:
            color, depth = self._draw(target, camera, flags)
        finally:
            target.remove_node(node)
            if previous is not None:
                target.main_camera_node = previous
        depth = np.where(depth > 0.0, depth, np.inf).astype(np.float32)
        return np.ascontiguousarray(color), depth

    def close(self) -> None:
        """Release the context."""
        if self._offscreen is not None:
            self._offscreen.delete()
        self._offscreen = None

    def __enter__(self) -> Self:
        """Return the renderer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the context."""
        self.close()

    def _draw(self, scene: Pyrender, camera: Camera, flags: int | None) -> tuple[ColorImage, DepthImage]:
        if self._offscreen is None:
            self._offscreen = _offscreen_class()(camera.width, camera.height)
        self._offscreen.viewport_width, self._offscreen.viewport_height = camera.size
        wanted = self._pyrender.RenderFlags.SKIP_CULL_FACES if flags is None else flags
        color, depth = self._offscreen.render(scene, flags=wanted)
        return color, depth


def render_scene(scene: Pyrender | Mesh | trimesh.Trimesh, camera: Camera) -> tuple[ColorImage, DepthImage]:
    """Draw one picture; see `PyrenderRenderer.render`, which is much faster for many."""
    with PyrenderRenderer() as renderer:
        return renderer.render(scene, camera)


def camera_at_origin(camera: Camera) -> Camera:
    """Return the pinhole with the camera's K and size that looks out of the origin of the scene of `mesh_scene`."""
    return Camera(camera.K, camera.width, camera.height, cam_from_world=GL_FROM_CV, name=camera.name)


@cache
def _camera_class() -> Pyrender:
    pyrender = load_pyrender()

    base: Any = pyrender.Camera

    class ExactCamera(base):  # type: ignore[misc]
        """A pyrender camera with the projection of one of ours."""

        def __init__(self, camera: Camera, near: float, far: float) -> None:
            super().__init__(znear=near, zfar=far, name=camera.name)
            self.camera = camera

        def get_projection_matrix(self, width: int | None = None, height: int | None = None) -> FloatArray:
            """Return the (4, 4) OpenGL projection; the viewport's size must be the camera's."""
            if (width, height) != self.camera.size:
                raise ValueError(f"viewport: expected {self.camera.size} px as the camera has, got {(width, height)}")
            return self.camera.gl_projection(self.znear, self.zfar)

    return ExactCamera


@cache
def _offscreen_class() -> Pyrender:
    pyrender = load_pyrender()
    from pyrender.platforms.egl import EGLPlatform  # noqa: PLC0415 - optional

    platform_base: Any = EGLPlatform
    offscreen_base: Any = pyrender.OffscreenRenderer

    class SharedDisplay(platform_base):  # type: ignore[misc]
        """pyrender's EGL platform; releasing its context leaves the display to the others."""

        def delete_context(self) -> None:
            """Destroy the context only."""
            from OpenGL.EGL import EGL_NO_CONTEXT, EGL_NO_SURFACE, eglDestroyContext, eglMakeCurrent  # noqa: PLC0415

            display, context = self._egl_display, self._egl_context
            if display is not None and context is not None:
                eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT)
                eglDestroyContext(display, context)
            self.__dict__.update(_egl_display=None, _egl_context=None)

    class SharedOffscreen(offscreen_base):  # type: ignore[misc]
        """pyrender's off-screen renderer on a shared display."""

        def _create(self) -> None:
            platform = SharedDisplay(self.viewport_width, self.viewport_height)
            platform.init_context()
            platform.make_current()
            renderer = pyrender.Renderer(self.viewport_width, self.viewport_height)
            self.__dict__.update(_platform=platform, _renderer=renderer)

    return SharedOffscreen


def _accept_byref() -> None:
    """Let PyOpenGL 3.1.0 pass ctypes.byref() on Python 3.12 and later, where its type has moved to another module.

    Without it pyrender fails on every texture and shadow map ("No array-type handler").
    """
    from OpenGL.arrays.arraydatatype import ArrayDatatype  # noqa: PLC0415 - PyOpenGL is loaded late
    from OpenGL.arrays.ctypesparameters import CtypesParameterHandler, ParamaterType  # noqa: PLC0415

    registry = ArrayDatatype.getRegistry()
    if ParamaterType not in registry:
        registry[ParamaterType] = CtypesParameterHandler()


def _mesh_points(scene: Pyrender) -> list[Points3]:
    """Return the (N, 3) world positions of each primitive of a scene."""
    points = []
    for node in scene.mesh_nodes:
        pose = scene.get_pose(node)
        for part in node.mesh.primitives:
            for instance in np.eye(4)[None] if part.poses is None else part.poses:
                whole = pose @ instance
                points.append(part.positions.astype(np.float64) @ whole[:3, :3].T + whole[:3, 3])
    return [array for array in points if len(array)]


def _bend(points_cam: Points3, camera: Camera) -> tuple[Points3, BoolArray]:
    """Move (N, 3) camera points across their rays to where a pinhole sees them in the distorted pixel.

    Returns:
        The points, each at its old depth, and (N,) whether the lens sees them.
    """
    if camera.distortion.model == "none":
        return points_cam, np.ones(len(points_cam), dtype=np.bool_)
    z = points_cam[:, 2]
    across = np.hypot(points_cam[:, 0], points_cam[:, 1])
    seen = (z > 0.0) & (across <= np.where(z > 0.0, z, 0.0) * 1e6)
    seen[seen] = camera.distortion.is_valid(points_cam[seen, :2] / z[seen, None])
    bent = points_cam.copy()
    ideal = points_cam[seen, :2] / z[seen, None]
    bent[seen, :2] = camera.distortion.distort(ideal) * z[seen, None]
    return bent, np.asarray(seen)


def _bent_primitive(pyrender: Pyrender, part: Pyrender, pose: FloatArray, camera: Camera) -> Pyrender:
    if part.poses is not None or part.mode != pyrender.constants.GLTF.TRIANGLES:
        raise ValueError("a lens can be applied to plain triangle meshes only; draw with camera.undistorted() instead")
    world = part.positions.astype(np.float64) @ pose[:3, :3].T + pose[:3, 3]
    bent, seen = _bend(camera.cam_from_world.apply(world), camera)
    indices = part.indices if part.indices is not None else np.arange(len(world))
    faces = np.asarray(indices).astype(np.int64).reshape(-1, 3)
    normals = None if part.normals is None else part.normals @ np.linalg.inv(pose[:3, :3])
    if normals is not None:
        normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    return pyrender.Primitive(
        positions=camera.cam_from_world.inverse().apply(bent),
        normals=normals,
        texcoord_0=part.texcoord_0,
        color_0=part.color_0,
        indices=faces[seen[faces].all(axis=1)].ravel(),
        material=part.material,
    )


def _fill_bounds(scene: Pyrender) -> None:
    """Set the bounds that pyrender would work out with `np.infty`, which NumPy 2 no longer has."""
    for mesh in scene.meshes:
        if mesh._bounds is None and mesh.primitives:
            bounds = np.stack([part.bounds for part in mesh.primitives])
            mesh._bounds = np.stack([bounds[:, 0].min(axis=0), bounds[:, 1].max(axis=0)])
