"""Photographs of the synthetic head: rays from the exact cameras, baked soft light, procedural colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, ColorImage, FloatArray, MaskImage, Points3
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.raycast import RayCaster
from renderkit.synth.head import ScanModel
from renderkit.synth.texture import Palette, surface_at

_NUM_SKY_RAYS = 96
_EDGE_SAMPLES = 5
"""Odd, so that no pixel is exactly half covered: a matte cut at 0.5 is then as large as the person."""

_SKIN = 8e-4
"""Light is gathered this far above the surface, as a share of the person's height."""

_LAMPS = (
    # Direction in the head's frame, colour, and share of the highlight.
    (np.array([-0.55, 0.55, 0.65]), np.array([1.00, 0.95, 0.88]), 1.0),
    (np.array([0.75, 0.15, 0.55]), np.array([0.80, 0.90, 1.00]), 0.45),
    (np.array([0.35, 0.60, -0.80]), np.array([0.95, 0.97, 1.00]), 0.8),
    (np.array([-0.80, 0.30, -0.60]), np.array([1.00, 0.97, 0.92]), 0.5),
)


@dataclass(frozen=True, eq=False)
class Photograph:
    """One synthetic picture.

    Attributes:
        color: (height, width, 3) RGB.
        alpha: (height, width) share of each pixel that the person covers, 0 to 255.
        mask: (height, width) True where the pixel's centre sees the person.
    """

    color: ColorImage
    alpha: AlphaImage
    mask: MaskImage


class Photographer:
    """The posed head under its lamps, ready to be photographed by any number of cameras; safe to share by threads.

    Attributes:
        mesh: The posed head in world units.
    """

    def __init__(self, model: ScanModel, mesh: Mesh, world_from_head: Pose, palette: Palette) -> None:
        self.mesh = mesh
        self._model = model
        self._palette = palette
        self._caster = RayCaster(mesh)
        self._world_from_head = world_from_head
        self._light = self._bake_light()
        margins = np.column_stack([model.hair_margin, model.cloth_margin])
        self._attributes = np.column_stack([model.vertices, margins, self._light]).astype(np.float32)

    def take(self, camera: Camera, samples: int, noise: float, rng: np.random.Generator) -> Photograph:
        """Photograph the head.

        Args:
            camera: The true camera.
            samples: Rays per pixel and axis for the colours; the mask is always the pixel's centre.
            noise: Standard deviation of the sensor's noise, in grey levels.
            rng: Where the noise comes from.
        """
        x0, y0, x1, y1 = self._caster.candidate_box(camera)
        radiance = background(camera)
        alpha = np.zeros((camera.height, camera.width), dtype=np.float32)
        mask = np.zeros((camera.height, camera.width), dtype=np.bool_)
        if x1 > x0 and y1 > y0:
            window = (slice(y0, y1), slice(x0, x1))
            rays = ray_window(camera, x0, y0, x1, y1)
            mask[window] = self._caster.cast(rays.origin, rays.directions.reshape(-1, 3)).face.reshape(rays.shape) >= 0
            alpha[window] = self._coverage(rays, mask[window])
            person = self._radiance(rays, samples, alpha[window])
            share = alpha[window][:, :, None]
            radiance[window] = radiance[window] * (1.0 - share) + person * share
        picture = develop(radiance)
        if noise > 0.0:
            picture += rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(noise)
        color = np.clip(picture + 0.5, 0.0, 255.0).astype(np.uint8)
        return Photograph(color, np.round(alpha * 255.0).astype(np.uint8), mask)

    def mask(self, camera: Camera) -> MaskImage:
        """Return only the silhouette: (height, width), True where the pixel's centre sees the person."""
        return self._caster.render(camera).mask

    def _coverage(self, rays: RayWindow, mask: MaskImage) -> NDArray[np.float32]:
        """Return the covered share of each pixel; only pixels beside the silhouette need more than their centre."""
        kernel = np.ones((3, 3), dtype=np.uint8)
        edge = cv2.dilate(mask.astype(np.uint8), kernel) != cv2.erode(mask.astype(np.uint8), kernel)
        share = mask.astype(np.float32)
        total = np.zeros(int(edge.sum()), dtype=np.float32)
        for dx, dy in pixel_offsets(_EDGE_SAMPLES):
            total += self._caster.cast(rays.origin, rays.moved(edge, dx, dy)).face >= 0
        share[edge] = total / np.float32(_EDGE_SAMPLES**2)
        return share

    def _radiance(self, rays: RayWindow, samples: int, alpha: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (h, w, 3) mean radiance of the person in each pixel that shows any of it."""
        total = np.zeros((*rays.shape, 3), dtype=np.float32)
        count = np.zeros(rays.shape, dtype=np.float32)
        wanted = alpha > 0.0
        for dx, dy in pixel_offsets(samples):
            directions = rays.moved(wanted, dx, dy)
            hits = self._caster.cast(rays.origin, directions)
            met = hits.face >= 0
            part = np.zeros((len(directions), 3), dtype=np.float32)
            part[met] = self._shade(hits.face[met], hits.barycentric[met], directions[met])
            total[wanted] += part
            count[wanted] += met
        # Pixels that only an edge sample met take their neighbours' colour.
        bare = wanted & (count == 0.0)
        if bare.any():
            blurred, weight = cv2.blur(total, (5, 5)), cv2.blur(count, (5, 5))
            total[bare], count[bare] = blurred[bare], weight[bare]
        return np.asarray(total / np.maximum(count, 1e-6)[:, :, None], dtype=np.float32)

    def _shade(self, face: NDArray[np.int32], weights: FloatArray, directions: Points3) -> NDArray[np.float32]:
        corners = self.mesh.faces[face]
        values = np.einsum("ij,ijk->ik", weights.astype(np.float32), self._attributes[corners])
        look = surface_at(values[:, :3], values[:, 3], values[:, 4], self._palette)
        turn = self._world_from_head.R
        normals = (self._caster.normals(face, weights, directions) @ turn).astype(np.float32)
        towards = -(directions @ turn).astype(np.float32)
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        light = values[:, 5:8]
        shaded = look.albedo * light
        grey = light.mean(axis=1)
        for direction, color, share in _LAMPS:
            halfway = towards + (direction / np.linalg.norm(direction)).astype(np.float32)
            halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
            aligned = np.clip(np.einsum("ij,ij->i", halfway, normals), 0.0, 1.0)
            glint = look.gloss * aligned**look.sharpness * np.float32(share) * np.minimum(grey, 1.0)
            shaded += glint[:, None] * color.astype(np.float32)
        rim = (1.0 - np.clip(np.einsum("ij,ij->i", towards, normals), 0.0, 1.0)) ** 4
        shaded += (0.06 * rim * grey * (look.gloss < 0.5))[:, None].astype(np.float32)
        return np.asarray(shaded, dtype=np.float32)

    def _bake_light(self) -> NDArray[np.float32]:
        """Return (V, 3) irradiance / pi at the vertices: a sky of soft lamps, each direction tested for occlusion."""
        normals = self.mesh.vertex_normals
        size = float(np.ptp(self.mesh.bounds[:, 1]))
        starts = self.mesh.vertices + normals * (_SKIN * size)
        light = np.zeros((len(normals), 3), dtype=np.float32)
        for direction, radiance in zip(*_sky(_NUM_SKY_RAYS), strict=True):
            world = self._world_from_head.R @ direction
            cosine = normals @ world
            facing = np.flatnonzero(cosine > 0.0)
            free = facing[~self._caster.occluded(starts[facing], world)]
            light[free] += (cosine[free, None] * radiance * (4.0 / _NUM_SKY_RAYS)).astype(np.float32)
        # Light that bounces between the parts of the face keeps creases from going black.
        return light + np.float32(0.06) * np.array([1.0, 0.82, 0.72], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class RayWindow:
    """The rays of a window of pixels.

    Attributes:
        origin: (3,) where they start.
        directions: (h, w, 3) of the pixels' centres.
        by_column: (h, w, 3) how they change over a pixel along the row.
        by_row: (h, w, 3) and along the column.
    """

    origin: FloatArray
    directions: NDArray[np.float64]
    by_column: NDArray[np.float64]
    by_row: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w) of the window."""
        return self.directions.shape[0], self.directions.shape[1]

    def cut(self, window: tuple[slice, slice]) -> RayWindow:
        """Return the rays of a part of the window: its rows and columns."""
        return RayWindow(self.origin, self.directions[window], self.by_column[window], self.by_row[window])

    def moved(self, where: MaskImage, dx: float, dy: float) -> NDArray[np.float64]:
        """Return the (N, 3) rays a fraction of a pixel beside some centres; the lens is straight over that distance."""
        return self.directions[where] + dx * self.by_column[where] + dy * self.by_row[where]


def ray_window(camera: Camera, x0: int, y0: int, x1: int, y1: int) -> RayWindow:
    """Return the rays of columns x0 to x1 and rows y0 to y1, the ends exclusive."""
    columns, rows = np.meshgrid(np.arange(x0, x1, dtype=np.float64), np.arange(y0, y1, dtype=np.float64))
    origin, directions = camera.unproject_world(np.column_stack([columns.ravel(), rows.ravel()]))
    grid = directions.reshape(y1 - y0, x1 - x0, 3)
    return RayWindow(origin, grid, _slope(grid, 1), _slope(grid, 0))


def _slope(grid: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    if grid.shape[axis] < 2:
        return np.zeros_like(grid)
    return np.asarray(np.gradient(grid, axis=axis))


def pixel_offsets(samples: int) -> list[tuple[float, float]]:
    """Return the centres of a `samples` x `samples` division of the pixel, relative to its own centre."""
    steps = (np.arange(samples) + 0.5) / samples - 0.5
    return [(float(dx), float(dy)) for dy in steps for dx in steps]


def _sky(count: int) -> tuple[FloatArray, FloatArray]:
    """Return (count, 3) directions spread evenly (Fibonacci) in the head's frame, and their (count, 3) radiance."""
    index = np.arange(count) + 0.5
    y = 1.0 - 2.0 * index / count
    turn = index * np.pi * (3.0 - np.sqrt(5.0))
    level = np.sqrt(1.0 - y * y)
    directions = np.column_stack([level * np.sin(turn), y, level * np.cos(turn)])
    radiance = (0.34 + 0.22 * y)[:, None] * np.array([0.93, 0.97, 1.05])
    for lamp, color, share in _LAMPS:
        towards = directions @ (lamp / np.linalg.norm(lamp))
        radiance += np.exp((towards - 1.0) * 5.0)[:, None] * color * (2.4 * share)
    return directions, radiance


def background(camera: Camera) -> NDArray[np.float32]:
    """Return (h, w, 3) radiance of the studio's wall: grey-blue, brighter in the middle."""
    x = (np.arange(camera.width, dtype=np.float32) - 0.5 * camera.width) / camera.width
    y = (np.arange(camera.height, dtype=np.float32) - 0.45 * camera.height) / camera.width
    fall = np.exp(-2.2 * (x[None, :] ** 2 + y[:, None] ** 2))
    return np.asarray(fall[:, :, None] * np.array([0.215, 0.235, 0.255], dtype=np.float32), dtype=np.float32)


def develop(radiance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn linear radiance into sRGB values 0 to 255, with a soft shoulder at the bright end."""
    exposed = radiance * np.float32(1.12)
    soft = np.where(exposed > 0.7, 0.7 + 0.3 * (1.0 - np.exp(-(exposed - 0.7) / 0.3)), exposed)
    encoded = np.where(soft <= 0.0031308, 12.92 * soft, 1.055 * np.maximum(soft, 0.0031308) ** (1.0 / 2.4) - 0.055)
    return np.asarray(encoded * 255.0, dtype=np.float32)
