"""Outlines of masks, drawn where they are: on the edges between pixels, anti-aliased."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import MaskImage


def edge_distance(mask: MaskImage) -> NDArray[np.float32]:
    """Return each pixel centre's distance to the mask's outline.

    The outline runs between pixel centres, half a pixel from the nearest ones. The picture's border is no outline.

    Args:
        mask: (height, width) bool.

    Returns:
        (height, width) px, at least 0.5; +inf where the mask has no outline.
    """
    inside = mask.view(np.uint8) if mask.flags.c_contiguous else np.ascontiguousarray(mask).view(np.uint8)
    if not inside.any() or inside.all():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    # Distances to the nearest pixel centre of the other side; one of the two is 0 everywhere.
    to_outside = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    to_inside = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(to_outside + to_inside - 0.5, dtype=np.float32)


def outline_coverage(mask: MaskImage, width_px: float) -> NDArray[np.float32]:
    """Return (height, width) how much of each pixel a line of `width_px` along the mask's outline covers, 0 to 1."""
    result = np.zeros(mask.shape, dtype=np.float32)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return result
    # Only the mask's surroundings can be covered.
    margin = int(np.ceil(width_px)) + 2
    window = (
        slice(max(rows[0] - margin, 0), rows[-1] + margin + 1),
        slice(max(columns[0] - margin, 0), columns[-1] + margin + 1),
    )
    result[window] = np.clip(0.5 * width_px + 0.5 - edge_distance(mask[window]), 0.0, 1.0)
    return result
