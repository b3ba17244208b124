"""Pictures of report.html at screen size: photo, rendering, difference of the masks; and the contour offset.

They lie in the run folder under page/, named after frame, camera and mesh, so that a finished run can be rebuilt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage
from renderkit.errors import DatasetError
from renderkit.report.drawing import BACKDROP, CAPTURED, PREDICTED, Rgb, fitted, resized
from renderkit.report.evidence import ViewEvidence
from renderkit.report.rows import ViewKey
from renderkit.report.run_folder import picture_name

FOLDER: Final = "page"
"""Name of the folder of page pictures inside a run folder."""

Layer: TypeAlias = Literal["photo", "rendering", "difference"]
LAYERS: Final[tuple[Layer, ...]] = ("photo", "rendering", "difference")

LONGEST_PX: Final = 640
NUM_OFFSET_BINS: Final = 72
_WEBP_QUALITY = 68
_MAX_PICTURE_BYTES = 4 << 20
_DIMMED = 0.45


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


@dataclass(frozen=True)
class PagePictures:
    """What the page shows of one view.

    Attributes:
        layers: WebP bytes by layer; a layer that the capture has no data for is absent.
        offsets: The contour offset, or None.
    """

    layers: Mapping[Layer, bytes] = field(default_factory=dict)
    offsets: OffsetCurve | None = None

    @property
    def num_bytes(self) -> int:
        """Size of all layers."""
        return sum(len(data) for data in self.layers.values())


def write_page_pictures(evidence: ViewEvidence, folder: Path) -> None:
    """Write a view's pictures into a run folder.

    Raises:
        DatasetError: If they cannot be written.
    """
    target = folder / FOLDER
    try:
        target.mkdir(exist_ok=True)
        for layer, picture in draw_layers(evidence).items():
            _, data = cv2.imencode(
                ".webp", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY]
            )
            (target / picture_name(evidence.row.key, f".{layer}.webp")).write_bytes(data.tobytes())
        curve = measure_offset_curve(evidence)
        if curve is not None:
            (target / picture_name(evidence.row.key, ".json")).write_text(json.dumps(vars(curve)), encoding="ascii")
    except OSError as error:
        raise DatasetError(target, None, f"cannot be written: {error.strerror}") from error


def read_page_pictures(key: ViewKey, folder: Path) -> PagePictures:
    """Read a view's pictures from a run folder; what was not written is absent.

    Raises:
        DatasetError: If a file is there but is not what it should be.
    """
    layers: dict[Layer, bytes] = {}
    for layer in LAYERS:
        path = folder / FOLDER / picture_name(key, f".{layer}.webp")
        if path.is_file():
            data = _read(path)
            # It goes into a page that people open: nothing but a picture may.
            if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
                raise DatasetError(path, None, "expected a WebP picture")
            layers[layer] = data
    path = folder / FOLDER / picture_name(key, ".json")
    return PagePictures(layers, _parse_offsets(path) if path.is_file() else None)


def draw_layers(evidence: ViewEvidence) -> dict[Layer, ColorImage]:
    """Return the layers that the view has data for, all of one size, at most 640 px long; (height, width, 3) RGB."""
    size = fitted(evidence.camera.size, LONGEST_PX)
    if evidence.photo is None:
        photo = np.full((size[1], size[0], 3), BACKDROP, np.uint8)
        layers: dict[Layer, ColorImage] = {}
    else:
        photo = resized(evidence.photo, size)
        layers = {"photo": photo}
    rendered = None if evidence.rendered_mask is None else _coverage(evidence.rendered_mask, size)
    if rendered is not None:
        shaded = None if evidence.rendering is None else evidence.rendering.color
        if shaded is None:
            layers["rendering"] = _mixed(_dimmed(photo), PREDICTED, 0.6 * rendered)
        else:
            # Zeros outside of the rendering: its colour at screen size is already weighted by coverage.
            over = (1.0 - rendered[..., None]) * _dimmed(photo) + resized(shaded, size)
            layers["rendering"] = np.clip(over, 0, 255).astype(np.uint8)
    if rendered is not None and evidence.rendered_mask is not None and evidence.captured_mask is not None:
        captured = _coverage(evidence.captured_mask, size)
        both = _coverage(evidence.captured_mask & evidence.rendered_mask, size)
        gray = cv2.cvtColor(cv2.cvtColor(_dimmed(photo), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        picture = _mixed(np.asarray(gray, np.uint8), (255, 255, 255), 0.18 * both)
        picture = _mixed(picture, PREDICTED, rendered - both)
        layers["difference"] = _mixed(picture, CAPTURED, captured - both)
    return layers


def measure_offset_curve(evidence: ViewEvidence) -> OffsetCurve | None:
    """Return the contour offset by direction, or None without two masks that have outlines."""
    from renderkit.metrics.contour_offset import measure_offsets  # noqa: PLC0415 - loads the compiler
    from renderkit.metrics.outline import measure_outlines  # noqa: PLC0415 - loads the compiler

    if evidence.rendered_mask is None or evidence.captured_mask is None:
        return None
    outlines = measure_outlines(evidence.rendered_mask, evidence.captured_mask)
    bins = measure_offsets(outlines, evidence.captured_mask).by_angle(NUM_OFFSET_BINS)
    if not bins.counts.any():
        return None
    medians = tuple(None if math.isnan(value) else round(float(value), 3) for value in bins.median_px)
    return OffsetCurve(medians, tuple(int(count) for count in bins.counts))


def _coverage(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel of the smaller picture the mask covers, 0 to 1."""
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _dimmed(photo: ColorImage) -> ColorImage:
    return np.asarray(photo * np.float32(_DIMMED), np.uint8)


def _mixed(picture: ColorImage, color: Rgb, weight: NDArray[np.float32]) -> ColorImage:
    share = np.clip(weight, 0.0, 1.0)[..., None]
    return np.asarray((1.0 - share) * picture + share * np.array(color, np.float32), np.uint8)


def _read(path: Path) -> bytes:
    if path.stat().st_size > _MAX_PICTURE_BYTES:
        raise DatasetError(path, None, f"{path.stat().st_size} bytes is over {_MAX_PICTURE_BYTES}")
    return path.read_bytes()


def _parse_offsets(path: Path) -> OffsetCurve:
    try:
        document = json.loads(_read(path))
        medians = tuple(None if value is None else float(value) for value in document["median_px"])
        curve = OffsetCurve(medians, tuple(int(count) for count in document["counts"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(path, None, f"not a contour offset: {error}") from error
    if len(curve.median_px) != len(curve.counts) or any(not math.isfinite(v) for v in medians if v is not None):
        raise DatasetError(path, None, "expected finite numbers, as many as counts")
    return curve
