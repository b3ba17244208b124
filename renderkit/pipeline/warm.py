"""Compiles all kernels of a validated view ahead of the first one: decoding, rendering, scoring, painting."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, MaskImage, frozen
from renderkit.diagnosis.joint.noise import inlier_probabilities
from renderkit.diagnosis.joint.parameters import linearise
from renderkit.diagnosis.mesh_alignment import FrameOutlines, MatteView
from renderkit.diagnosis.readings.coarse import draw_cells
from renderkit.diagnosis.readings.outline_gaps import outermost
from renderkit.errors import ContextError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage
from renderkit.images.outlines import trace_level
from renderkit.images.rings import chain_segments, depths_near
from renderkit.images.shrink import shrink
from renderkit.metrics.boundary import score_boundary
from renderkit.metrics.closest_point import SurfaceTree
from renderkit.metrics.mask import score_mask
from renderkit.metrics.region import background_edge_region
from renderkit.metrics.reprojection import score_reprojection
from renderkit.metrics.visibility import pixels_around
from renderkit.pictures.canvas import CASING, Canvas


def warm_all() -> None:
    """Compile every kernel that `validate` uses with the CPU renderer, or read it from the user's cache folder.

    Raises:
        ContextError: If there is no compiler.
    """
    try:
        from renderkit.renderers.cpu import warm  # noqa: PLC0415 - loads a compiler
    except ImportError as error:
        raise ContextError("the CPU", f"its renderer cannot be loaded: {error}; pip install numba") from error
    warm()
    square = np.zeros((80, 80), np.uint8)
    square[20:60, 20:60] = 255
    encoded = bytes(cv2.imencode(".png", square)[1])
    picture = EncodedImage(lambda: encoded, Path("square.png"))
    picture.decode_gray()
    bits = picture.decode_inside(0.5, reduced_to=40).bits
    bits.every(2)
    matte = bits.unpack()
    moved = np.roll(matte, 3, axis=1)
    score_mask(moved, matte)
    score_boundary(moved, matte, 2.0, background_edge_region(moved, matte))
    _warm_landmarks()
    _warm_pictures(matte)
    _warm_outlines(square)
    SurfaceTree(Mesh(np.eye(3), np.array([[0, 1, 2]]))).closest(np.zeros((1, 3)))


def _warm_landmarks() -> None:
    """Project points, list the pixels around them, and compare them."""
    from renderkit.renderers.cpu.points import project_points, project_unchecked  # noqa: PLC0415 - loads a compiler

    camera = Camera(np.diag([90.0, 90.0, 1.0]), 80, 80)
    pixels = project_points(camera, np.ones((2, 3)))
    project_unchecked(np.ones((2, 3)), np.eye(3, 4), camera.K, camera.distortion, 1)
    linearise(camera, np.ones((2, 3)))
    pixels_around(pixels, camera.size)
    score_reprojection(pixels, pixels, [True, True], [False, True])


def _warm_outlines(alpha: AlphaImage) -> None:
    """Measure the outline of a square against its (80, 80) matte."""
    camera = Camera.look_at((0.0, 0.0, -2.0), (0.0, 0.0, 0.0), alpha.shape, fov_deg=90.0)
    corners = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
    outlines = FrameOutlines.of(Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]])), lambda *_: alpha > 0)
    outlines.as_it_stands(MatteView(camera, lambda: alpha, 0.5), alpha)
    inlier_probabilities(np.ones((1, 1, 8)))
    outermost(np.zeros((1, 2)))
    draw_cells(np.zeros((1, 2)), np.ones(2), alpha > 0)


def _warm_pictures(mask: MaskImage) -> None:
    """Chain an outline, paint a surface, a colour and a line, over a picture and over nothing, and shrink pictures."""
    outline = trace_level(mask.view(np.uint8), 0.5)
    rings, _ = chain_segments(outline)
    depths_near(rings[0], frozen(np.ones(mask.shape, np.float32)), mask)
    color = np.zeros((*mask.shape, 3), np.uint8)
    for backdrop in (None, color):
        canvas = Canvas(backdrop, mask.shape[::-1])
        canvas.paint_surface(color, mask, outline, 0.5)
        canvas.fill(CASING, mask, 0.5)
        canvas.lines([[1.0, 1.0, 9.0, 5.0]], CASING, 2.0)
    for picture in (color, color[:, :, 0]):
        shrink(picture, (7, 5))
