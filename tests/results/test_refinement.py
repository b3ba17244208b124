"""How the change of a camera is worded."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from renderkit.results.refinement import CameraRefinement, HeldOut, amount_text

HELD = HeldOut("frames", "landmarks", 4, 6.0, 0.4, 1.0, 0.01)
STEPPED = CameraRefinement(
    camera="25", cause="step", cannot_tell=("step",), change={"step_x": -0.01234, "step_z": 2.5e-4},
    errors={"step_x": 2e-4, "step_z": 3e-5}, covariance=np.zeros((14, 14)), parameters=(), moved_px=6.0, left_px=0.1,
    held_out=HELD, supported=True, reason="",
)  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "value", "error", "text"),
    [
        ("turn_x", math.radians(0.3), math.radians(0.002), "turn x +0.3000 +/- 0.0020 deg"),
        ("roll", math.radians(-1.5), math.radians(0.25), "roll -1.50 +/- 0.25 deg"),
        ("cx", 2.04, 0.12, "cx +2.04 +/- 0.12 px"),
        ("log_focal", 0.005, 0.001, "focal length +0.50 +/- 0.10 %"),
        ("log_aspect", -0.02, 0.01, "fx / fy -2.0 +/- 1.0 %"),
        ("k1", 0.1, 0.031, "k1 +0.100 +/- 0.031"),
        ("step_y", 12.0, 1.1, "step y +12.0 +/- 1.1 mm"),
        ("cy", 2.0, math.inf, "cy +2.000000 +/- inf px"),
    ],
)
def test_an_amount_is_shown_with_its_unit_and_two_digits_of_its_error(
    parameter: str, value: float, error: float, text: str
) -> None:
    assert amount_text(parameter, value, error, "mm") == text


def test_steps_are_in_the_rig_s_unit_and_in_world_units_where_it_states_none() -> None:
    told = "step x -0.01234 +/- 0.00020 {0}, step z +0.000250 +/- 0.000030 {0}"
    assert replace(STEPPED, unit="m").change_text == told.format("m")
    assert STEPPED.change_text == told.format("world units")
