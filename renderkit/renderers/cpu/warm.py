"""Compiles every kernel ahead of its first use, so that the first view is as fast as the others."""

from __future__ import annotations

import numpy as np

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import RenderPass
from renderkit.renderers.cpu.renderer import CpuRenderer

ALL_PASSES = RenderPass.BARYCENTRIC | RenderPass.NORMAL | RenderPass.COLOR

FINE_EDGE = 240
"""Squares along the edge of a plane that is a fine mesh to the renderer."""


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
    with CpuRenderer(2) as renderer:
        # Of fine meshes threads draw parts.
        renderer.render_mask(_plane(FINE_EDGE), camera)
        renderer.render(mesh, camera, ALL_PASSES)
        renderer.render_mask(mesh, camera)
        # What one call can draw, and what takes several: pixels that lie apart.
        for pixels in ([[31, 31]], [[3, 3], [60, 60]]):
            renderer.render_bits_and_depths(mesh, camera, np.array(pixels))
        renderer.trace_outline(mesh, camera)


def _plane(squares: int) -> Mesh:
    """Return a square of that many squares along its edge, each of two faces."""
    x, y = np.meshgrid(*2 * [np.linspace(-1.0, 1.0, squares + 1)])
    corner = (np.arange(squares)[:, None] * (squares + 1) + np.arange(squares)).reshape(-1, 1)
    right, below = corner + 1, corner + squares + 1
    faces = np.concatenate([np.hstack([corner, below, right]), np.hstack([right, below, below + 1])])
    return Mesh(np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1), faces)
