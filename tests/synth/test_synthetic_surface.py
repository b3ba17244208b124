from __future__ import annotations

import numpy as np
import pytest
import trimesh

from renderkit.geometry.mesh import Mesh
from renderkit.synth.fields import Field, FieldPoints, ellipsoid, sphere
from renderkit.synth.surface import evaluate, mesh_field


def ball(points: FieldPoints) -> Field:
    return sphere(points, (1.0, -2.0, 0.5), 10.0)


@pytest.mark.parametrize("num_ticks", [14, 33])
def test_ball_is_closed_round_and_faces_outwards(num_ticks: int) -> None:
    axis = np.linspace(-14.0, 14.0, num_ticks, dtype=np.float32)
    vertices, faces = mesh_field(ball, (axis, axis, axis))
    mesh = Mesh(vertices, faces)
    assert mesh.is_closed
    assert np.abs(np.linalg.norm(vertices - [1.0, -2.0, 0.5], axis=1) - 10.0).max() < 0.02
    volume = trimesh.Trimesh(vertices, faces, process=False).volume
    spacing = 28.0 / (num_ticks - 1)
    assert 0.0 < 4.0 / 3.0 * np.pi * 1000.0 - volume < 4.0 * np.pi * 100.0 * 0.06 * spacing**2


def test_uneven_grids_are_followed() -> None:
    fine = np.concatenate([np.linspace(-12, -2, 8), np.linspace(-1.5, 12, 40)]).astype(np.float32)
    coarse = np.linspace(-14.0, 14.0, 20, dtype=np.float32)
    vertices, faces = mesh_field(lambda p: ellipsoid(p, (0.0, 0.0, 0.0), (9.0, 6.0, 11.0)), (fine, coarse, coarse))
    assert Mesh(vertices, faces).is_closed
    assert np.abs((vertices / [9.0, 6.0, 11.0] * (vertices / [9.0, 6.0, 11.0])).sum(axis=1) - 1.0).max() < 0.02
    assert (vertices[:, 0] > 0.0).sum() > 1.5 * (vertices[:, 0] < 0.0).sum()


def test_nothing_is_skipped_far_from_block_centres() -> None:
    # A rod thinner than a block of cells.
    axis = np.linspace(-10.0, 10.0, 41, dtype=np.float32)

    def rod(points: FieldPoints) -> Field:
        return np.asarray(
            np.maximum(np.hypot(points[:, 0] - 0.3, points[:, 1] + 0.2) - 0.9, np.abs(points[:, 2]) - 9.0)
        )

    vertices, faces = mesh_field(rod, (axis, axis, axis))
    assert Mesh(vertices, faces).is_closed
    assert np.ptp(vertices[:, 2]) > 17.5


def test_evaluate_does_not_depend_on_chunks() -> None:
    points = np.random.default_rng(0).normal(0.0, 9.0, (70_000, 3)).astype(np.float32)
    assert np.allclose(evaluate(ball, points), ball(points), atol=1e-5)
    assert evaluate(ball, points[:0]).shape == (0,)
