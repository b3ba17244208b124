"""Numbers and points of scores as JSON, and the JSON Schema of both."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from renderkit.arrays import FloatArray

COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
NUMBER: Final[dict[str, Any]] = {"type": "number"}
NUMBER_OR_NULL: Final[dict[str, Any]] = {"type": ["number", "null"]}
TEXT: Final[dict[str, Any]] = {"type": "string"}
_PACKED: Final = "float64"
INTEGERS: Final[dict[str, Any]] = {"type": "array", "items": {"type": "integer"}}


def finite_or_none(value: float) -> float | None:
    """Return a number that JSON has, else None."""
    return value if math.isfinite(value) else None


def nan_if_none(value: float | None) -> float:
    """Return NaN for None."""
    return math.nan if value is None else value


def values_json(record: object) -> dict[str, Any]:
    """Return a record's attributes: None for numbers that are not finite, lists for tuples."""
    return {name: _plain(value) for name, value in vars(record).items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return finite_or_none(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def listed_points(value: object) -> list[list[float] | None]:
    """Return (N, 2) points as a list, None where one is not finite: `default` of json.dumps in files for people.

    Raises:
        TypeError: If the value is no array of points.
    """
    points = _points(value)
    pairs: list[list[float]] = points.tolist()
    if np.isfinite(points).all():
        return list(pairs)
    return [pair if math.isfinite(pair[0]) and math.isfinite(pair[1]) else None for pair in pairs]


def packed_points(value: object) -> dict[str, str]:
    """Return (N, 2) points as the base64 text of little-endian numbers: `default` of json.dumps in files for programs.

    Writing and reading 68 points takes a tenth of the time of `listed_points`.

    Raises:
        TypeError: If the value is no array of points.
    """
    points = _points(value)
    finite = np.isfinite(points)
    if not finite.all():
        points = np.where(np.all(finite, axis=1, keepdims=True), points, np.nan)  # as in a list: both numbers or none
    return {_PACKED: base64.b64encode(points.astype("<f8", copy=False).tobytes()).decode("ascii")}


def points_from_json(value: Sequence[Sequence[float] | None] | Mapping[str, str]) -> FloatArray:
    """Return what `listed_points` or `packed_points` wrote, (N, 2), NaN where a point is not finite.

    Raises:
        ValueError, KeyError, TypeError: If it is something else.
    """
    if isinstance(value, Mapping):
        numbers = np.frombuffer(base64.b64decode(value[_PACKED], validate=True), "<f8")
        return numbers.astype(np.float64, copy=False).reshape(-1, 2)
    return np.array([(math.nan, math.nan) if point is None else point for point in value], np.float64).reshape(-1, 2)


def _points(value: object) -> FloatArray:
    if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[1] == 2 and value.dtype == np.float64:
        return value
    raise TypeError(f"not JSON, nor (N, 2) points: {type(value).__name__}")


def object_schema(description: str = "", **properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has exactly these properties."""
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": {name: dict(value) for name, value in properties.items()},
    }
    return schema | ({"description": description} if description else {})


def points_schema(description: str) -> dict[str, Any]:
    """Return the schema of what `listed_points` writes."""
    point = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    return {"type": "array", "items": point, "description": description}


def array_schema(items: Mapping[str, Any], length: int | None = None) -> dict[str, Any]:
    """Return the schema of an array, of a fixed length where one is given."""
    schema: dict[str, Any] = {"type": "array", "items": dict(items)}
    return schema if length is None else schema | {"minItems": length, "maxItems": length}
