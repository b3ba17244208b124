"""Pictures of report.html at screen size: photo, rendering, difference of the masks; and the contour offset.

They lie in the run folder under page/, named after frame, camera and mesh, so that a finished run can be rebuilt.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin

from renderkit.arrays import AlphaImage, ColorImage
from renderkit.images.palette import BACKDROP, CAPTURED, PREDICTED, Rgb
from renderkit.pictures.drawing import fitted, plain, resized
from renderkit.pictures.movable_outline import movable_outline
from renderkit.results.page_pictures import (
    FOLDER,
    LONGEST_PX,
    MATTE,
    NUM_OFFSET_BINS,
    OUTLINE_SUFFIX,
    Layer,
    OffsetCurve,
    outline_json,
)
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.run_folder import picture_name
from renderkit.writing import json_text

# OpenCV always encodes WebP with method 4, which takes three times as long as method 2 for files of the same size.
_LOSSY: Final[dict[str, Any]] = {"quality": 68, "method": 2}
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
    return {f"{FOLDER}/{picture_name(evidence.row.key, suffix)}": data for suffix, data in files.items()}


def _webp(picture: NDArray[np.uint8], options: Mapping[str, Any]) -> memoryview:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, WebPImagePlugin.WebPImageFile.format, **options)
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
    rendered, dimmed = _coverage(evidence.rendered_mask, size), cv2.convertScaleAbs(photo, alpha=_DIMMED)
    shaded = None if evidence.rendering is None else evidence.rendering.color
    if shaded is None:
        layers["rendering"] = _mixed(dimmed, rendered, [(PREDICTED, 0.6 * _share(rendered))])
    else:
        # Zeros outside of the rendering: its colour at screen size is already weighted by coverage.
        around = _mixed(dimmed, rendered, [((0, 0, 0), _share(rendered))])
        layers["rendering"] = np.asarray(cv2.add(around, resized(shaded, size)), np.uint8)
    if captured is None:
        captured = _captured(evidence)
    if evidence.captured_mask is not None and captured is not None:
        both = _coverage(evidence.captured_mask & evidence.rendered_mask, size)
        layers["difference"] = _difference(dimmed, rendered, captured, both)
    return layers


def _difference(dimmed: NDArray[Any], rendered: AlphaImage, captured: AlphaImage, both: AlphaImage) -> ColorImage:
    """Return the darkened photograph in gray, with what one of two masks covers in that mask's colour."""
    gray = cv2.cvtColor(cv2.cvtColor(dimmed, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    within = _share(both)
    paints = [
        ((255, 255, 255), 0.18 * within),
        (PREDICTED, _share(rendered) - within),
        (CAPTURED, _share(captured) - within),
    ]
    return _mixed(gray, np.maximum(rendered, captured), paints)


def measure_offset_curve(evidence: PictureEvidence) -> OffsetCurve | None:
    """Return the contour offset by direction at full size, or None without two masks that have outlines."""
    from renderkit.metrics.contour_offset import measure_offsets  # noqa: PLC0415 - loads the compiler
    from renderkit.metrics.outline import measure_outlines  # noqa: PLC0415 - loads the compiler

    if evidence.whole_masks is None:
        return None
    rendered, captured = evidence.whole_masks
    bins = measure_offsets(measure_outlines(rendered, captured), captured).by_angle(NUM_OFFSET_BINS)
    if not bins.counts.any():
        return None
    medians = tuple(None if math.isnan(value) else round(float(value), 3) for value in bins.median_px)
    return OffsetCurve(medians, tuple(int(count) for count in bins.counts))


def _coverage(mask: NDArray[np.bool_], size: tuple[int, int]) -> AlphaImage:
    """Return how much of each pixel of the smaller picture the mask covers, 0 to 255."""
    return np.asarray(cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_AREA), np.uint8)


def _share(coverage: AlphaImage) -> NDArray[np.float32]:
    return np.asarray(coverage * np.float32(1.0 / 255.0), np.float32)


def _mixed(picture: NDArray[Any], where: AlphaImage, paints: Sequence[tuple[Rgb, NDArray[np.float32]]]) -> ColorImage:
    """Return a picture with colours laid over it, each as densely as its weight says; nothing outside of `where`."""
    x, y, width, height = cv2.boundingRect(where)
    mixed, part = np.array(picture, np.uint8), np.s_[y : y + height, x : x + width]
    if width:
        painted = np.ascontiguousarray(mixed[part])
        for color, weight in paints:
            share = np.clip(weight[part], 0.0, 1.0)
            other = cv2.merge([np.full(share.shape, channel, np.uint8) for channel in color])
            painted = np.asarray(cv2.blendLinear(painted, other, 1.0 - share, share), np.uint8)
        mixed[part] = painted
    return mixed
