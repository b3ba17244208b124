"""Other people's camera conventions, turned into ours and back.

Ours: OpenCV axes (x right, y down, z forward), poses as `cam_from_world`, pixel (0, 0) at the CENTRE of the top-left
pixel.
OpenGL's camera axes are x right, y up, z backward. The two differ by diag(1, -1, -1), which is its own inverse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import FloatArray, as_array
from renderkit.geometry.pose import Pose, as_pose

GL_FROM_CV = Pose(np.diag([1.0, -1.0, -1.0]), np.zeros(3))
"""Turns OpenCV camera axes into OpenGL camera axes; also its own inverse."""

CORNER_PIXEL_ORIGIN = 0.5
"""Where COLMAP, OpenGL windows and nerfstudio put the centre of the top-left pixel."""


def pose_from_world_from_cam(world_from_cam: Pose | ArrayLike) -> Pose:
    """Read a camera-to-world matrix with OpenCV axes, (3, 4) or (4, 4), as our cam_from_world."""
    return as_pose(world_from_cam, "world_from_cam").inverse()


def pose_from_gl_cam_from_world(gl_cam_from_world: Pose | ArrayLike) -> Pose:
    """Read a world-to-camera matrix (OpenGL's view matrix), (3, 4) or (4, 4), as our cam_from_world."""
    return GL_FROM_CV @ as_pose(gl_cam_from_world, "gl_cam_from_world")


def pose_from_gl_world_from_cam(gl_world_from_cam: Pose | ArrayLike) -> Pose:
    """Read a camera-to-world matrix with OpenGL axes (transforms.json, pyrender poses) as our cam_from_world."""
    return GL_FROM_CV @ as_pose(gl_world_from_cam, "gl_world_from_cam").inverse()


def gl_cam_from_world(cam_from_world: Pose) -> Pose:
    """Return OpenGL's view transform for our pose."""
    return GL_FROM_CV @ cam_from_world


def gl_world_from_cam(cam_from_world: Pose) -> Pose:
    """Return the camera-to-world transform with OpenGL axes (transforms.json, pyrender poses) for our pose."""
    return gl_cam_from_world(cam_from_world).inverse()


def intrinsics_from_corner_origin(intrinsics: ArrayLike) -> FloatArray:
    """Read a (3, 3) K whose pixel (0, 0) is the top-left CORNER of the image (COLMAP): cx and cy lose half a pixel."""
    result = as_array(intrinsics, np.float64, (3, 3), "intrinsics").copy()
    result[:2, 2] -= CORNER_PIXEL_ORIGIN
    return result


def intrinsics_to_corner_origin(intrinsics: ArrayLike) -> FloatArray:
    """Write our (3, 3) K for a reader whose pixel (0, 0) is the top-left CORNER of the image (COLMAP)."""
    result = as_array(intrinsics, np.float64, (3, 3), "intrinsics").copy()
    result[:2, 2] += CORNER_PIXEL_ORIGIN
    return result
