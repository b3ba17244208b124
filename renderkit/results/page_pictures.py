"""Pictures of report.html as they lie in a run folder: what they are, and reading them back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np

from renderkit.arrays import FloatArray, frozen
from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.results.rows import ViewKey
from renderkit.results.run_folder import PAGE, own_file, picture_name
from renderkit.untrusted.files import read_bytes

Layer: TypeAlias = Literal["photo", "rendering", "difference"]
LAYERS: Final[tuple[Layer, ...]] = get_args(Layer)

MATTE: Final = "matte"
OUTLINE_SUFFIX: Final = ".outline.json"
LONGEST_PX: Final = 640
NUM_OFFSET_BINS: Final = 72
_MAX_PICTURE_BYTES = 4 << 20


@dataclass(frozen=True)
class OffsetCurve:
    """The contour's signed offset by direction from the middle of the rendered outline.

    Attributes:
        median_px: Per direction, from 0 (right) over a quarter turn (down); positive where the rendering is too large
            there; None without samples.
        counts: Contour samples per direction.
    """

    median_px: tuple[float | None, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class MovableOutline:
    """The outline of a rendered mesh as points in space, so that it can be drawn again for a camera that is changed.

    A camera that turns, or has another focal length or lens, sees the same outline points. One that moves sees others;
    the difference is of second order in the motion.

    Attributes:
        camera: What the picture was rendered with, in px of the photograph; its pose does not matter.
        rings: (N, 3) closed rings in the camera's frame, world units; even-odd, so that holes are rings as well.
    """

    camera: Camera
    rings: tuple[FloatArray, ...]


@dataclass(frozen=True)
class PagePictures:
    """What the page shows of one view.

    Attributes:
        layers: WebP bytes by layer; a layer that the capture has no data for is absent.
        offsets: The contour offset, or None.
        outline: The rendered outline in space, or None.
        matte: WebP bytes of the captured mask's coverage, 0 to 255, or None.
    """

    layers: Mapping[Layer, bytes] = field(default_factory=dict)
    offsets: OffsetCurve | None = None
    outline: MovableOutline | None = None
    matte: bytes | None = None

    @property
    def num_bytes(self) -> int:
        """Size of all pictures."""
        return sum(len(data) for data in self.layers.values()) + len(self.matte or b"")

    def without_pictures(self) -> PagePictures:
        """Return only the curve of offsets."""
        return PagePictures({}, self.offsets)


def has_page_pictures(key: ViewKey, folder: Path) -> bool:
    """Whether a run folder has pictures of a view."""
    return any((folder / PAGE / picture_name(key, f".{layer}.webp")).is_file() for layer in LAYERS)


def read_page_pictures(key: ViewKey, folder: Path) -> PagePictures:
    """Read a view's pictures from a run folder; what was not written is absent.

    Raises:
        DatasetError: If a file is there but is not what it should be.
    """
    layers = {layer: data for layer in LAYERS if (data := _read_webp(key, folder, layer)) is not None}
    offsets, outline = (folder / PAGE / picture_name(key, suffix) for suffix in (".json", OUTLINE_SUFFIX))
    return PagePictures(
        layers,
        _parse_offsets(offsets) if own_file(folder, offsets) else None,
        _parse_outline(outline) if own_file(folder, outline) else None,
        _read_webp(key, folder, MATTE),
    )


def outline_json(outline: MovableOutline) -> dict[str, Any]:
    """Return what `read_page_pictures` reads an outline back from, and what the page's script draws."""
    camera = outline.camera
    return {
        "size": list(camera.size),
        "K": camera.K.tolist(),
        "model": camera.distortion.model,
        "coefficients": camera.distortion.coefficients.tolist(),
        "rings": [_rounded(ring.ravel()).tolist() for ring in outline.rings],
    }


def _rounded(values: FloatArray) -> FloatArray:
    """Return values with seven significant digits."""
    with np.errstate(divide="ignore"):
        places = 6.0 - np.floor(np.log10(np.abs(values)))
    # Powers of ten up to here are exact, and so is the decimal that a division by one gives.
    scale = 10.0 ** np.clip(places, 0.0, 22.0)
    return np.asarray(np.round(values * scale) / scale)


def _read_webp(key: ViewKey, folder: Path, name: str) -> bytes | None:
    path = folder / PAGE / picture_name(key, f".{name}.webp")
    if not own_file(folder, path):
        return None
    data = _read(path)
    # It goes into a page that people open: nothing but a picture may.
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise DatasetError(path, None, "expected a WebP picture")
    return data


def _parse_outline(path: Path) -> MovableOutline:
    try:
        document = json.loads(_read(path))
        lens = document["coefficients"]
        distortion = KannalaBrandt(np.array(lens)) if document["model"] == "kannala_brandt" else make_distortion(lens)
        width, height = document["size"]
        camera = Camera(np.array(document["K"], np.float64), width, height, distortion)
        rings = tuple(frozen(np.array(ring, np.float64).reshape(-1, 3)) for ring in document["rings"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise DatasetError(path, None, f"not an outline: {error}") from error
    if not all(np.isfinite(ring).all() for ring in rings):
        raise DatasetError(path, None, "expected finite points")
    return MovableOutline(camera, rings)


def _read(path: Path) -> bytes:
    return read_bytes(path, _MAX_PICTURE_BYTES)


def _parse_offsets(path: Path) -> OffsetCurve:
    try:
        document = json.loads(_read(path))
        medians = tuple(None if value is None else float(value) for value in document["median_px"])
        curve = OffsetCurve(medians, tuple(int(count) for count in document["counts"]))
    except (ValueError, OverflowError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(path, None, f"not a contour offset: {error}") from error
    if len(curve.median_px) != len(curve.counts) or any(not math.isfinite(v) for v in medians if v is not None):
        raise DatasetError(path, None, "expected finite numbers, as many as counts")
    return curve
