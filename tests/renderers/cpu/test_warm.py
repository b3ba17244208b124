"""That nothing is left to compile after warming up, and nothing is compiled twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from renderkit.compiled import cache_folder

_CHILD = """
import importlib, pkgutil
import numpy as np
import trimesh
from numba.core.dispatcher import Dispatcher
from renderkit.renderers import cpu as package
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import BrownConrady
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.cpu import CpuRenderer, projection, silhouette, visibility, warm
from renderkit.renderers.cpu.warm import ALL_PASSES

names = [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__)]
modules = [importlib.import_module(name) for name in names]
kernels = {f"{value.__module__}.{value.__name__}": value
           for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)}
warm()
before = {name: sum(kernel.stats.cache_misses.values()) for name, kernel in kernels.items()}
projection._SHARED_FACES = silhouette._SHARED_EDGES = visibility._FEW_FACES = 0
ball = trimesh.creation.icosphere(3)
mesh = Mesh(ball.vertices, ball.faces, vertex_colors=np.full((len(ball.vertices), 3), 99, np.uint8))
pose = Pose(np.eye(3), np.array([0.0, 0.0, 3.0]))
K = np.array([[300.0, 0.0, 160.0], [0.0, 300.0, 120.0], [0.0, 0.0, 1.0]])
for lens in (np.zeros(4), np.array([-0.2, 0.1, 0.0, 0.0])):
    camera = Camera(K, 321, 240, BrownConrady(lens), pose)
    for threads in (1, 2):
        with CpuRenderer(threads) as renderer:
            renderer.render(mesh, camera, ALL_PASSES)
            mask = renderer.render_mask(mesh, camera)
            renderer.mask_counts(mesh, camera, mask)
            renderer.mask_counts(mesh, camera, mask.astype(np.uint8))
            renderer.depth_at(mesh, camera, np.array([[3, 4], [160, 120]]))
after = {name: sum(kernel.stats.cache_misses.values()) for name, kernel in kernels.items()}
late = {name: count for name, count in after.items() if count != before[name]}
assert not late, f"compiled after warming up: {late}"
twice = {name: kernel.signatures for name, kernel in kernels.items() if len(kernel.signatures) > 1}
assert not twice, f"compiled more than once: {twice}"
assert any(kernel.signatures for kernel in kernels.values())
"""


def test_warming_up_leaves_nothing_to_compile() -> None:
    if cache_folder() is None:
        pytest.skip("no folder to keep compiled kernels in")
    command = [sys.executable, "-c", _CHILD]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
