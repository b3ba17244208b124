"""The frames that a capture's scan belongs to, where the capture does not say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from renderkit.arrays import MaskImage
from renderkit.capture import Capture, UnframedScan
from renderkit.diagnosis.scan_frame import detect_scan_frame
from renderkit.diagnosis.view_choice import MIN_VIEWS, ViewChoice
from renderkit.errors import RenderkitError
from renderkit.images.encoded import EncodedImage
from renderkit.images.matte import inside_matte
from renderkit.pipeline.spread import spread

NUM_FRAMES: Final = 6
"""So many frames of a capture are tried, evenly spread."""

SAME_MOMENT: Final = 1e-3
"""Frames whose mattes overlap with the scan's by less than the best frame's by no more than this fit the scan as well:
along the outline of a head of 300 px that is less than a tenth of a pixel."""


def choose_scan_frame(
    scan: UnframedScan, frames: Sequence[str], threshold: float, num_views: int = MIN_VIEWS
) -> ViewChoice:
    """Compare the scan's own mattes with those of frames; see `detect_scan_frame`."""
    return detect_scan_frame(
        frames,
        spread(list(scan.masks), max(num_views, MIN_VIEWS)),
        lambda camera: decoded(scan.masks[camera], threshold),
        lambda frame, camera: decoded(scan.frame_mask(frame, camera), threshold),
    )


def frames_of_scan(capture: Capture, frames: Sequence[str], threshold: float) -> tuple[str, ...] | None:
    """Return the frames of the scan, the best first; None where nothing tells them.

    Args:
        capture: The capture.
        frames: Tried beside a few of the capture's.
        threshold: Alpha from which a matte counts as inside.
    """
    try:
        scan = capture.unframed_scan()
    except RenderkitError:
        return None
    tried = tuple(dict.fromkeys((*spread(capture.frame_ids, NUM_FRAMES), *frames)))
    if scan is None or not scan.masks or len(tried) < 2:
        return None
    choice = choose_scan_frame(scan, tried, threshold)
    if choice.best is None:
        return None
    least = choice.mean(choice.best) - SAME_MOMENT
    others = [name for name in choice.candidates if name != choice.best and choice.mean(name) >= least]
    return (choice.best, *others)


def decoded(image: EncodedImage | None, threshold: float) -> MaskImage | None:
    """Return the inside of a matte; None where there is none that can be read."""
    try:
        matte = None if image is None else image.decode_matte()
    except RenderkitError:
        return None
    return None if matte is None else inside_matte(matte.alpha, threshold)
