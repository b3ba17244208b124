"""Pictures of report.html at screen size: photo, rendering, difference of the masks; and the contour offset.

They lie in the run folder under page/, named after frame, camera and mesh, so that a finished run can be rebuilt.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage
from renderkit.images.palette import BACKDROP, CAPTURED, PREDICTED, Rgb
from renderkit.pictures.drawing import fitted, resized
from renderkit.pictures.movable_outline import movable_outline
from renderkit.results.evidence import ViewEvidence
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
from renderkit.results.run_folder import picture_name
from renderkit.writing import make_subfolder, write_bytes, write_json

_WEBP_QUALITY = 68
# OpenCV: above 100, WebP loses nothing.
_LOSSLESS = [cv2.IMWRITE_WEBP_QUALITY, 101]
_DIMMED = 0.45


def write_page_pictures(evidence: ViewEvidence, folder: Path) -> None:
    """Write a view's pictures into a run folder.

    Raises:
        DatasetError: If they cannot be written.
    """
    target = make_subfolder(folder, FOLDER)
    for layer, picture in draw_layers(evidence).items():
        quality = [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY]
        _, data = cv2.imencode(".webp", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
        write_bytes(target / picture_name(evidence.row.key, f".{layer}.webp"), data.data)
    curve = measure_offset_curve(evidence)
    if curve is not None:
        write_json(target / picture_name(evidence.row.key, ".json"), vars(curve))
    outline = movable_outline(evidence)
    if outline is not None:
        write_json(target / picture_name(evidence.row.key, OUTLINE_SUFFIX), outline_json(outline), indent=None)
    if evidence.captured_mask is not None:
        coverage = _coverage(evidence.captured_mask, fitted(evidence.camera.size, LONGEST_PX))
        _, data = cv2.imencode(".webp", np.round(255.0 * coverage).astype(np.uint8), _LOSSLESS)
        write_bytes(target / picture_name(evidence.row.key, f".{MATTE}.webp"), data.data)


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


def _coverage(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel of the smaller picture the mask covers, 0 to 1."""
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _dimmed(photo: ColorImage) -> ColorImage:
    return np.asarray(photo * np.float32(_DIMMED), np.uint8)


def _mixed(picture: ColorImage, color: Rgb, weight: NDArray[np.float32]) -> ColorImage:
    share = np.clip(weight, 0.0, 1.0)[..., None]
    return np.asarray((1.0 - share) * picture + share * np.array(color, np.float32), np.uint8)
