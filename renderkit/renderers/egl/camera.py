"""Hands a camera to the shaders."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.renderers.egl.gl import Program

NEAR_OF_REACH = 1e-10
"""The near plane's distance as a part of the mesh's reach from the camera; depth is reversed, so it may be tiny.

The CPU renderer's is the same. One stray face far off must not push the plane beyond the rest of the mesh.
"""


def lens_defines(camera: Camera) -> dict[str, int]:
    """Return the macros that choose the lens model in the shaders."""
    lens = camera.distortion
    if isinstance(lens, BrownConrady):
        return {"LENS": 1, "TILTED": int(lens.padded[12:].any())}
    return {"LENS": 2 if isinstance(lens, KannalaBrandt) else 0, "TILTED": 0}


def set_camera(program: Program, camera: Camera, center: FloatArray, near: float) -> None:
    """Set everything but the window: pose, lens, near plane. The program must be in use.

    Args:
        program: One that includes camera.glsl.
        camera: The view.
        center: (3,) world point that the vertices are relative to.
        near: Distance of the near plane in world units.
    """
    program.set_floats("cam_rotation", camera.cam_from_world.R)
    program.set_floats("normal_rotation", camera.cam_from_world.R)
    program.set_floats("cam_translation", camera.cam_from_world.apply(center[None])[0])
    program.set_floats("near", [near])
    _set_lens(program, camera)


def set_window(program: Program, camera: Camera, x0: int, y0: int, size: tuple[int, int]) -> None:
    """Choose the part of the picture that is drawn: `size` = (width, height) px from column x0 and row y0."""
    width, height = size
    K = camera.K
    program.set_floats("clip_scale", [2.0 * K[0, 0] / width, 2.0 * K[0, 1] / width, 2.0 * K[1, 1] / height])
    center_x, center_y = K[0, 2] - x0, K[1, 2] - y0
    program.set_floats("clip_center", [(2.0 * center_x + 1.0) / width - 1.0, (2.0 * center_y + 1.0) / height - 1.0])


def set_limit(program: Program, limit: float) -> None:
    """Set where pieces are clipped: the undistorted radius, or inf for "only what lies behind the camera"."""
    finite = bool(np.isfinite(limit))
    program.set_floats("valid_radius", [limit if finite else 0.0])
    program.set_floats("clamp_radius", [limit if finite else 1e6])


def _set_lens(program: Program, camera: Camera) -> None:
    lens = camera.distortion
    if isinstance(lens, BrownConrady):
        c = lens.padded
        program.set_floats("lens_numerator", c[[0, 1, 4]])
        program.set_floats("lens_denominator", c[[5, 6, 7]])
        program.set_floats("lens_tangential", c[[2, 3]])
        program.set_floats("lens_prism", c[[8, 9, 10, 11]])
        if np.any(c[12:]):
            program.set_floats("lens_tilt", lens.tilt)
    elif isinstance(lens, KannalaBrandt):
        program.set_floats("lens_theta", lens.coefficients)
