"""Which frame does a capture's scan belong to? Found by the overlap of its mattes with those of every frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from renderkit.arrays import MaskImage
from renderkit.diagnosis.view_choice import ViewChoice, choose_by_views
from renderkit.metrics.mask import score_mask


def detect_scan_frame(
    frame_ids: Sequence[str],
    camera_names: Sequence[str],
    read_scan_mask: Callable[[str], MaskImage | None],
    read_frame_mask: Callable[[str, str], MaskImage | None],
) -> ViewChoice:
    """Score every frame by the IoU of its masks with the scan's, camera by camera.

    Args:
        frame_ids: The frames to try.
        camera_names: The cameras to compare in.
        read_scan_mask: Returns the scan's (height, width) mask in a camera, or None.
        read_frame_mask: Returns the mask of (frame, camera), or None.

    Returns:
        The frames as candidates, without those that have no mask at all. Neighbouring frames differ little: look at
        the margin.
    """
    scores = np.full((len(frame_ids), len(camera_names)), np.nan)
    for column, camera in enumerate(camera_names):
        scan = read_scan_mask(camera)
        if scan is None:
            continue
        for row, frame in enumerate(frame_ids):
            captured = read_frame_mask(frame, camera)
            if captured is not None and captured.shape == scan.shape:
                scores[row, column] = score_mask(captured, scan).iou
    tried = np.isfinite(scores).any(axis=1)
    return choose_by_views(tuple(np.array(frame_ids, dtype=object)[tried]), scores[tried])
