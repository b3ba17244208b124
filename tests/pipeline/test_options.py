"""Options: checked when made, and written down for reports."""

from __future__ import annotations

import math

import pytest

from renderkit.pipeline.options import ValidationOptions


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.01, math.nan])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="matte_threshold"):
        ValidationOptions(matte_threshold=threshold)


def test_everything_that_decides_numbers_is_written_down() -> None:
    text = ValidationOptions(("0", "2"), ("05",), ("flame",), 0.25, undistort=True).as_text()
    assert dict(text) == {
        "frames": "0,2",
        "cameras": "05",
        "meshes": "flame",
        "matte_threshold": "0.25",
        "undistort": "yes",
    }
    assert ValidationOptions().as_text()["frames"] == "all"
