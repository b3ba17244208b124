"""Compiles every kernel ahead of its first use, so that the first view is as fast as the others."""

from __future__ import annotations

import numpy as np

from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import BrownConrady
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import RenderPass
from renderkit.renderers.cpu.renderer import CpuRenderer

ALL_PASSES = RenderPass.BARYCENTRIC | RenderPass.NORMAL | RenderPass.COLOR


def warm() -> None:
    """Draw a small mesh through a lens with every pass: the kernels compile, or come from the disk."""
    mesh = Mesh(
        np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, -3.0]]),
        np.array([[0, 1, 2], [0, 2, 3]]),
    )
    lens = BrownConrady(np.array([-0.3, 0.1, 0.0, 0.0]))
    camera = Camera(
        np.array([[60.0, 0.0, 31.5], [0.0, 60.0, 31.5], [0.0, 0.0, 1.0]]),
        64,
        64,
        lens,
        Pose(np.eye(3), np.array([0.0, 0.0, 2.0])),
    )
    with CpuRenderer(1) as renderer:
        renderer.render(mesh, camera, ALL_PASSES)
        renderer.render_mask(mesh, camera)
        renderer.depth_at(mesh, camera, np.array([[31, 31]]))
        renderer.trace_outline(mesh, camera)
