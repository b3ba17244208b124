"""What every mask metric starts with: two masks of one picture."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.errors import ArgumentError


def mask_pair(rendered: MaskImage, captured: MaskImage) -> tuple[AlphaImage, AlphaImage]:
    """Check two masks and return them as 0/1 bytes without copying.

    Raises:
        ValueError: If the masks are not bool images of one shape.
    """
    check_mask(rendered, "rendered")
    check_mask(captured, "captured")
    check_shapes(rendered.shape, captured.shape)
    return np.ascontiguousarray(rendered).view(np.uint8), np.ascontiguousarray(captured).view(np.uint8)


def check_mask(mask: MaskImage, name: str) -> None:
    """Check that a mask is one: bytes could be alpha or labels, and only their owner knows.

    Raises:
        ValueError: If it is not a bool image.
    """
    if not isinstance(mask, np.ndarray):
        raise ArgumentError(f"{name}: expected a (height, width) bool mask, got {type(mask).__name__}")
    if mask.dtype != np.bool_ or mask.ndim != 2:
        hint = "; of an alpha of 0 to 255: alpha > 127" if mask.dtype != np.bool_ else ""
        raise ValueError(f"{name}: expected a (height, width) bool mask, got {mask.dtype} of shape {mask.shape}{hint}")


def check_shapes(rendered: tuple[int, ...], captured: tuple[int, ...]) -> None:
    """Check that two masks can be of one picture.

    Raises:
        ValueError: If they have not one shape.
    """
    if rendered != captured:
        raise ValueError(
            f"masks of one image must have one shape: rendered {rendered}, captured {captured}; "
            "is the picture resized or is the calibration of another size?"
        )


def ratio(part: int, whole: int) -> float:
    """Return part / whole, NaN when there is nothing to divide by."""
    return part / whole if whole else float("nan")
