"""A view's depth differences as a picture: colours over the photograph, with their scale."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from renderkit.arrays import ColorImage
from renderkit.images.palette import BACKDROP, FAINT, PANEL, TEXT
from renderkit.pictures.drawing import draw_texts, encode_picture, fitted, plain, resized
from renderkit.pictures.layers.errors import SURFACE_COLORS, heat_colors, surface_limit
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.run_folder import SURFACES, picture_name

_LONGEST = 1600
_SMALLEST_WIDTH = 480
_BAR_PX = 16
_PANEL_PX = 64
_PHOTO_SHARE = 0.35


def draw_depth_heat(evidence: PictureEvidence) -> ColorImage | None:
    """Return |dz| to the frame's other mesh over the darkened photograph, with a scale below; None without any.

    Colours are viridis from 0 to the view's 95th percentile.
    """
    values = evidence.depth_difference
    if values is None or not np.isfinite(values).any():
        return None
    known, limit = np.isfinite(values), surface_limit(values)
    heat = heat_colors(np.abs(values), limit, SURFACE_COLORS)
    width, height = evidence.camera.size
    photo = plain((width, height), BACKDROP) if evidence.photo is None else evidence.photo
    picture = np.where(known[:, :, None], heat, (photo * _PHOTO_SHARE).astype(np.uint8)).astype(np.uint8)
    enlarge = max(1, -(-_SMALLEST_WIDTH // width))
    picture = resized(picture, fitted((width * enlarge, height * enlarge), _LONGEST))
    return np.concatenate([picture, _scale(picture.shape[1], limit, evidence)])


def heat_files(evidence: PictureEvidence) -> dict[str, bytes | memoryview]:
    """Return the picture as a file of a run folder, by its path in it; none when there is nothing to draw."""
    picture = draw_depth_heat(evidence)
    if picture is None:
        return {}
    path = f"{SURFACES}/{picture_name(evidence.row.key)}"
    return {path: encode_picture(picture, Path(path))}


def _scale(width: int, limit: float, evidence: PictureEvidence) -> ColorImage:
    panel = plain((width, _PANEL_PX), PANEL)
    ramp = np.linspace(0, 255, max(width - 32, 1)).astype(np.uint8)[None].repeat(_BAR_PX, axis=0)
    panel[10 : 10 + _BAR_PX, 16 : 16 + ramp.shape[1]] = cv2.applyColorMap(ramp, SURFACE_COLORS)[:, :, ::-1]
    key = evidence.row.key
    text = f"|dz| 0 to {limit:.3g} m (95 %), frame {key.frame}, camera {key.camera}, {key.mesh} against the other mesh"
    return draw_texts(panel, [(text, (16, 46), 15, TEXT if width > _SMALLEST_WIDTH else FAINT)])
