"""A small PNG of a picture, for notebooks."""

from __future__ import annotations

import cv2
import numpy as np

from renderkit.arrays import ColorImage, DepthImage, MaskImage

LONGEST_PX = 640


def preview_png(image: ColorImage) -> bytes:
    """Return (height, width, 3) RGB or (height, width, 4) RGBA as a PNG whose longer side is at most 640 px.

    Raises:
        ValueError: If it is no such picture.
    """
    height, width = image.shape[:2]
    scale = min(1.0, LONGEST_PX / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, data = cv2.imencode(".png", image[:, :, [2, 1, 0, *range(3, image.shape[2])]])
    if not done:
        raise ValueError(f"image: expected (height, width, 3) uint8, got {image.dtype} of shape {image.shape}")
    return bytes(data)


def depth_picture(depth: DepthImage, mask: MaskImage) -> ColorImage:
    """Return (height, width, 3) greys: near is light, far is dark, the background is black."""
    grey = np.zeros(depth.shape, np.uint8)
    if mask.any():
        covered = depth[mask].astype(np.float64)
        extent = max(float(np.ptp(covered)), 1e-12)
        grey[mask] = np.rint(255.0 - 175.0 * (covered - covered.min()) / extent)
    return np.repeat(grey[:, :, None], 3, axis=2)
