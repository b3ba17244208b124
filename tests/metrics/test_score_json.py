"""Points as JSON, for people and for programs."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np
import pytest

from renderkit.metrics.score_json import listed_points, packed_points, points_from_json

_POINTS = np.array([[0.1, -1e-300], [np.nan, 2.0], [1.0 / 3.0, 1e17], [-0.0, 5e-324]])


@pytest.mark.parametrize("written_by", [listed_points, packed_points])
def test_points_come_back_to_the_bit_and_those_not_finite_as_nan(written_by: Any) -> None:
    text = json.dumps(_POINTS, default=written_by, allow_nan=False)
    expected = _POINTS.copy()
    expected[1] = np.nan
    found = points_from_json(json.loads(text))
    assert found.tobytes() == expected.tobytes()
    assert points_from_json(written_by(np.zeros((0, 2)))).shape == (0, 2)


def test_a_list_has_null_and_packed_numbers_are_little_endian() -> None:
    assert listed_points(_POINTS)[:2] == [[0.1, -1e-300], None]
    numbers = struct.unpack("<8d", base64.b64decode(packed_points(_POINTS)["float64"]))
    assert (*numbers[:2], *numbers[4:]) == (*_POINTS[0], *_POINTS[2], *_POINTS[3])


@pytest.mark.parametrize("value", [np.zeros(2), np.zeros((2, 3)), np.zeros((1, 2), np.float32), {1}, object()])
def test_what_is_no_points_is_no_json(value: object) -> None:
    for written_by in (listed_points, packed_points):
        with pytest.raises(TypeError, match="not JSON"):
            written_by(value)


@pytest.mark.parametrize(
    "value", [{}, {"float64": "AA=="}, {"float64": "A!AA"}, {"float64": 3}, {"float64": "AAAAAAAAAAA="}]
)
def test_damaged_packed_points_are_refused(value: Any) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        points_from_json(value)
