"""The camera: one exact model for every reader, renderer and metric."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import BoolArray, FloatArray, Pixels, Points3, as_array, frozen
from renderkit.geometry.conventions import GL_FROM_CV
from renderkit.geometry.distortion import Distortion, NoDistortion, make_distortion
from renderkit.geometry.pose import Pose


@dataclass(frozen=True, eq=False)
class Camera:
    """A calibrated camera: OpenCV axes, pixel (0, 0) at the centre of the top-left pixel.

    The image spans [-0.5, width - 0.5] x [-0.5, height - 0.5].

    Attributes:
        K: (3, 3) intrinsics in px: [[fx, skew, cx], [0, fy, cy], [0, 0, 1]].
        width: Image width in px.
        height: Image height in px.
        distortion: Lens model.
        cam_from_world: World to camera.
        name: The camera's name in its dataset.
    """

    K: FloatArray
    width: int
    height: int
    distortion: Distortion = field(default_factory=NoDistortion)
    cam_from_world: Pose = field(default_factory=Pose.identity)
    name: str = ""

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If K is not upper triangular with positive focal lengths and last row 0 0 1, has values that
                are not finite, or the size is not positive.
        """
        intrinsics = as_array(self.K, np.float64, (3, 3), "K")
        if not np.isfinite(intrinsics).all():
            raise ValueError(f"K has NaN or infinite values:\n{intrinsics}")
        if intrinsics[1, 0] != 0.0 or not np.array_equal(intrinsics[2], (0.0, 0.0, 1.0)):
            raise ValueError(f"K must be [[fx, skew, cx], [0, fy, cy], [0, 0, 1]], got\n{intrinsics}")
        if intrinsics[0, 0] <= 0.0 or intrinsics[1, 1] <= 0.0:
            raise ValueError(f"K is singular or mirrors: fx = {intrinsics[0, 0]:g}, fy = {intrinsics[1, 1]:g}")
        if int(self.width) < 1 or int(self.height) < 1:
            raise ValueError(f"image size must be at least 1 x 1 px, got {self.width} x {self.height}")
        object.__setattr__(self, "K", frozen(intrinsics))
        object.__setattr__(self, "width", int(self.width))
        object.__setattr__(self, "height", int(self.height))

    @classmethod
    def from_opencv(
        cls,
        K: ArrayLike,
        distortion_coefficients: ArrayLike,
        cam_from_world: Pose,
        size: tuple[int, int],
        name: str = "",
    ) -> Camera:
        """Build from OpenCV's numbers.

        Args:
            K: (3, 3) intrinsics in px.
            distortion_coefficients: 0, 4, 5, 8, 12 or 14 values in OpenCV's order.
            cam_from_world: World to camera, OpenCV axes.
            size: (width, height) in px.
            name: The camera's name.
        """
        intrinsics = np.asarray(K, dtype=np.float64)
        return cls(intrinsics, size[0], size[1], make_distortion(distortion_coefficients), cam_from_world, name)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in px."""
        return self.width, self.height

    @property
    def center_world(self) -> FloatArray:
        """(3,) centre of projection in world units."""
        return self.cam_from_world.inverse().t

    @property
    def optical_axis_world(self) -> FloatArray:
        """(3,) unit direction in which the camera looks, in the world frame."""
        axis: FloatArray = self.cam_from_world.R[2]
        return axis

    @property
    def gl_cam_from_world(self) -> FloatArray:
        """(4, 4) view matrix with OpenGL axes (x right, y up, z backward)."""
        return (GL_FROM_CV @ self.cam_from_world).matrix

    def project(self, points_world: ArrayLike) -> Pixels:
        """Project world points to distorted pixels.

        Args:
            points_world: (N, 3) points in world units.

        Returns:
            (N, 2) pixels (u, v), origin at the centre of the top-left pixel. NaN for points at or behind the camera
            plane and for points beyond the distortion's valid radius.
        """
        return self.project_cam(self.cam_from_world.apply(points_world))

    def project_cam(self, points_cam: ArrayLike) -> Pixels:
        """Project points given in the camera's own frame; see `project`."""
        points = as_array(points_cam, np.float64, (None, 3), "points_cam")
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            xy = points[:, :2] / points[:, 2:]
            radius = np.hypot(xy[:, 0], xy[:, 1])
            # Fails for NaN too.
            seen = (points[:, 2] > 0.0) & (radius <= self.distortion.valid_radius) & np.isfinite(radius)
        pixels = np.full((len(points), 2), np.nan)
        pixels[seen] = self._pixels_from_normalised(self.distortion.distort(xy[seen]))
        return pixels

    def depth(self, points_world: ArrayLike) -> FloatArray:
        """Return the (N,) camera z of (N, 3) world points, in world units."""
        return self.cam_from_world.apply(points_world)[:, 2]

    def in_image(self, pixels: Pixels) -> BoolArray:
        """Return (N,) True where (N, 2) pixels lie inside the image; False for NaN."""
        inside: BoolArray = (
            (pixels[:, 0] >= -0.5)
            & (pixels[:, 0] <= self.width - 0.5)
            & (pixels[:, 1] >= -0.5)
            & (pixels[:, 1] <= self.height - 0.5)
        )
        return inside

    def unproject(self, pixels: ArrayLike) -> Points3:
        """Return the rays through distorted pixels.

        Args:
            pixels: (N, 2) pixels (u, v).

        Returns:
            (N, 3) points at depth z = 1 in the camera's frame: the ray through the pixel. NaN where no ray inside the
            distortion's valid radius reaches the pixel. Projecting them back returns the pixels to 1e-9 px.
        """
        array = as_array(pixels, np.float64, (None, 2), "pixels")
        y = (array[:, 1] - self.K[1, 2]) / self.K[1, 1]
        x = (array[:, 0] - self.K[0, 2] - self.K[0, 1] * y) / self.K[0, 0]
        xy = self.distortion.undistort(np.column_stack([x, y]))
        rays = np.ones((len(array), 3))
        rays[:, :2] = xy
        rays[np.isnan(xy).any(axis=1)] = np.nan
        return rays

    def unproject_world(self, pixels: ArrayLike) -> tuple[FloatArray, Points3]:
        """Return the rays through (N, 2) distorted pixels in the world frame.

        Returns:
            The (3,) origin and (N, 3) directions whose camera z is 1, so that origin + depth * direction is the point
            at that depth; NaN as in `unproject`.
        """
        directions: Points3 = self.unproject(pixels) @ self.cam_from_world.R
        return self.center_world, directions

    def scaled(self, size: tuple[int, int]) -> Camera:
        """Return the camera of the picture resized to `size` = (width, height), each axis by its own true ratio."""
        ratio_x, ratio_y = size[0] / self.width, size[1] / self.height
        intrinsics = self.K.copy()
        intrinsics[0] *= ratio_x
        intrinsics[1] *= ratio_y
        intrinsics[0, 2] = ratio_x * (self.K[0, 2] + 0.5) - 0.5
        intrinsics[1, 2] = ratio_y * (self.K[1, 2] + 0.5) - 0.5
        return replace(self, K=intrinsics, width=size[0], height=size[1])

    def cropped(self, x0: int, y0: int, size: tuple[int, int]) -> Camera:
        """Return the camera of the window whose top-left pixel was (x0, y0), `size` = (width, height) px large."""
        intrinsics = self.K.copy()
        intrinsics[0, 2] -= x0
        intrinsics[1, 2] -= y0
        return replace(self, K=intrinsics, width=size[0], height=size[1])

    def undistorted(self) -> Camera:
        """Return the ideal pinhole with the same K, size and pose."""
        return replace(self, distortion=NoDistortion())

    def clip_from_cam(self, near: float, far: float) -> FloatArray:
        """Return OpenGL's clip matrix for OpenCV camera coordinates; distortion is not part of it.

        Args:
            near: Positive distance of the near plane in world units.
            far: Distance of the far plane, beyond `near`.

        Returns:
            (4, 4) matrix. Window y points up (row 0 of the framebuffer is the bottom of the picture) and depth runs
            from -1 at `near` to +1 at `far`. Skew and off-centre principal points are exact.
        """
        if not 0.0 < near < far < np.inf:
            raise ValueError(f"expected 0 < near < far, got near = {near:g}, far = {far:g}")
        (fx, skew, cx), (_, fy, cy), _ = self.K
        width, height = self.width, self.height
        return np.array(
            [
                [2.0 * fx / width, 2.0 * skew / width, (2.0 * cx + 1.0) / width - 1.0, 0.0],
                [0.0, -2.0 * fy / height, 1.0 - (2.0 * cy + 1.0) / height, 0.0],
                [0.0, 0.0, (far + near) / (far - near), -2.0 * far * near / (far - near)],
                [0.0, 0.0, 1.0, 0.0],
            ]
        )

    def gl_projection(self, near: float, far: float) -> FloatArray:
        """Return the (4, 4) OpenGL projection matrix for OpenGL camera axes; see `clip_from_cam`."""
        result: FloatArray = self.clip_from_cam(near, far) @ GL_FROM_CV.matrix
        return result

    def _pixels_from_normalised(self, xy: FloatArray) -> Pixels:
        pixels = np.empty_like(xy)
        pixels[:, 0] = self.K[0, 0] * xy[:, 0] + self.K[0, 1] * xy[:, 1] + self.K[0, 2]
        pixels[:, 1] = self.K[1, 1] * xy[:, 1] + self.K[1, 2]
        return pixels
