"""The independent oracle: one ray per pixel centre, cast with Embree, refined in double precision.

It shares no code with the renderers. Rays come from `Camera.unproject_world`, the exact inverse of the lens model, so a
pixel that no ray inside the valid radius reaches stays background. Embree works in float32; the mesh is therefore moved
to the origin and scaled to unit size, every ray starts where it enters the mesh's bounding sphere, and the hit of the
face that Embree names is computed again in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from renderkit.arrays import BoolArray, ColorImage, FloatArray, Pixels, Points3
from renderkit.errors import RenderkitError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_color import surface_colors
from renderkit.renderers.base import Rendering, RenderPass

_CHUNK = 1 << 18
_MARGIN_PX = 2.0
_SAMPLES_PER_SIDE = 257
_MISS = -1


def raycast(mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
    """Draw a mesh by casting one ray through every pixel centre.

    Args:
        mesh: Vertices in world units. Both sides of a face are seen.
        camera: The view; pixels that no ray inside the distortion's valid radius reaches stay background.
        passes: Which images to return beside face index and depth.

    Raises:
        ValueError: If the mesh has no faces.
        RenderkitError: If Embree is not installed.
    """
    return RayCaster(mesh).render(camera, passes)


@dataclass(frozen=True, eq=False)
class RayHits:
    """What rays met.

    Attributes:
        face: (N,) index of the face that is met first; -1 for none.
        depth: (N,) distance in units of the direction's length; +inf where nothing is met.
        barycentric: (N, 3) weights of the face's vertices, each in [0, 1]; zeros where nothing is met.
    """

    face: np.ndarray[Any, np.dtype[np.int32]]
    depth: FloatArray
    barycentric: FloatArray


class RayCaster:
    """A mesh in an Embree scene, for casting into several cameras. Safe to use from several threads.

    Attributes:
        mesh: The mesh.
    """

    def __init__(self, mesh: Mesh) -> None:
        if not len(mesh.faces):
            raise ValueError("the mesh has no faces; expected at least one to cast rays at")
        self.mesh = mesh
        used = mesh.vertices[np.unique(mesh.faces)]
        low, high = used.min(axis=0), used.max(axis=0)
        self._center = 0.5 * (low + high)
        radius = float(np.max(np.linalg.norm(used - self._center, axis=1)))
        self._radius = radius if radius > 0.0 else 1.0
        self._scene = _build_scene((mesh.vertices - self._center) / self._radius, mesh.faces)

    def cast(self, origins: Points3, directions: Points3) -> RayHits:
        """Follow rays to the first face they meet.

        Args:
            origins: (3,) or (N, 3) start points in world units.
            directions: (N, 3), any length; rows with NaN meet nothing.
        """
        face = np.full(len(directions), _MISS, dtype=np.int32)
        depth = np.full(len(directions), np.inf)
        barycentric = np.zeros((len(directions), 3))
        starts = np.broadcast_to(np.asarray(origins, dtype=np.float64), directions.shape)
        for first in range(0, len(directions), _CHUNK):
            part = slice(first, first + _CHUNK)
            face[part] = self._first_face(starts[part], directions[part])
            hit = np.flatnonzero(face[part] >= 0) + first
            depth[hit], barycentric[hit] = self._refine(starts[hit], directions[hit], face[hit])
        return RayHits(face, depth, barycentric)

    def occluded(self, origins: Points3, direction: FloatArray) -> BoolArray:
        """Return (N,) whether anything lies in a (3,) direction from (N, 3) points on or near the mesh.

        It is meant for light, not for measurement: decided in float32.
        """
        starts = ((origins - self._center) / self._radius).astype(np.float32)
        unit = (direction / np.linalg.norm(direction)).astype(np.float32)
        met: BoolArray = self._scene.run(starts, np.tile(unit, (len(starts), 1))) >= 0
        return met

    def render(self, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
        """Draw the mesh into a camera; see `raycast`."""
        shape = (camera.height, camera.width)
        face_index = np.full(shape, _MISS, dtype=np.int32)
        depth = np.full(shape, np.inf, dtype=np.float32)
        pixels = self.candidate_pixels(camera)
        origin, directions = camera.unproject_world(pixels)
        hits = self.cast(origin, directions)
        hit = hits.face >= 0
        columns, rows = pixels[hit].astype(np.int64).T
        face, weights = hits.face[hit], hits.barycentric[hit]
        face_index[rows, columns] = face
        depth[rows, columns] = hits.depth[hit]
        barycentric = normal = color = None
        if RenderPass.BARYCENTRIC in passes:
            barycentric = np.zeros((*shape, 3), dtype=np.float32)
            barycentric[rows, columns] = weights
        if passes & (RenderPass.NORMAL | RenderPass.COLOR):
            normals_cam = self.normals(face, weights, directions[hit]) @ camera.cam_from_world.R.T
        if RenderPass.NORMAL in passes:
            normal = np.zeros((*shape, 3), dtype=np.float32)
            normal[rows, columns] = normals_cam
        if RenderPass.COLOR in passes:
            color = np.zeros((*shape, 3), dtype=np.uint8)
            color[rows, columns] = _shade(self.albedo(face, weights), normals_cam)
        return Rendering(face_index, depth, barycentric, normal, color)

    def candidate_box(self, camera: Camera) -> tuple[int, int, int, int]:
        """Return columns x0..x1 and rows y0..y1 (ends excluded) outside of which the mesh cannot be seen."""
        return _projected_box(self.mesh, camera)

    def candidate_pixels(self, camera: Camera) -> Pixels:
        """Return the (N, 2) pixel centres, row by row, outside whose bounding box the mesh cannot be seen."""
        x0, y0, x1, y1 = self.candidate_box(camera)
        columns, rows = np.meshgrid(np.arange(x0, x1, dtype=np.float64), np.arange(y0, y1, dtype=np.float64))
        return np.column_stack([columns.ravel(), rows.ravel()])

    def normals(self, face: np.ndarray[Any, np.dtype[np.int32]], weights: FloatArray, directions: Points3) -> Points3:
        """Return (N, 3) unit normals in the world, interpolated over (N,) faces and turned against the rays."""
        corners = self.mesh.faces[face]
        normals: Points3 = np.einsum("ij,ijk->ik", weights, self.mesh.vertex_normals[corners])
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = np.divide(normals, length, out=np.zeros_like(normals), where=length > 0.0)
        away = np.einsum("ij,ij->i", normals, directions) > 0.0
        normals[away] *= -1.0
        return normals

    def albedo(self, face: np.ndarray[Any, np.dtype[np.int32]], weights: FloatArray) -> FloatArray:
        """Return (N, 3) RGB in [0, 1] from the face's texture, else vertex colours, face colours, a neutral grey."""
        return surface_colors(self.mesh, face, weights)

    def _first_face(self, starts: Points3, directions: Points3) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Ask Embree; each ray is first advanced to the bounding sphere, where float32 is finest."""
        face = np.full(len(directions), _MISS, dtype=np.int32)
        length = np.linalg.norm(directions, axis=1)
        good = np.flatnonzero(np.isfinite(length) & (length > 0.0))
        unit = directions[good] / length[good, None]
        to_center = self._center - starts[good]
        nearest = np.einsum("ij,ij->i", to_center, unit)
        miss_squared = np.einsum("ij,ij->i", to_center, to_center) - nearest**2
        # 1 % of slack: a ray that grazes the sphere is Embree's to judge.
        near = miss_squared <= (1.01 * self._radius) ** 2
        good, unit = good[near], unit[near]
        half_chord = np.sqrt((1.02 * self._radius) ** 2 - miss_squared[near])
        advance = np.maximum(nearest[near] - half_chord, 0.0)
        entry = (starts[good] + advance[:, None] * unit - self._center) / self._radius
        if good.size:
            face[good] = self._scene.run(entry.astype(np.float32), unit.astype(np.float32))
        return face

    def _refine(
        self, starts: Points3, directions: Points3, face: np.ndarray[Any, np.dtype[np.int32]]
    ) -> tuple[FloatArray, FloatArray]:
        """Intersect each ray with its face's plane in float64: (N,) depth and (N, 3) weights.

        Moller and Trumbore, "Fast, minimum storage ray-triangle intersection", 1997. Weights that rounding in Embree
        put just outside the triangle are clamped to it.
        """
        corners = self.mesh.vertices[self.mesh.faces[face]]
        edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        offset = starts - corners[:, 0]
        across = np.cross(directions, edge2)
        determinant = np.einsum("ij,ij->i", edge1, across)
        safe = np.where(np.abs(determinant) > 0.0, determinant, np.inf)
        turned = np.cross(offset, edge1)
        weights = np.empty((len(face), 3))
        weights[:, 1] = np.einsum("ij,ij->i", offset, across) / safe
        weights[:, 2] = np.einsum("ij,ij->i", directions, turned) / safe
        weights[:, 0] = 1.0 - weights[:, 1] - weights[:, 2]
        weights = np.clip(weights, 0.0, 1.0)
        weights /= weights.sum(axis=1, keepdims=True)
        # From the clamped point, so that a ray that grazes a nearly edge-on face cannot get a depth off the face.
        points = np.einsum("ij,ijk->ik", weights, corners) - starts
        depth = np.einsum("ij,ij->i", points, directions) / np.einsum("ij,ij->i", directions, directions)
        return depth, weights


def _build_scene(vertices: Points3, faces: np.ndarray[Any, np.dtype[np.int32]]) -> Any:  # noqa: ANN401 - embreex has no types
    try:
        from embreex.mesh_construction import TriangleMesh  # noqa: PLC0415 - importing renderkit stays cheap
        from embreex.rtcore_scene import EmbreeScene  # noqa: PLC0415
    except ImportError as error:
        raise RenderkitError(
            "casting rays needs the package embreex (Embree), which has wheels for x86_64 and arm64; "
            "install it with: pip install 'embreex>=4.4'"
        ) from error
    # Robust: edges shared by two faces let no ray through.
    scene = EmbreeScene(robust=True)
    TriangleMesh(scene, vertices.astype(np.float32), np.ascontiguousarray(faces))
    # The first ray commits the scene; done here so that threads only ever read it.
    scene.run(np.zeros((1, 3), dtype=np.float32), np.ones((1, 3), dtype=np.float32))
    return scene


def _projected_box(mesh: Mesh, camera: Camera) -> tuple[int, int, int, int]:
    """Return columns x0..x1 and rows y0..y1 (ends excluded) outside of which the mesh cannot be seen.

    The ideal (undistorted) picture of the mesh lies in the bounding box of its ideal vertices. The lens maps that
    box's outline onto the outline of its image as long as the box stays inside the valid radius; where it does not,
    or where a vertex is not in front of the camera, the whole picture is taken.
    """
    whole = (0, 0, camera.width, camera.height)
    points = camera.cam_from_world.apply(mesh.vertices[np.unique(mesh.faces)])
    if np.min(points[:, 2]) <= 1e-9 * np.max(np.abs(points)):
        return whole
    ideal = points[:, :2] / points[:, 2:]
    low, high = ideal.min(axis=0), ideal.max(axis=0)
    steps = np.linspace(0.0, 1.0, _SAMPLES_PER_SIDE)
    across, down = low[0] + (high[0] - low[0]) * steps, low[1] + (high[1] - low[1]) * steps
    outline = np.concatenate(
        [
            np.column_stack([across, np.full_like(across, low[1])]),
            np.column_stack([across, np.full_like(across, high[1])]),
            np.column_stack([np.full_like(down, low[0]), down]),
            np.column_stack([np.full_like(down, high[0]), down]),
        ]
    )
    pixels = camera.project_cam(np.column_stack([outline, np.ones(len(outline))]))
    if not np.isfinite(pixels).all():
        return whole
    # Between two samples the outline strays at most by their distance.
    gap = max(float(np.abs(np.diff(side, axis=0)).max()) for side in np.split(pixels, 4))
    margin = _MARGIN_PX + gap
    limit = np.array([camera.width, camera.height], dtype=np.float64)
    first = np.clip(np.floor(pixels.min(axis=0) - margin), 0.0, limit)
    last = np.clip(np.ceil(pixels.max(axis=0) + margin) + 1.0, 0.0, limit)
    return int(first[0]), int(first[1]), int(last[0]), int(last[1])


def _shade(albedo: FloatArray, normals_cam: Points3) -> ColorImage:
    """Light (N, 3) colours by a lamp at the camera's upper left and a soft sky: (N, 3) uint8."""
    lamp = np.array([-0.35, -0.45, -0.82])
    lambert = np.clip(normals_cam @ (lamp / np.linalg.norm(lamp)), 0.0, 1.0)
    sky = 0.5 - 0.5 * normals_cam[:, 1]
    light = 0.22 + 0.18 * sky + 0.65 * lambert
    return np.asarray(np.clip(albedo * light[:, None] * 255.0 + 0.5, 0.0, 255.0), dtype=np.uint8)
