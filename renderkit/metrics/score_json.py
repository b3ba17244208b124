"""Numbers and points of scores as JSON, and the JSON Schema of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from renderkit.arrays import FloatArray

COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
NUMBER: Final[dict[str, Any]] = {"type": "number"}
NUMBER_OR_NULL: Final[dict[str, Any]] = {"type": ["number", "null"]}
TEXT: Final[dict[str, Any]] = {"type": "string"}
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
    return list(value) if isinstance(value, tuple) else value


def points_json(points: FloatArray) -> list[list[float] | None]:
    """Return (N, 2) points; None where one is not finite."""
    return [[float(x), float(y)] if math.isfinite(x) and math.isfinite(y) else None for x, y in points]


def points_from_json(value: Sequence[Sequence[float] | None]) -> FloatArray:
    """Return what `points_json` wrote, (N, 2), NaN where a point is None."""
    return np.array([(math.nan, math.nan) if point is None else point for point in value], np.float64).reshape(-1, 2)


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
    """Return the schema of what `points_json` writes."""
    point = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    return {"type": "array", "items": point, "description": description}


def array_schema(items: Mapping[str, Any], length: int | None = None) -> dict[str, Any]:
    """Return the schema of an array, of a fixed length where one is given."""
    schema: dict[str, Any] = {"type": "array", "items": dict(items)}
    return schema if length is None else schema | {"minItems": length, "maxItems": length}
