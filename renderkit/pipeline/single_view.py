"""One mesh, one camera, one call: project, render, overlay, with a default renderer that is made once."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arguments import as_kind, refused
from renderkit.arrays import AlphaImage, ColorImage, MaskImage, Pixels, as_array, frozen
from renderkit.capture import View
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage
from renderkit.images.matte import matte_of_gray
from renderkit.images.preview import preview_png
from renderkit.pictures.drawing import write_picture
from renderkit.pictures.style import OverlayStyle, style_with
from renderkit.pipeline.mesh_picture import draw_mesh
from renderkit.renderers.base import Renderer, Rendering, RenderPass
from renderkit.renderers.choose import RendererKind, as_renderer, make_renderer
from renderkit.results.rows import ViewKey


@dataclass(frozen=True, eq=False)
class Overlay:
    """A rendering drawn over a photograph.

    Attributes:
        image: (height, width, 3) RGB, or (height, width, 4) RGBA where the background is transparent; read-only.

    Example:
        >>> import renderkit as rk
        >>> picture = rk.Overlay(np.zeros((48, 64, 3), np.uint8))
        >>> picture.image.shape
        (48, 64, 3)
    """

    image: ColorImage

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the image is not (height, width, 3) or (height, width, 4).
        """
        image = np.asarray(self.image)
        channels = 4 if image.ndim == 3 and image.shape[2] == 4 else 3
        object.__setattr__(self, "image", frozen(as_array(image, np.uint8, (None, None, channels), "image")))

    def save(self, path: str | Path) -> Path:
        """Write the picture as .png, .jpg or .webp and return its path.

        Raises:
            DatasetError: If it cannot be written.
        """
        write_picture(self.image, Path(path))
        return Path(path)

    def _repr_png_(self) -> bytes:
        """Show the picture in a notebook."""
        return preview_png(self.image)


def project(camera: Camera, points_world: ArrayLike) -> Pixels:
    """Project world points to pixels of the camera's raw (distorted) image.

    Args:
        camera: The view.
        points_world: (3,) or (..., 3) points in world units.

    Returns:
        (2,) or (..., 2) pixels; (0, 0) is the centre of the top-left pixel. NaN where the camera does not see the
        point; see `Camera.project`.

    Raises:
        ArgumentError: If `camera` is not one.
        ValueError: If the last axis is not 3 long.

    Example:
        >>> import renderkit as rk
        >>> camera = rk.Camera.look_at(eye=(0, 0, 5), target=(0, 0, 0), size=(640, 480))
        >>> rk.project(camera, (0.0, 0.0, 0.0)).tolist()
        [319.5, 239.5]
    """
    return _checked("camera", camera, Camera).project(points_world)


def render(
    mesh: Mesh,
    camera: Camera,
    passes: RenderPass = RenderPass.COLOR,
    *,
    renderer: Renderer | RendererKind | None = None,
) -> Rendering:
    """Render a mesh into a camera's raw (distorted) image.

    Args:
        mesh: Vertices in world units.
        camera: The view.
        passes: Images beside face index and depth.
        renderer: A renderer; by default one that is made at the first call and closed at the end of the program. "egl"
            or "cpu" makes one for this call.

    Raises:
        ValueError: If the mesh has no faces, or an argument is something else.
        ContextError: If there is no renderer.

    Example:
        >>> import renderkit as rk
        >>> square = rk.Mesh([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], [[0, 1, 2], [0, 2, 3]])
        >>> camera = rk.Camera.look_at(eye=(0, 0, 4), target=(0, 0, 0), size=(64, 48), fov_deg=90)
        >>> picture = rk.render(square, camera)
        >>> int(picture.mask.sum()), float(picture.depth[24, 32])
        (256, 4.0)
    """
    _checked("mesh", mesh, Mesh)
    _checked("camera", camera, Camera)
    as_kind("passes", passes, RenderPass, "rk.RenderPass.COLOR | rk.RenderPass.NORMAL")
    with _chosen(renderer) as drawing:
        return drawing.render(mesh, camera, passes)


def overlay(
    photo: ColorImage | str | Path | None,
    mesh: Mesh,
    camera: Camera,
    *,
    mask: MaskImage | AlphaImage | None = None,
    style: OverlayStyle | None = None,
    renderer: Renderer | RendererKind | None = None,
    **changes: object,
) -> Overlay:
    """Draw a mesh and its outline over a photograph.

    Args:
        photo: (height, width, 3) RGB of the camera's size, a picture file, or None for a plain background.
        mesh: Vertices in world units.
        camera: The view.
        mask: (height, width) captured mask, bool or uint8 alpha, whose outline is drawn as well.
        style: How to draw.
        renderer: The renderer; see `render`.
        **changes: Attributes of `OverlayStyle` that replace the style's: `layers=("wireframe", "outline")`,
            `colors={"rendered": "#00ff88"}`, `crop="mesh"`, `background="transparent"`.

    Raises:
        ValueError: If a picture does not have the camera's size, the mesh has no faces, the style is not valid, or an
            argument is something else.
        DatasetError: If the file cannot be read.
        ContextError: If there is no renderer.

    Example:
        >>> import renderkit as rk
        >>> triangle = rk.Mesh([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], [[0, 1, 2]])
        >>> camera = rk.Camera.look_at(eye=(0, 0, 4), target=(0, 0, 0), size=(64, 48))
        >>> photo = np.zeros((48, 64, 3), np.uint8)
        >>> rk.overlay(photo, triangle, camera, layers=("outline",), max_size=640).image.shape
        (480, 640, 3)
    """
    _checked("mesh", mesh, Mesh)
    _checked("camera", camera, Camera)
    if not (photo is None or isinstance(photo, str | Path | np.ndarray)):
        raise refused("photo", "an array, a picture file or None", photo)
    chosen = style_with(as_kind("style", style or OverlayStyle(caption=False), OverlayStyle), changes, "overlay")
    shape = (camera.height, camera.width)
    view = View("", camera, EncodedImage.from_file(Path(photo)) if isinstance(photo, str | Path) else None)
    pixels = photo if isinstance(photo, np.ndarray) else None
    key = ViewKey("", "", camera.name, mesh.name)
    arrays = {
        "photo": None if pixels is None else as_array(pixels, np.uint8, (*shape, 3), "photo"),
        "matte": None if mask is None else _as_alpha(mask, shape),
    }
    with _chosen(renderer) as drawing:
        return Overlay(draw_mesh(key, view, mesh, chosen, renderer=drawing, **arrays))


_Wanted = TypeVar("_Wanted", Camera, Mesh)
_HOW = {Camera: "rk.Camera.from_opencv(...), or rk.read_rig(FILE)[NAME]", Mesh: "rk.load_mesh(FILE), or rk.Mesh(...)"}


def _checked(name: str, value: object, kind: type[_Wanted]) -> _Wanted:
    return as_kind(name, value, kind, _HOW[kind])


def _as_alpha(mask: MaskImage | AlphaImage, shape: tuple[int, int]) -> AlphaImage:
    """Return a mask as 0 to 255; bytes are alpha, or labels where none exceeds `MAX_LABEL`, as in a file."""
    given = np.asarray(mask)
    if given.dtype == np.uint8:
        return matte_of_gray(as_array(given, np.uint8, shape, "captured mask")).alpha
    return as_array(given, np.bool_, shape, "captured mask").astype(np.uint8) * np.uint8(255)


@contextmanager
def _chosen(renderer: Renderer | RendererKind | None) -> Iterator[Renderer]:
    """Give the renderer that was passed, else the default one, which only its own thread may use if it is OpenGL."""
    if isinstance(renderer, str):
        with make_renderer(renderer) as own:
            yield own
        return
    if renderer is not None:
        yield as_renderer(renderer)
        return
    default, owner = _default_renderer()
    if default.threads > 1 or owner == threading.get_ident():
        yield default
    else:
        with make_renderer() as own:
            yield own


@lru_cache(maxsize=1)
def _default_renderer() -> tuple[Renderer, int]:
    """Make the default renderer and say whose thread it belongs to; it is closed at the end of the program."""
    renderer = make_renderer()
    atexit.register(renderer.close)
    return renderer, threading.get_ident()
