"""Numbers of a camera's move."""

from __future__ import annotations

import math

import pytest

from renderkit.results.drift import CameraChange


def test_lengths_of_a_move_and_of_its_error() -> None:
    one = CameraChange("b", (3.0, -4.0), (0.3, 0.1), "", (), math.nan, math.nan, "", 0.0, "")
    assert one.length_px == 5.0
    assert one.length_error_px == pytest.approx(math.hypot(0.3, 0.1) / math.sqrt(2.0))
    assert not one.moved
