"""What every mask metric starts with: two masks of one picture."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import AlphaImage, MaskImage


def mask_pair(rendered: MaskImage, captured: MaskImage) -> tuple[AlphaImage, AlphaImage]:
    """Check two masks and return them as 0/1 bytes without copying.

    Raises:
        ValueError: If the masks are not bool images of one shape.
    """
    for name, mask in (("rendered", rendered), ("captured", captured)):
        if mask.dtype != np.bool_ or mask.ndim != 2:
            raise ValueError(f"{name}: expected a (height, width) bool mask, got {mask.dtype} of shape {mask.shape}")
    check_shapes(rendered.shape, captured.shape)
    return np.ascontiguousarray(rendered).view(np.uint8), np.ascontiguousarray(captured).view(np.uint8)


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
