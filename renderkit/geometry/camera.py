"""The camera: one exact model for every reader, renderer and metric."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arguments import as_number
from renderkit.arrays import BoolArray, FloatArray, Pixels, Points3, as_array, as_vectors, frozen
from renderkit.errors import ArgumentError
from renderkit.geometry.conventions import GL_FROM_CV, pose_from_gl_world_from_cam
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.pose import Pose, as_pose
from renderkit.notebook import facts_html


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

    Cameras with equal values are equal.

    Example:
        >>> K = [[1000.0, 0.0, 319.5], [0.0, 1000.0, 239.5], [0.0, 0.0, 1.0]]
        >>> camera = Camera.from_gl(K, np.eye(4), size=(640, 480))
        >>> camera.project((0.1, 0.0, -2.0)).tolist()  # OpenGL's camera looks along -z
        [369.5, 239.5]
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
                are not finite, the size is not whole and positive, or lens or pose are something else.
        """
        intrinsics = as_array(self.K, np.float64, (3, 3), "K")
        # Plain numbers: for so few, NumPy's calls would take ten times as long, and rigs have thousands of cameras.
        (fx, skew, cx), (below, fy, cy), last = intrinsics.tolist()
        if not all(map(math.isfinite, (fx, skew, cx, below, fy, cy, *last))):
            raise ValueError(f"K has NaN or infinite values:\n{intrinsics}")
        if below != 0.0 or last != [0.0, 0.0, 1.0]:
            raise ValueError(f"K must be [[fx, skew, cx], [0, fy, cy], [0, 0, 1]], got\n{intrinsics}")
        if fx <= 0.0 or fy <= 0.0:
            raise ValueError(f"K is singular or mirrors: fx = {fx:g}, fy = {fy:g}")
        width, height = _whole(self.width, "width"), _whole(self.height, "height")
        if width < 1 or height < 1:
            raise ValueError(f"image size must be at least 1 x 1 px, got {self.width} x {self.height}")
        if not hasattr(self.distortion, "is_valid"):
            raise ArgumentError(
                f"distortion: expected a lens model, got {type(self.distortion).__name__}; for coefficients use "
                f"Camera.from_opencv, BrownConrady(coefficients) or KannalaBrandt(coefficients)"
            )
        if not isinstance(self.cam_from_world, Pose):
            raise ArgumentError(
                f"cam_from_world: expected a Pose, got {type(self.cam_from_world).__name__}; use Pose(R, t) or "
                f"Pose.from_matrix(matrix)"
            )
        object.__setattr__(self, "K", frozen(intrinsics))
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "height", height)

    @classmethod
    def from_opencv(
        cls,
        K: ArrayLike,
        distortion_coefficients: ArrayLike | None,
        cam_from_world: Pose | ArrayLike,
        size: tuple[int, int],
        name: str = "",
    ) -> Camera:
        """Build from OpenCV's numbers.

        Args:
            K: (3, 3) intrinsics in px.
            distortion_coefficients: 0, 4, 5, 8, 12 or 14 values in OpenCV's order; None, as in OpenCV, is none. Those
                of `cv2.fisheye` are another model: `Camera(K, width, height, KannalaBrandt(coefficients), pose)`.
            cam_from_world: World to camera, OpenCV axes: a pose, or a (3, 4) or (4, 4) matrix.
            size: (width, height) in px.
            name: The camera's name.

        Raises:
            ValueError: If a shape is wrong, or the numbers are no camera.
        """
        pose = as_pose(cam_from_world, "cam_from_world")
        return cls._of(K, size, distortion=make_distortion(distortion_coefficients), cam_from_world=pose, name=name)

    @classmethod
    def from_gl(
        cls,
        K: ArrayLike,
        world_from_cam: Pose | ArrayLike,
        size: tuple[int, int],
        *,
        distortion_coefficients: ArrayLike | None = (),
        name: str = "",
    ) -> Camera:
        """Build from a camera-to-world matrix with OpenGL axes, as in transforms.json and pyrender.

        Args:
            K: (3, 3) intrinsics in px; pixel (0, 0) is the centre of the top-left pixel.
            world_from_cam: (4, 4) or (3, 4) camera to world, OpenGL axes (x right, y up, z backward), or such a pose.
            size: (width, height) in px.
            distortion_coefficients: 0, 4, 5, 8, 12 or 14 values in OpenCV's order; None is none.
            name: The camera's name.

        Raises:
            ValueError: If a shape is wrong, or the numbers are no camera.
        """
        pose = pose_from_gl_world_from_cam(as_pose(world_from_cam, "world_from_cam"))
        return cls._of(K, size, distortion=make_distortion(distortion_coefficients), cam_from_world=pose, name=name)

    @classmethod
    def from_fov(
        cls, fov_deg: float, size: tuple[int, int], *, cam_from_world: Pose | None = None, name: str = ""
    ) -> Camera:
        """Build an ideal pinhole with square pixels and the principal point in the middle of the image.

        Args:
            fov_deg: Horizontal field of view in degrees, from the left edge of the image to the right edge.
            size: (width, height) in px.
            cam_from_world: World to camera; the camera stands at the origin and looks along +z by default.
            name: The camera's name.

        Raises:
            ValueError: If the field of view is not between 0 and 180 degrees.
        """
        if not 0.0 < as_number("fov_deg", fov_deg) < 180.0:
            raise ValueError(f"fov_deg: expected more than 0 and less than 180 degrees, got {fov_deg:g}")
        width, height = _size(size)
        focal = 0.5 * width / np.tan(np.radians(0.5 * fov_deg))
        intrinsics = [[focal, 0.0, 0.5 * (width - 1)], [0.0, focal, 0.5 * (height - 1)], [0.0, 0.0, 1.0]]
        return cls._of(intrinsics, size, distortion=NoDistortion(), cam_from_world=cam_from_world, name=name)

    @classmethod
    def look_at(
        cls,
        eye: ArrayLike,
        target: ArrayLike,
        size: tuple[int, int],
        *,
        fov_deg: float = 40.0,
        up: ArrayLike = (0.0, 1.0, 0.0),
        name: str = "",
    ) -> Camera:
        """Build an ideal pinhole at `eye` that looks at `target`; see `Pose.look_at` and `from_fov`."""
        return cls.from_fov(fov_deg, size, cam_from_world=Pose.look_at(eye, target, up), name=name)

    @classmethod
    def _of(
        cls, K: ArrayLike, size: tuple[int, int], *, distortion: Distortion, cam_from_world: Pose | None, name: str
    ) -> Camera:
        width, height = _size(size)
        return cls(
            K=as_array(K, np.float64, (3, 3), "K"),
            width=width,
            height=height,
            distortion=distortion,
            cam_from_world=cam_from_world or Pose.identity(),
            name=name,
        )

    @cached_property
    def _values(self) -> tuple[object, ...]:
        """Everything that makes the camera, comparable and hashable."""
        lens = (self.distortion.model, *self.distortion.coefficients.tolist())
        return self.name, self.size, tuple(self.K.ravel().tolist()), lens, self.cam_from_world

    def __eq__(self, other: object) -> bool:
        """Whether all values are equal, names included."""
        return isinstance(other, Camera) and self._values == other._values

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self._values)

    def _repr_html_(self) -> str:
        """Show the camera in a notebook."""
        facts = {
            "size": f"{self.width} x {self.height} px",
            "fx, fy": f"{self.K[0, 0]:.6g}, {self.K[1, 1]:.6g} px",
            "cx, cy": f"{self.K[0, 2]:.6g}, {self.K[1, 2]:.6g} px",
            "lens": self.distortion.model,
            "centre": ", ".join(f"{value:.6g}" for value in self.center_world),
        }
        return facts_html(f"camera {self.name}", facts)

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
            points_world: (3,) or (..., 3) points in world units.

        Returns:
            (2,) or (..., 2) pixels (u, v), origin at the centre of the top-left pixel. NaN for points at or behind the
            camera plane and for points beyond the distortion's valid radius.
        """
        return self.project_cam(self.cam_from_world.apply(points_world))

    def project_cam(self, points_cam: ArrayLike) -> Pixels:
        """Project points given in the camera's own frame; see `project`."""
        given = as_vectors(points_cam, 3, "points_cam")
        points = given.reshape(-1, 3)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            xy = points[:, :2] / points[:, 2:]
            seen = (points[:, 2] > 0.0) & self.distortion.is_valid(xy)
        if seen.all():
            return self._pixels_from_normalised(self.distortion.distort(xy)).reshape(*given.shape[:-1], 2)
        pixels = np.full((len(points), 2), np.nan)
        pixels[seen] = self._pixels_from_normalised(self.distortion.distort(xy[seen]))
        return pixels.reshape(*given.shape[:-1], 2)

    def depth(self, points_world: ArrayLike) -> FloatArray:
        """Return the camera z of (3,) or (..., 3) world points, in world units; () or (...,)."""
        depth: FloatArray = self.cam_from_world.apply(points_world)[..., 2]
        return depth

    def in_image(self, pixels: ArrayLike) -> BoolArray:
        """Return where (2,) or (..., 2) pixels lie inside the image, () or (...,); False for NaN."""
        array = as_vectors(pixels, 2, "pixels")
        u, v = array[..., 0], array[..., 1]
        inside: BoolArray = (u >= -0.5) & (u <= self.width - 0.5) & (v >= -0.5) & (v <= self.height - 0.5)
        return inside

    def unproject(self, pixels: ArrayLike) -> Points3:
        """Return the rays through distorted pixels.

        Args:
            pixels: (2,) or (..., 2) pixels (u, v).

        Returns:
            (3,) or (..., 3) points at depth z = 1 in the camera's frame: the ray through the pixel. NaN where no valid
            ray reaches the pixel. Projecting them back returns the pixels to 1e-13 of the focal length or of the
            pixel's distance from the principal point, whichever is larger.
        """
        given = as_vectors(pixels, 2, "pixels")
        array = given.reshape(-1, 2)
        with np.errstate(over="ignore", invalid="ignore"):  # absurd focal lengths: no ray
            y = (array[:, 1] - self.K[1, 2]) / self.K[1, 1]
            x = (array[:, 0] - self.K[0, 2] - self.K[0, 1] * y) / self.K[0, 0]
        xy = self.distortion.undistort(np.column_stack([x, y]))
        rays = np.ones((len(array), 3))
        rays[:, :2] = xy
        rays[np.isnan(xy).any(axis=1)] = np.nan
        return rays.reshape(*given.shape[:-1], 3)

    def unproject_world(self, pixels: ArrayLike) -> tuple[FloatArray, Points3]:
        """Return the rays through (2,) or (..., 2) distorted pixels in the world frame.

        Returns:
            The (3,) origin and (3,) or (..., 3) directions whose camera z is 1, so that origin + depth * direction is
            the point at that depth; NaN as in `unproject`.
        """
        directions: Points3 = self.unproject(pixels) @ self.cam_from_world.R
        return self.center_world, directions

    def scaled(self, size: tuple[int, int]) -> Camera:
        """Return the camera of the picture resized to `size` = (width, height), each axis by its own true ratio."""
        size = _size(size)
        ratio_x, ratio_y = size[0] / self.width, size[1] / self.height
        intrinsics = self.K.copy()
        intrinsics[0] *= ratio_x
        intrinsics[1] *= ratio_y
        intrinsics[0, 2] = ratio_x * (self.K[0, 2] + 0.5) - 0.5
        intrinsics[1, 2] = ratio_y * (self.K[1, 2] + 0.5) - 0.5
        return replace(self, K=intrinsics, width=size[0], height=size[1])

    def cropped(self, x0: int, y0: int, size: tuple[int, int]) -> Camera:
        """Return the camera of the window whose top-left pixel was (x0, y0), `size` = (width, height) px large."""
        size = _size(size)
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

        Raises:
            ValueError: Unless 0 < near < far.
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


def _size(size: tuple[int, int]) -> tuple[int, int]:
    if isinstance(size, str) or np.shape(size) != (2,):
        raise ValueError(f"size: expected (width, height) in px, got {size!r}")
    return _whole(size[0], "width"), _whole(size[1], "height")


def _whole(length: object, name: str) -> int:
    """Return a length in px as an int; a part of a pixel is a slip, not to be cut off."""
    if isinstance(length, int | float | np.integer | np.floating) and math.isfinite(length) and int(length) == length:
        return int(length)
    raise ValueError(f"{name}: expected a whole number of px, got {length!r}")
