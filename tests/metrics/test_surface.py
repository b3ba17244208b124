from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import trimesh

from renderkit.geometry.mesh import Mesh
from renderkit.metrics.surface import SurfaceScore, distance_colored, score_mesh_distance, score_points_to_mesh


def _sphere(radius: float, keep_front: bool = False) -> Mesh:
    mesh = Mesh.from_trimesh(trimesh.creation.icosphere(4, radius))
    if not keep_front:
        return mesh
    front = mesh.vertices[mesh.faces].mean(axis=1)[:, 2] < 0.0
    return Mesh(mesh.vertices, mesh.faces[front])


def test_concentric_spheres_are_their_radii_apart() -> None:
    score = score_mesh_distance(_sphere(1.0), _sphere(1.1))
    for direction in (score.forward, score.backward):
        assert direction.median == pytest.approx(0.1, abs=2e-3)
        assert direction.num_left_out == 0


def test_what_one_mesh_lacks_shows_in_one_direction_only() -> None:
    half, whole = _sphere(1.0, keep_front=True), _sphere(1.0)
    assert score_points_to_mesh(half.vertices[np.unique(half.faces)], whole).max == pytest.approx(0.0, abs=1e-12)
    # The far pole is as far from the rim as a quarter of a circle's chord.
    assert score_points_to_mesh(whole.vertices, half).max == pytest.approx(math.sqrt(2.0), abs=0.06)


def test_missing_points_are_left_out_and_counted() -> None:
    points = np.array([[0.0, 0.0, 3.0], [np.nan, 0.0, 0.0]])
    score = score_points_to_mesh(points, _sphere(1.0))
    assert (score.num_used, score.num_left_out) == (1, 1)
    assert score.median == pytest.approx(2.0, abs=1e-3)
    nothing = score_points_to_mesh(points[1:], _sphere(1.0))
    assert math.isnan(nothing.p95)
    merged = nothing.merge(score)
    assert (merged.num_used, merged.max) == (1, score.max)


def test_percentiles() -> None:
    score = SurfaceScore(np.arange(101.0))
    assert (score.median, score.p95, score.max) == (50.0, 95.0, 100.0)


def test_heat_map_is_written_as_a_coloured_ply(tmp_path: Path) -> None:
    mesh = _sphere(1.0)
    distances = np.linspace(0.0, 2.0, len(mesh.vertices))
    distances[5] = np.nan
    colored = distance_colored(mesh, distances, 1.0)
    colored.to_trimesh().export(tmp_path / "heat.ply")
    read = Mesh.read(tmp_path / "heat.ply")
    assert read.vertex_colors is not None
    assert colored.vertex_colors is not None
    assert np.array_equal(read.vertex_colors, colored.vertex_colors)
    # viridis runs from dark violet to yellow.
    assert np.abs(read.vertex_colors[0].astype(int) - (68, 1, 84)).max() <= 1
    assert np.abs(read.vertex_colors[-1].astype(int) - (253, 231, 37)).max() <= 1
    assert read.vertex_colors[5].tolist() == [128, 128, 128]
    with pytest.raises(ValueError, match="limit"):
        distance_colored(mesh, distances, 0.0)
