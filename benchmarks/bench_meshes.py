"""The meshes and cameras that the benchmarks draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose

SIZE = (2448, 2048)
"""Width and height in px of the rig's cameras."""

_TOPOLOGY = Path(__file__).resolve().parents[2] / "shared" / "data" / "flame" / "topology.npz"
_LENS = (-0.12, 0.9, 0.0005, -0.0003, -2.0)
_ROUGH_NOISE = 0.3


def benchmark_meshes() -> dict[str, Mesh]:
    """Return the meshes by name: a FLAME head, two dense heads, and one as a scanner leaves it."""
    dense = head_like(7)
    return {"head 10k": flame_head(), "head 328k": dense, "head 1.3M": head_like(8), "rough 328k": roughen(dense)}


def flame_head() -> Mesh:
    """Return the FLAME template where the data folder has it, else an ellipsoid with as many faces."""
    if _TOPOLOGY.is_file():
        data = np.load(_TOPOLOGY)
        return Mesh(data["template"] - data["template"].mean(axis=0), data["faces"], name="FLAME template")
    import trimesh  # late: worker processes load this module, too

    ball = trimesh.creation.uv_sphere(count=(44, 116))
    return Mesh(_head_shape(np.asarray(ball.vertices)), ball.faces, name="ellipsoid")


def head_like(detail: int) -> Mesh:
    """Return a closed head-like surface of 20 * 4^detail faces."""
    import trimesh  # late: worker processes load this module, too

    ball = trimesh.creation.icosphere(detail)
    return Mesh(_head_shape(np.asarray(ball.vertices)), ball.faces, name=f"head {len(ball.faces)}")


def roughen(mesh: Mesh, seed: int = 0) -> Mesh:
    """Return the mesh as a scanner leaves it: noise of 0.3 edge lengths, holes, loose pieces."""
    rng = np.random.default_rng(seed)
    edge = np.linalg.norm(mesh.vertices[mesh.faces[:, 0]] - mesh.vertices[mesh.faces[:, 1]], axis=1).mean()
    vertices = mesh.vertices + rng.normal(scale=_ROUGH_NOISE * edge, size=mesh.vertices.shape)
    middles = vertices[mesh.faces].mean(axis=1)
    kept = np.ones(len(middles), dtype=np.bool_)
    for center in middles[rng.integers(len(middles), size=60)]:
        kept &= np.linalg.norm(middles - center, axis=1) > rng.uniform(0.001, 0.006)
    # Loose pieces: single faces and a patch, off the surface.
    loose = np.concatenate([mesh.faces[rng.integers(len(mesh.faces), size=3000)], mesh.faces[:1000]])
    moved = vertices + rng.normal(scale=0.03, size=3)
    return Mesh(
        np.concatenate([vertices, moved]),
        np.concatenate([mesh.faces[kept], loose + np.int32(len(vertices))]),
        name="rough scan",
    )


def ring_cameras(count: int) -> list[Camera]:
    """Return cameras on a ring 1.1 units from the origin, f = 4700 px, with a lens as bent as the real rig's."""
    cameras = []
    for index in range(count):
        angle = 2.0 * np.pi * (index + 0.37) / count
        turn = Pose.from_rotation_vector([0.0, angle, 0.0], [0.0, 0.0, 0.0])
        upright = Pose(np.diag([1.0, -1.0, -1.0]), np.array([0.01, -0.02, 1.1]))
        K = np.array([[4700.0, 0.0, 1220.3], [0.0, 4698.0, 1031.7], [0.0, 0.0, 1.0]])
        cameras.append(Camera(K, *SIZE, BrownConrady(np.array(_LENS)), upright @ turn, f"{index:02d}"))
    return cameras


def _head_shape(unit: Points3) -> Points3:
    """Turn a unit sphere into an egg with a nose, brows and bumps, about 0.2 units high."""
    x, y, z = unit.T
    bump: FloatArray = 1.0 + 0.03 * np.sin(9.0 * x) * np.sin(11.0 * y) + 0.01 * np.sin(40.0 * x) * np.sin(37.0 * y + z)
    nose = 0.25 * np.exp(-((x / 0.15) ** 2 + ((y + 0.1) / 0.22) ** 2)) * (z > 0.0)
    shape: Points3 = unit * (0.078, 0.115, 0.095) * (bump + nose)[:, None]
    return shape
