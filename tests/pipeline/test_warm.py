"""That nothing is left to compile after warming up, and nothing is compiled twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from renderkit.compiled import cache_folder

_CHILD = """
import importlib, pkgutil
from pathlib import Path
import cv2
import numpy as np
import trimesh
from renderkit.compiled import Kernel
from renderkit.diagnosis import outline_kernels
from renderkit.diagnosis.mesh_alignment import FrameOutlines, MatteView
from renderkit.geometry.camera import Camera
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.images import bit_runs, unfilter
from renderkit.images.encoded import EncodedImage
from renderkit.metrics import landmark_pixels, nearest, outline_pixels
from renderkit.metrics.boundary import score_boundary
from renderkit.metrics.mask import score_mask
from renderkit.metrics.region import background_edge_region
from renderkit.metrics.reprojection import score_reprojection
from renderkit.metrics.visibility import pixels_around
from renderkit.pipeline.warm import warm_all
from renderkit.renderers import cpu as package
from renderkit.renderers.cpu import CpuRenderer, projection, silhouette, visibility
from renderkit.renderers.cpu import points as points_module
from renderkit.renderers.cpu.warm import ALL_PASSES

names = [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__)]
modules = [*(importlib.import_module(name) for name in names), unfilter, bit_runs, nearest, outline_pixels,
           landmark_pixels, outline_kernels]
kernels = {f"{value.__module__}.{value.__name__}": value
           for module in modules for value in vars(module).values() if isinstance(value, Kernel)}
warm_all()
# Machine code that comes from the disk counts as well: what is kept there does not hide what warming up leaves out.
before = {name: len(kernel.signatures) for name, kernel in kernels.items()}
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
            renderer.render_bits_and_depths(mesh, camera, np.array([[3, 4], [160, 120]]))
            outlines = FrameOutlines.of(mesh, renderer.render_mask)
            alpha = mask.astype(np.uint8) * 255
            assert outlines.as_it_stands(MatteView(camera, lambda: alpha, 0.5), alpha) is not None
encoded = bytes(cv2.imencode(".png", mask.astype(np.uint8) * 255)[1])
matte = np.roll(EncodedImage(lambda: encoded, Path("mask.png")).decode_gray() >= 128, 5, axis=0)
score_mask(mask, matte)
score_boundary(mask, matte, 2.0, background_edge_region(mask, matte))
points = points_module.project_points(camera, np.array([[0.0, 0.1, 3.0], [0.1, 0.2, 3.0]]))
pixels_around(points, camera.size)
score_reprojection(points, points + 1.0, [True, False], [False, False])
late = {name: kernel.signatures for name, kernel in kernels.items() if len(kernel.signatures) != before[name]}
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
