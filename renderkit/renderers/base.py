"""What every renderer takes and returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, DepthImage, FaceIndexImage, FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.mask_bits import MaskBits


class RenderPass(Flag):
    """Which images a rendering should hold beside face index and depth, which it always does.

    Example:
        >>> import renderkit as rk
        >>> rk.RenderPass.NORMAL in rk.RenderPass.NORMAL | rk.RenderPass.COLOR
        True
    """

    GEOMETRY = 0
    BARYCENTRIC = auto()
    NORMAL = auto()
    COLOR = auto()


@dataclass(frozen=True, eq=False)
class Rendering:
    """One mesh seen by one camera, in the camera's raw (distorted) image. The images are read-only.

    Row 0 is the top of the picture. A pixel is covered when its CENTRE lies in the projected triangle.

    Attributes:
        face_index: (height, width) index of the visible face; -1 on the background.
        depth: (height, width) camera z in world units; +inf on the background.
        barycentric: (height, width, 3) float32 perspective-correct weights of the visible face's three vertices; zeros
            on the background. None unless asked for.
        normal: (height, width, 3) float32 unit normals in the camera's frame (OpenCV axes), turned towards the camera;
            zeros on the background. None unless asked for.
        color: (height, width, 3) uint8 RGB, shaded; zeros on the background. None unless asked for.

    Example:
        >>> import renderkit as rk
        >>> picture = rk.Rendering(np.array([[-1, 0]], np.int32), np.array([[np.inf, 2.0]], np.float32))
        >>> picture.mask.tolist()
        [[False, True]]
    """

    face_index: FaceIndexImage
    depth: DepthImage
    barycentric: NDArray[np.float32] | None = None
    normal: NDArray[np.float32] | None = None
    color: ColorImage | None = None

    def __post_init__(self) -> None:
        """Make the images read-only; whoever wants to change one takes a copy."""
        for image in (self.face_index, self.depth, self.barycentric, self.normal, self.color):
            if image is not None:
                image.flags.writeable = False

    @property
    def mask(self) -> MaskImage:
        """(height, width) True where the mesh covers the pixel."""
        covered: MaskImage = self.face_index >= 0
        return covered

    def _repr_png_(self) -> bytes:
        """Show the rendering in a notebook: its colours, else its depth in greys."""
        from renderkit.images.preview import depth_picture, preview_png  # noqa: PLC0415 - loads OpenCV

        return preview_png(depth_picture(self.depth, self.mask) if self.color is None else self.color)


@dataclass(frozen=True)
class RendererInfo:
    """The renderer's device, for reports.

    Attributes:
        kind: "egl" or "cpu".
        device: GL_RENDERER, or the CPU renderer's compiler and thread count.
        version: GL_VERSION, or the compiler's version.
        hardware: Whether a GPU does the work.
        device_index: Index into `egl.list_devices()`, so that a worker process can take the same device; None without.
    """

    kind: str
    device: str
    version: str
    hardware: bool
    device_index: int | None = None

    def __str__(self) -> str:
        """Return the device and its kind."""
        return f"{self.device} ({self.kind}, {'hardware' if self.hardware else 'software'})"


class Renderer(Protocol):
    """Draws meshes into calibrated cameras. A context manager; what it holds on a device is released at its end.

    Example:
        >>> import renderkit as rk
        >>> with rk.make_renderer("cpu", threads=2) as renderer:
        ...     renderer.info.kind, renderer.threads
        ('cpu', 2)
    """

    @property
    def info(self) -> RendererInfo:
        """Device and version, for reports."""

    @property
    def threads(self) -> int:
        """How many views may be drawn at once from threads of one process; 1 when only its own thread may draw."""

    def render(self, mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
        """Draw a mesh with visibility.

        Args:
            mesh: Vertices in world units. Both sides of a face are drawn.
            camera: The view; its distortion is applied exactly, points beyond its valid radius are not drawn.
            passes: Which images to return beside face index and depth.

        Raises:
            ValueError: If the mesh has no faces.
        """

    def render_mask(self, mesh: Mesh, camera: Camera) -> MaskImage:
        """Draw only the silhouette: (height, width), True where the mesh covers the pixel's centre; read-only.

        Raises:
            ValueError: If the mesh has no faces.
        """

    def close(self) -> None:
        """Release everything the renderer holds on its device."""

    def __enter__(self) -> Self:
        """Return the renderer itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the renderer."""


@runtime_checkable
class DepthProbe(Protocol):
    """A renderer that tells the depth at a few pixels for less than a whole picture costs."""

    def depth_at(self, mesh: Mesh, camera: Camera, pixels: NDArray[np.int64]) -> FloatArray:
        """Return what `render(mesh, camera).depth` holds at some pixels.

        Args:
            mesh: Vertices in world units.
            camera: The view.
            pixels: (N, 2) whole pixels (x, y) inside the image.

        Returns:
            (N,) camera z in world units, to single precision; +inf on the background.

        Raises:
            ValueError: If the mesh has no faces, or a pixel lies outside the image.
        """


@runtime_checkable
class DrawsBits(Protocol):
    """A renderer that draws a mask as bits for less than it takes to draw and to pack it."""

    def render_bits(self, mesh: Mesh, camera: Camera) -> MaskBits:
        """Return what `MaskBits.pack(render_mask(mesh, camera))` does.

        Raises:
            ValueError: If the mesh has no faces.
        """

    def render_bits_and_depths(
        self, mesh: Mesh, camera: Camera, pixels: NDArray[np.int64]
    ) -> tuple[MaskBits, FloatArray]:
        """Return what `render_bits` and `DepthProbe.depth_at` do; the mesh is projected once for both.

        Raises:
            ValueError: If the mesh has no faces, or a pixel lies outside the image.
        """


def checked_pixels(pixels: NDArray[np.int64], camera: Camera) -> NDArray[np.int64]:
    """Return (N, 2) whole pixels, contiguous.

    Raises:
        ValueError: If the shape is another one, or a pixel lies outside the image.
    """
    wanted = np.ascontiguousarray(pixels, dtype=np.int64)
    if wanted.ndim != 2 or wanted.shape[1] != 2:
        raise ValueError(f"pixels: expected shape (N, 2), got {wanted.shape}")
    # Seen as unsigned numbers, negative ones are large.
    if (wanted.view(np.uint64) >= np.array(camera.size, np.uint64)).any():
        raise ValueError(f"pixels: expected positions inside {camera.width} x {camera.height} px")
    return wanted
