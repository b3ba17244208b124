"""A camera as bare numbers, projected without any guard: what a program computes that makes a slip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, Pixels, Points3
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion


@dataclass(frozen=True, eq=False)
class PlainCamera:
    """The numbers of a camera. Nothing is checked: a slip may make them meaningless.

    Attributes:
        K: (3, 3) intrinsics in px.
        R: (3, 3) as the rotation that is applied to world points.
        t: (3,) what is added after the rotation, world units.
        coefficients: (C,) distortion coefficients in OpenCV's order.
        fisheye: Whether the coefficients are those of the Kannala-Brandt model.
        size: (width, height) in px.
        num_distortions: How often the lens is applied; -1 applies its inverse.
    """

    K: FloatArray
    R: FloatArray
    t: FloatArray
    coefficients: FloatArray
    fisheye: bool
    size: tuple[int, int]
    num_distortions: int = 1

    @classmethod
    def of(cls, camera: Camera) -> PlainCamera:
        """Take the numbers of a camera."""
        pose = camera.cam_from_world
        lens = camera.distortion
        return cls(camera.K, pose.R, pose.t, lens.coefficients, lens.model == "kannala_brandt", camera.size)

    @property
    def lens(self) -> Distortion:
        """The lens model of the coefficients."""
        if not self.coefficients.size:
            return NoDistortion()
        return KannalaBrandt(self.coefficients) if self.fisheye else make_distortion(self.coefficients)

    def project(self, points_world: Points3) -> Pixels:
        """Return (N, 2) pixels of (N, 3) world points, with no regard to depth and the lens's valid radius."""
        with np.errstate(all="ignore"):
            points = points_world @ self.R.T + self.t
            xy = points[:, :2] / points[:, 2:]
            if self.num_distortions < 0:
                xy = self.lens.undistort(xy)
            for _ in range(self.num_distortions):
                xy = self.lens.distort(xy)
            homogeneous = np.column_stack([xy, np.ones(len(xy))]) @ self.K.T
            pixels: Pixels = homogeneous[:, :2] / homogeneous[:, 2:]
        return pixels
