"""World points that try every part of a camera's projection, with their exact pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, Pixels, Points3, as_array, frozen
from renderkit.geometry.camera import Camera
from renderkit.geometry.convergence import converge
from renderkit.geometry.rig import Rig

Place: TypeAlias = Literal["grid", "corner", "rim", "beyond", "behind"]
PLACES: Final[tuple[Place, ...]] = get_args(Place)
"""Where a point lies: in the picture, at its corners, near the lens's valid radius, beyond it, behind the camera."""

_COLUMNS, _ROWS = 9, 7
_GRID_INSET_PX = 0.3
_DEPTHS = (0.75, 1.0, 1.4)
_RIM = (0.9, 0.97, 0.995)
_BEYOND = (1.02, 1.2, 1.6)
_DIRECTIONS = np.arange(8) * (np.pi / 4.0) + 0.2


@dataclass(frozen=True, eq=False)
class CameraVectors:
    """Test points of one camera.

    Attributes:
        camera: The camera.
        points_world: (N, 3) in world units.
        pixels: (N, 2) exact distorted pixels, (0, 0) at the centre of the top-left pixel; NaN where the point has no
            projection.
        places: (N,) index into `PLACES`.
    """

    camera: Camera
    points_world: Points3
    pixels: Pixels
    places: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check the shapes and freeze.

        Raises:
            ValueError: If the arrays do not belong together.
        """
        points = as_array(self.points_world, np.float64, (None, 3), "points_world")
        object.__setattr__(self, "points_world", frozen(points))
        object.__setattr__(self, "pixels", frozen(as_array(self.pixels, np.float64, (len(points), 2), "pixels")))
        object.__setattr__(self, "places", frozen(as_array(self.places, np.int64, (len(points),), "places")))

    def among(self, *places: Place) -> BoolArray:
        """Return (N,) True for points at one of `places`."""
        chosen: BoolArray = np.isin(self.places, [PLACES.index(place) for place in places])
        return chosen


@dataclass(frozen=True, eq=False)
class Kit:
    """Test vectors of a rig.

    Attributes:
        cameras: By camera name.
        unit: The world unit.
    """

    cameras: Mapping[str, CameraVectors]
    unit: str = "unknown"

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "cameras", MappingProxyType(dict(self.cameras)))


def make_kit(rig: Rig) -> Kit:
    """Make test vectors for every camera of a rig.

    Points lie at 0.75, 1 and 1.4 times the distance of the point where the optical axes meet (1 world unit where
    they do not meet), on a grid through the whole picture, at its corners, near the lens's valid radius and beyond it,
    and behind the camera.

    Raises:
        ValueError: If the rig has no camera.
    """
    if not len(rig):
        raise ValueError("a rig without cameras has no test vectors")
    distances = _distances(rig)
    return Kit({name: make_vectors(rig[name], distances[name]) for name in rig.cameras}, rig.unit)


def make_vectors(camera: Camera, distance: float) -> CameraVectors:
    """Make the test vectors of one camera.

    Args:
        camera: The camera.
        distance: Depth of the subject in world units.
    """
    grid = _grid(camera)
    corners = _corners(camera)
    parts: list[tuple[Place, Points3]] = [
        ("grid", _at_depths(camera.unproject(grid), distance)),
        ("corner", _at_depths(camera.unproject(corners), distance)),
        ("rim", _at_radii(camera, _RIM, distance)),
        ("beyond", _at_radii(camera, _BEYOND, distance)),
        ("behind", -_at_depths(camera.unproject(grid[:: len(grid) // 4]), distance)),
    ]
    points_cam = np.concatenate([points for _, points in parts])
    places = np.concatenate([np.full(len(points), PLACES.index(place)) for place, points in parts])
    points_world = camera.cam_from_world.inverse().apply(points_cam)
    pixels = camera.project(points_world)
    # What should lie in the picture but is not reached by a ray is no test of projection.
    kept = np.isfinite(pixels).all(axis=1) | (places >= PLACES.index("beyond"))
    return CameraVectors(camera, points_world[kept], pixels[kept], places[kept])


def _distances(rig: Rig) -> dict[str, float]:
    centers = np.array([camera.center_world for camera in rig])
    axes = np.array([camera.optical_axis_world for camera in rig])
    found = converge(centers, axes)
    depths = found.depths if found.conditioned else np.full(len(centers), np.nan)
    return {name: float(depth) if depth > 0.0 else 1.0 for name, depth in zip(rig.cameras, depths, strict=True)}


def _grid(camera: Camera) -> Pixels:
    """Return a grid over the picture, off whole and half pixels, so that rounding shows."""
    u = np.linspace(_GRID_INSET_PX, camera.width - 1.0 - _GRID_INSET_PX, _COLUMNS)
    v = np.linspace(_GRID_INSET_PX, camera.height - 1.0 - _GRID_INSET_PX, _ROWS)
    u[1:-1], v[1:-1] = np.floor(u[1:-1]) + _GRID_INSET_PX, np.floor(v[1:-1]) + 1.0 - _GRID_INSET_PX
    columns, rows = np.meshgrid(u, v)
    return np.column_stack([columns.ravel(), rows.ravel()])


def _corners(camera: Camera) -> Pixels:
    """Return the outer corners of the picture, a hair inside."""
    left, top = -0.49, -0.49
    right, bottom = camera.width - 1.0 - left, camera.height - 1.0 - top
    return np.array([(left, top), (right, top), (left, bottom), (right, bottom)])


def _at_depths(rays: Points3, distance: float) -> Points3:
    """Return the points on (N, 3) rays with z = 1, one depth per ray in turn; rays that do not exist are left out."""
    known = rays[np.isfinite(rays).all(axis=1)]
    depths = np.resize(distance * np.array(_DEPTHS), len(known))
    result: Points3 = known * depths[:, None]
    return result


def _at_radii(camera: Camera, factors: tuple[float, ...], distance: float) -> Points3:
    """Return points at multiples of the lens's valid radius; none where the lens has no such radius."""
    radius = camera.distortion.valid_radius
    if np.isinf(radius):
        return np.zeros((0, 3))
    directions = np.column_stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)])
    rings = np.concatenate([factor * radius * directions for factor in factors])
    return np.column_stack([rings, np.ones(len(rings))]) * distance
