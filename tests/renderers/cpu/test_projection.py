"""Which faces are drawn as they are: none that the lens bends by more than a hundredth of a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.cpu.projection import project_mesh
from renderkit.renderers.cpu.scratch import Scratch
from renderkit.renderers.cpu.team import Team
from renderkit.renderers.cpu.topology import PreparedMeshes

LENSES = {
    "barrel": [-0.12, 0.9, 0.0, 0.0, -2.0],
    "decentred": [-0.05, 0.1, 2e-3, -1e-3, 0.0],
    "rational": [0.1, -0.02, 5e-4, 3e-4, 0.01, 0.2, -0.01, 0.0],
    "prism": [-0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2e-3, 0.0, -1e-3, 0.0],
}
K = np.array([[4700.0, 0.0, 1220.3], [0.0, 4650.0, 1031.7], [0.0, 0.0, 1.0]])


def bend_px(corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]], lens: list[float]) -> float:
    """How far the lens moves the middle of an edge off its chord, by OpenCV, in px of either axis; the worst edge."""
    ends = corners[:, :2] / corners[:, 2:]
    middles = 0.5 * (ends + np.roll(ends, -1, axis=0))
    rays = np.column_stack([np.concatenate([ends, middles]), np.ones(6)])
    pixels, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), K, np.array(lens))
    found = pixels.reshape(6, 2)
    chords = 0.5 * (found[:3] + np.roll(found[:3], -1, axis=0))
    return float(np.abs(found[3:] - chords).max())


@pytest.mark.parametrize("name", LENSES)
def test_faces_that_bend_are_drawn_in_pieces_and_no_others(name: str) -> None:
    rng = np.random.default_rng(4)
    middles = np.column_stack([rng.uniform(-0.24, 0.24, (3000, 2)), np.ones(3000)])
    size = rng.uniform(10.0, 90.0, (3000, 1, 1)) / 4700.0
    corners = (middles[:, None] + size * rng.normal(size=(3000, 3, 3)) * 0.5) * rng.uniform(0.8, 1.3, (3000, 1, 1))
    mesh = Mesh(corners.reshape(-1, 3), np.arange(9000, dtype=np.int32).reshape(-1, 3))
    camera = Camera(K, 2448, 2048, BrownConrady(np.array(LENSES[name])))
    prepared = PreparedMeshes().get(mesh)
    found = project_mesh(prepared, camera, Scratch(), Team(1), silhouette=True)
    whole = prepared.topology.face_order[found.signs != 0]
    bends = np.array([bend_px(triangle, LENSES[name]) for triangle in corners])
    assert bends[whole].max() < 0.0101
    # Nor are others split, which would cost time for nothing.
    split = prepared.topology.face_order[found.pieces.sources]
    assert bends[split].min() > 0.0099
    assert min(len(whole), len(set(split.tolist()))) > 100
