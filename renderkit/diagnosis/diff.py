"""Two calibrations of one rig, compared in pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from renderkit.arguments import as_kind, as_number
from renderkit.arrays import FloatArray, Pixels, Points3, frozen
from renderkit.formats.format_capability import image_grid
from renderkit.geometry.camera import Camera
from renderkit.geometry.convergence import converge
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.geometry.similarity import Similarity, best_similarity
from renderkit.wording import list_names


@dataclass(frozen=True, eq=False)
class CameraDiff:
    """How one camera differs between two calibrations.

    Attributes:
        camera: The camera's name.
        max_px: Largest displacement of a point's pixel, in px; NaN when no point is seen by both.
        mean_px: Mean displacement in px.
        num_points: Points that both calibrations project into the image.
        num_lost: Points that the first projects into its image and the second does not project at all.
        rotation_deg: Angle between the two orientations.
        center_distance: Distance of the two camera centres, in units of the first world.
        focal_change_px: (2,) change of fx and fy, second minus first.
        principal_point_change_px: (2,) change of cx and cy.
        pixels: (N, 2) pixels in the first calibration.
        displacement_px: (N, 2) how far the second calibration moves them; NaN where it does not project them.
    """

    camera: str
    max_px: float
    mean_px: float
    num_points: int
    num_lost: int
    rotation_deg: float
    center_distance: float
    focal_change_px: FloatArray
    principal_point_change_px: FloatArray
    pixels: Pixels
    displacement_px: Pixels

    def as_json(self) -> dict[str, object]:
        """Return the numbers, without the field, for a JSON report."""
        return {
            "camera": self.camera,
            "max_px": _finite(self.max_px),
            "mean_px": _finite(self.mean_px),
            "num_points": self.num_points,
            "num_lost": self.num_lost,
            "rotation_deg": self.rotation_deg,
            "center_distance": self.center_distance,
            "focal_change_px": self.focal_change_px.tolist(),
            "principal_point_change_px": self.principal_point_change_px.tolist(),
        }


@dataclass(frozen=True, eq=False)
class RigDiff:
    """Two calibrations of one rig.

    Attributes:
        raw: Per camera, as the files state them.
        aligned: Per camera, after the best common rigid motion and scale has been taken out.
        alignment: That motion, from the first world to the second.
        compared_on: What the pixels belong to: the mesh's name, or a sphere and its radius.
        working_distance: Radius of that sphere in units of the first world; NaN for a mesh.
        only_in_first: Cameras without a partner.
        only_in_second: Cameras without a partner.
    """

    raw: tuple[CameraDiff, ...]
    aligned: tuple[CameraDiff, ...]
    alignment: Similarity
    compared_on: str
    working_distance: float
    only_in_first: tuple[str, ...]
    only_in_second: tuple[str, ...]

    @property
    def worst_raw_px(self) -> float:
        """Largest displacement of any camera as the files state them, in px; NaN without a common point."""
        return _worst(self.raw)

    @property
    def worst_aligned_px(self) -> float:
        """Largest displacement of any camera after alignment, in px."""
        return _worst(self.aligned)


def diff_rigs(first: Rig, second: Rig, *, mesh: Mesh | None = None, distance: float | None = None) -> RigDiff:
    """Compare two calibrations of one rig, camera by camera, in pixels.

    A point X of the first world is seen at pi_1(X) by one calibration and at pi_2(X) by the other; the displacement is
    pi_2(X) - pi_1(X). X runs over the vertices of `mesh` that the first camera sees, or over a sphere about each camera
    at the working distance: the rays of a grid over its image.

    Args:
        first: The reference.
        second: The other calibration; cameras are paired by name.
        mesh: A mesh in the first world.
        distance: Radius of the sphere in units of the first world; by default each camera's distance from the point
            where the rig's optical axes meet, or failing that the rig's extent.

    Raises:
        ValueError: If no camera is in both, or `distance` is not positive.

    Example:
        >>> import renderkit as rk
        >>> eyes = {"1": (0, 0, 3), "2": (3, 0, 0), "3": (0, 1, -3)}
        >>> cameras = {
        ...     name: rk.Camera.look_at(eye, (0, 0, 0), size=(640, 480), name=name) for name, eye in eyes.items()
        ... }
        >>> round(rk.diff_rigs(rk.Rig(cameras), rk.Rig(cameras), distance=3.0).worst_raw_px, 6)
        0.0
    """
    for name, rig in (("first", first), ("second", second)):
        as_kind(name, rig, Rig, "rk.read_rig(FILE)")
    if mesh is not None:
        as_kind("mesh", mesh, Mesh, "rk.load_mesh(FILE)")
    if distance is not None and not as_number("distance", distance) > 0.0:
        raise ValueError(f"distance must be positive, got {distance:g}")
    names = [name for name in first.cameras if name in second.cameras]
    if not names:
        raise ValueError(
            f"no camera is in both calibrations: {list_names(list(first.cameras))} against "
            f"{list_names(list(second.cameras))}; rename them"
        )
    alignment = best_similarity(
        [first[name].cam_from_world for name in names], [second[name].cam_from_world for name in names]
    )
    reach = distance if distance is not None else working_distance(first)
    points: Callable[[Camera], Points3] = (
        (lambda camera: _sphere_points(camera, reach)) if mesh is None else (lambda _: mesh.vertices)
    )
    raw, aligned = [], []
    for name in names:
        one, other = first[name], second[name]
        pulled = replace(other, cam_from_world=alignment.pull_back(other.cam_from_world))
        where = points(one)
        raw.append(_diff_camera(name, one, other, where))
        aligned.append(_diff_camera(name, one, pulled, where))
    return RigDiff(
        raw=tuple(raw),
        aligned=tuple(aligned),
        alignment=alignment,
        compared_on=f"mesh {mesh.name}".strip() if mesh is not None else f"a sphere of radius {reach:.4g}",
        working_distance=float("nan") if mesh is not None else reach,
        only_in_first=tuple(name for name in first.cameras if name not in second.cameras),
        only_in_second=tuple(name for name in second.cameras if name not in first.cameras),
    )


def working_distance(rig: Rig) -> float:
    """Return the median distance from where the optical axes meet; the rig's extent, or 1, where they do not."""
    centers = np.array([camera.center_world for camera in rig]).reshape(-1, 3)
    axes = np.array([camera.optical_axis_world for camera in rig]).reshape(-1, 3)
    found = converge(centers, axes)
    if found.conditioned and found.median_angle_deg < 90.0 and found.working_distance > 0.0:
        return found.working_distance
    extent = float(np.max(np.linalg.norm(centers - centers.mean(axis=0), axis=1))) if len(centers) else 0.0
    return extent or 1.0


def _sphere_points(camera: Camera, radius: float) -> Points3:
    """Return (N, 3) world points at `radius` from the camera along the rays of a grid over its image."""
    pixels, _ = image_grid(camera)
    origin, directions = camera.unproject_world(pixels)
    known = directions[~np.isnan(directions).any(axis=1)]
    result: Points3 = origin + radius * known / np.linalg.norm(known, axis=1, keepdims=True)
    return result


def _diff_camera(name: str, first: Camera, second: Camera, points: Points3) -> CameraDiff:
    before = first.project(points)
    # The grid runs to the image's very edge, where rounding decides; a hair of tolerance keeps it inside.
    seen = np.isfinite(before).all(axis=1) & (np.abs(before - _middle(first)) <= 0.5 * np.array(first.size) + 1e-6).all(
        axis=1
    )
    moved = second.project(points[seen]) - before[seen]
    length = np.linalg.norm(moved, axis=1)
    known = length[np.isfinite(length)]
    between = first.cam_from_world @ second.cam_from_world.inverse()
    return CameraDiff(
        camera=name,
        max_px=float(np.max(known)) if known.size else float("nan"),
        mean_px=float(np.mean(known)) if known.size else float("nan"),
        num_points=int(known.size),
        num_lost=int(length.size - known.size),
        rotation_deg=float(np.degrees(between.angle_rad)),
        center_distance=float(np.linalg.norm(first.center_world - second.center_world)),
        focal_change_px=frozen(np.array([second.K[0, 0] - first.K[0, 0], second.K[1, 1] - first.K[1, 1]])),
        principal_point_change_px=frozen(second.K[:2, 2] - first.K[:2, 2]),
        pixels=frozen(before[seen]),
        displacement_px=frozen(moved),
    )


def _middle(camera: Camera) -> FloatArray:
    return 0.5 * (np.array(camera.size, dtype=np.float64) - 1.0)


def _worst(cameras: tuple[CameraDiff, ...]) -> float:
    known = [one.max_px for one in cameras if np.isfinite(one.max_px)]
    return max(known, default=float("nan"))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
