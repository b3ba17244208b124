"""Pictures of report.html at screen size: photo, rendering, difference of the masks; and the contour offset.

They lie in the run folder under page/, named after frame, camera and mesh, so that a finished run can be rebuilt.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderkit.arrays import AlphaImage, ColorImage
from renderkit.images.palette import BACKDROP, CAPTURED, PREDICTED
from renderkit.images.shrink import shrink
from renderkit.pictures.canvas import paint_plain
from renderkit.pictures.drawing import fitted, plain, resized
from renderkit.pictures.movable_outline import movable_outline
from renderkit.results.page_pictures import (
    LONGEST_PX,
    MATTE,
    NUM_OFFSET_BINS,
    OUTLINE_SUFFIX,
    Layer,
    OffsetCurve,
    outline_json,
)
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.run_folder import PAGE, picture_name
from renderkit.writing import json_text

# As near to the picture as method 2, in two thirds of its time, for files half again as large: about a tenth of a
# page, which also holds outlines and scripts. OpenCV always encodes with method 4: four times as long.
_LOSSY: Final[dict[str, Any]] = {"quality": 68, "method": 0}
_LOSSLESS: Final[dict[str, Any]] = {"lossless": True, "quality": 0, "method": 1}
_DIMMED = 0.45


def page_files(evidence: PictureEvidence) -> dict[str, bytes | memoryview]:
    """Return a view's files of a run folder, by their paths in it."""
    captured = _captured(evidence)
    files: dict[str, bytes | memoryview] = {
        f".{layer}.webp": _webp(picture, _LOSSY) for layer, picture in draw_layers(evidence, captured).items()
    }
    if captured is not None:
        files[f".{MATTE}.webp"] = _webp(captured, _LOSSLESS)
    curve = measure_offset_curve(evidence)
    if curve is not None:
        files[".json"] = json_text(vars(curve)).encode()
    outline = movable_outline(evidence)
    if outline is not None:
        files[OUTLINE_SUFFIX] = json_text(outline_json(outline)).encode()
    return {f"{PAGE}/{picture_name(evidence.row.key, suffix)}": data for suffix, data in files.items()}


def _webp(picture: NDArray[np.uint8], options: Mapping[str, Any]) -> memoryview:
    data = io.BytesIO()
    # Told a format by its name, Pillow loads five more.
    data.name = "picture.webp"
    Image.fromarray(picture).save(data, **options)
    return data.getbuffer()


def _captured(evidence: PictureEvidence) -> AlphaImage | None:
    mask = evidence.captured_mask
    return None if mask is None else _coverage(mask, fitted(evidence.camera.size, LONGEST_PX))


def draw_layers(evidence: PictureEvidence, captured: AlphaImage | None = None) -> dict[Layer, ColorImage]:
    """Return the layers that the view has data for, all of one size, at most 640 px long; (height, width, 3) RGB.

    Args:
        evidence: The view.
        captured: How much of each pixel the captured mask covers, 0 to 255, where that is known already.
    """
    size = fitted(evidence.camera.size, LONGEST_PX)
    if evidence.photo is None:
        photo = plain(size, BACKDROP)
        layers: dict[Layer, ColorImage] = {}
    else:
        photo = resized(evidence.photo, size)
        layers = {"photo": photo}
    if evidence.rendered_mask is None:
        return layers
    rendered, dimmed = _coverage(evidence.rendered_mask, size), _dimmed(photo)
    shaded = None if evidence.rendering is None else evidence.rendering.color
    layers["rendering"] = _rendering(dimmed, rendered, None if shaded is None else resized(shaded, size))
    if captured is None:
        captured = _captured(evidence)
    if evidence.captured_mask is not None and captured is not None:
        both = _coverage(evidence.captured_mask & evidence.rendered_mask, size)
        layers["difference"] = _difference(dimmed, rendered, captured, both)
    return layers


def _dimmed(photo: ColorImage) -> ColorImage:
    return np.asarray(cv2.convertScaleAbs(photo, alpha=_DIMMED), np.uint8)


def _rendering(dimmed: ColorImage, rendered: AlphaImage, shaded: ColorImage | None) -> ColorImage:
    """Return the darkened photograph with the rendering, or its plain mask, over it."""
    picture = dimmed.copy()
    if shaded is None:
        paint_plain(picture, PREDICTED, rendered, 0.6)
        return picture
    # Zeros outside of the rendering: its colour at screen size is already weighted by coverage.
    paint_plain(picture, (0, 0, 0), rendered, 1.0)
    return np.asarray(cv2.add(picture, shaded, picture), np.uint8)


def _difference(dimmed: ColorImage, rendered: AlphaImage, captured: AlphaImage, both: AlphaImage) -> ColorImage:
    """Return the darkened photograph in gray, with what one of two masks covers in that mask's colour."""
    gray = np.asarray(cv2.cvtColor(cv2.cvtColor(dimmed, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    paint_plain(gray, (255, 255, 255), both, 0.18)
    paint_plain(gray, PREDICTED, np.asarray(cv2.subtract(rendered, both), np.uint8), 1.0)
    paint_plain(gray, CAPTURED, np.asarray(cv2.subtract(captured, both), np.uint8), 1.0)
    return gray


def measure_offset_curve(evidence: PictureEvidence) -> OffsetCurve | None:
    """Return the contour offset by direction at full size, or None without two masks that have outlines."""
    from renderkit.metrics.contour_offset import measure_offsets  # noqa: PLC0415 - loads the compiler
    from renderkit.metrics.mask_window import cut_bits  # noqa: PLC0415 - loads the compiler
    from renderkit.metrics.outline import outlines_in  # noqa: PLC0415 - loads the compiler

    if evidence.whole_masks is None:
        return None
    rendered, captured = evidence.whole_masks
    bins = measure_offsets(outlines_in(cut_bits(rendered, captured)), captured).by_angle(NUM_OFFSET_BINS)
    if not bins.counts.any():
        return None
    medians = tuple(None if math.isnan(value) else round(float(value), 3) for value in bins.median_px)
    return OffsetCurve(medians, tuple(int(count) for count in bins.counts))


def _coverage(mask: NDArray[np.bool_], size: tuple[int, int]) -> AlphaImage:
    """Return how much of each pixel of the smaller picture the mask covers, 0 to 255."""
    return shrink(mask * np.uint8(255), size)
