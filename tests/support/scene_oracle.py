"""A ball before a few cameras, its silhouettes by exact polygon filling and its pixels by OpenCV."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import trimesh
from command_result import Result

from renderkit.results.json_report import read_report

Run = Callable[..., Result]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SIZE = (160, 120)
OFFSET_PX = (3.0, 4.0)
"""By how much the landmarks are moved, so that each has an error of exactly 5 px."""


@dataclass(frozen=True)
class OracleCamera:
    """A camera for cv2.projectPoints: K (3, 3), coefficients (5,), R (3, 3) and t (3,) from the world."""

    K: Floats
    coefficients: Floats
    R: Floats
    t: Floats

    @property
    def matrix(self) -> Floats:
        """(4, 4) camera from world."""
        return np.vstack([np.column_stack([self.R, self.t]), [0.0, 0.0, 0.0, 1.0]])


def ball() -> tuple[Floats, npt.NDArray[np.int64]]:
    """An egg without a symmetry, vertices (V, 3) and faces (F, 3)."""
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=0.5)
    vertices = np.array(mesh.vertices) * (1.0, 1.3, 0.8) + (0.03, -0.02, 0.05)
    return vertices + 0.1 * np.abs(vertices[:, [1, 2, 0]]), np.array(mesh.faces)


def ring(count: int = 3, *, lens: bool = True) -> list[OracleCamera]:
    """Cameras around the ball, all different."""
    cameras = []
    for index in range(count):
        angle = 2.0 * np.pi * index / count + 0.3
        eye = np.array([3.0 * np.sin(angle), 0.4 * index - 0.3, -3.0 * np.cos(angle)])
        z = -eye / np.linalg.norm(eye)
        x = np.cross([0.0, 1.0, 0.0], z)
        x /= np.linalg.norm(x)
        R = np.stack([x, np.cross(z, x), z])
        K = np.array([[210.0 + index, 0.0, 81.5 - index], [0.0, 208.0 + index, 58.25 + index], [0.0, 0.0, 1.0]])
        coefficients = np.array([-0.08, 0.02, 0.001, -0.002, 0.0]) if lens else np.zeros(5)
        cameras.append(OracleCamera(K, coefficients, R, -R @ eye))
    return cameras


def pixels(camera: OracleCamera, points: Floats) -> Floats:
    """(N, 2) px by OpenCV."""
    rotation, _ = cv2.Rodrigues(camera.R)
    found, _ = cv2.projectPoints(points, rotation, camera.t, camera.K, camera.coefficients)
    return np.asarray(found, dtype=np.float64).reshape(-1, 2)


def silhouette(camera: OracleCamera, vertices: Floats, faces: npt.NDArray[np.int64]) -> Mask:
    """(height, width): the pixels whose centre is inside any projected face."""
    width, height = SIZE
    mask = np.zeros((height, width), dtype=np.bool_)
    for triangle in pixels(camera, vertices)[faces]:
        low = np.maximum(np.floor(triangle.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(triangle.max(axis=0)).astype(int), np.array(SIZE) - 1)
        if (low > high).any():
            continue
        x, y = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
        sides = []
        for start, end in zip(triangle, np.roll(triangle, -1, axis=0), strict=True):
            sides.append((end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0]))
        inside = np.all(np.array(sides) >= 0, axis=0) | np.all(np.array(sides) <= 0, axis=0)
        mask[low[1] : high[1] + 1, low[0] : high[0] + 1] |= inside
    return mask


def captured(mask: Mask) -> Mask:
    """What the matte of a silhouette shows: too small by 2 px on all sides, so that the IoU is no 1."""
    kernel = np.ones((5, 5), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), kernel), dtype=np.bool_)


def iou(one: Mask, other: Mask) -> float:
    """Intersection over union."""
    return float((one & other).sum() / (one | other).sum())


def write_picture(path: Path, mask: Mask, *, as_alpha: bool = False) -> None:
    """Write a matte, or a white picture with it as alpha."""
    path.parent.mkdir(parents=True, exist_ok=True)
    gray = captured(mask).astype(np.uint8) * 255
    assert cv2.imwrite(str(path), np.dstack([gray, gray, gray, gray]) if as_alpha else gray)


def write_photo(path: Path) -> None:
    """Write a grey photograph."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))


def write_mesh(path: Path, vertices: Floats, faces: npt.NDArray[np.int64]) -> None:
    """Write a PLY in text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f"ply\nformat ascii 1.0\nelement vertex {len(vertices)}\nproperty double x\nproperty double y\n"
        f"property double z\nelement face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = [" ".join(map(repr, vertex.tolist())) for vertex in vertices]
    path.write_text(head + "\n".join([*rows, *(f"3 {a} {b} {c}" for a, b, c in faces)]) + "\n")


def write_landmarks(path: Path, cameras: Mapping[str, OracleCamera], vertices: Floats, mesh: str) -> None:
    """Write every 20th vertex as a landmark, moved by `OFFSET_PX`, for every frame."""
    chosen = list(range(0, len(vertices), 20))
    views = {name: (pixels(one, vertices[chosen]) + OFFSET_PX).tolist() for name, one in cameras.items()}
    document = {
        "format": "renderkit-landmarks",
        "version": 1,
        "landmarks_2d": {"scheme": "own", "frames": {"*": views}},
        "vertex_indices": {"scheme": "own", "mesh": mesh, "indices": chosen},
    }
    path.write_text(json.dumps(document))


def check_scene(
    run: Run,
    *arguments: str | Path,
    cameras: Mapping[str, OracleCamera],
    frames: tuple[str, ...],
    geometry: tuple[Floats, npt.NDArray[np.int64]],
) -> None:
    """Validate a scene, and compare each view's IoU with polygon filling and its landmarks with OpenCV's pixels."""
    # Landmarks are planted 5 px off, which is much for so small a subject.
    quiet = ("--no-checks", "--no-sanity", "--no-overlays")
    result = run("validate", *arguments, *quiet, "--renderer", "cpu", "--out", "run")
    assert result.code == 0, result.err
    rows = {(row.key.frame, row.key.camera): row for row in read_report(Path("run")).rows}
    assert list(rows) == [(frame, name) for frame in frames for name in cameras]
    for (_, name), row in rows.items():
        mask = silhouette(cameras[name], *geometry)
        assert row.scores.mask is not None
        assert row.scores.mask.iou == pytest.approx(iou(mask, captured(mask)), abs=1e-3)
        if "--landmarks" in arguments:
            assert row.scores.reprojection is not None
            errors = row.scores.reprojection.distances_px
            used = errors[np.isfinite(errors)]
            assert used.size >= 10
            np.testing.assert_allclose(used, 5.0, atol=1e-6)
