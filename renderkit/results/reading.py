"""report.json checked against its schema when it is read: it may be a stranger's, and whoever reads on trusts types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from renderkit.errors import DatasetError
from renderkit.results.schema import report_schema

MAX_MAGNITUDE: Final = 1e100
"""Larger numbers are refused: no score has them, and their squares overflow."""

_OPTIONAL: Final = ("checks", "surfaces", "explanations", "intervals", "summary", "diagnosis")
"""Parts that reports of this version may lack, or that are computed again from the rows."""

_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "number": (int, float), "integer": (int, float),
    "null": type(None),
}  # fmt: skip

_NUMBERS: Final = {int, float}

Value: TypeAlias = Any
Key: TypeAlias = str | int
Found: TypeAlias = tuple[tuple[Key, ...], str] | None
"""Where a value is wrong, outermost key first, and why; None where it is right."""
Check: TypeAlias = Callable[[Value], Found]


def check_report(document: Value, source: Path) -> None:
    """Check what report.json holds.

    Names that the schema does not know are left to the reader: scores of other packages may be among them.

    Raises:
        DatasetError: With the path of the first wrong value, such as rows[3].camera.
    """
    found = _report_check()(document)
    if found is not None:
        keys, why = found
        raise DatasetError(source, _path(keys) or None, f"not a renderkit report: {why}")


@lru_cache(maxsize=1)
def _report_check() -> Check:
    schema = report_schema()
    schema["required"] = [name for name in schema["required"] if name not in _OPTIONAL]
    row = schema["properties"]["rows"]["items"]
    # Reports of an older renderkit lack the metrics that came later.
    for name in ("metrics", "scores"):
        row["properties"][name]["required"] = []
    return _checker(schema)


def _path(keys: Sequence[Key]) -> str:
    parts = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys]
    return "".join(parts).removeprefix(".")[:200]


def _checker(schema: Mapping[str, Any]) -> Check:
    """Turn a schema of the kind that `schema.report_schema` builds into a function."""
    if "anyOf" in schema:
        ways = [_checker(one) for one in schema["anyOf"]]
        return lambda value: None if any(way(value) is None for way in ways) else ways[0](value)
    if "const" in schema or "enum" in schema:
        allowed = list(schema.get("enum", [schema.get("const")]))
        return lambda value: None if value in allowed else ((), f"expected one of {allowed}, found {_shown(value)}")
    names = schema.get("type", list(_TYPES))
    names = [names] if isinstance(names, str) else names
    types = tuple(kind for name in names for kind in _flat(_TYPES[name]))
    inner = _inner(schema, names)
    no_flag = "boolean" not in names

    def check(value: Value) -> Found:
        if not isinstance(value, types) or (no_flag and isinstance(value, bool)):
            return (), f"expected {' or '.join(names)}, found {_shown(value)}"
        return None if value is None else inner(value)

    return check


def _flat(kind: type | tuple[type, ...]) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


def _inner(schema: Mapping[str, Any], names: Sequence[str]) -> Check:
    if "object" in names:
        return _object_check(schema)
    if "array" in names:
        return _array_check(schema)
    if "number" in names or "integer" in names:
        return _number_check(schema, whole="number" not in names)
    if "pattern" in schema:
        pattern = re.compile(schema["pattern"])
        return lambda value: (
            None if pattern.search(value) else ((), f"expected {pattern.pattern}, found {_shown(value)}")
        )
    return lambda _: None


def _object_check(schema: Mapping[str, Any]) -> Check:
    required = tuple(schema.get("required", ()))
    properties = {name: _checker(one) for name, one in schema.get("properties", {}).items()}
    others = schema.get("additionalProperties")
    other = _checker(others) if isinstance(others, Mapping) else None

    def check(value: Value) -> Found:
        for name in required:
            if name not in value:
                return (name,), "the key is missing"
        for name, one in value.items():
            known = properties.get(name, other)
            if known is not None:
                found = known(one)
                if found is not None:
                    return (name, *found[0]), found[1]
        return None

    return check


def _array_check(schema: Mapping[str, Any]) -> Check:
    items = schema.get("items", {})
    item, plain = _checker(items), set(items) <= {"type", "description"} and items.get("type") == "number"
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)

    def check(value: Value) -> Found:
        if not least <= len(value) <= most:
            return (), f"expected {least} to {most} values, found {len(value)}"
        # Most of a report is lists of numbers: one look at each without a call for each.
        if plain and value and set(map(type, value)) <= _NUMBERS and _are_moderate(value):
            return None
        for index, one in enumerate(value):
            found = item(one)
            if found is not None:
                return (index, *found[0]), found[1]
        return None

    return check


def _are_moderate(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values)) and min(values) >= -MAX_MAGNITUDE and max(values) <= MAX_MAGNITUDE


def _number_check(schema: Mapping[str, Any], *, whole: bool) -> Check:
    low = max(schema.get("minimum", schema.get("exclusiveMinimum", -math.inf)), -MAX_MAGNITUDE)
    high = min(schema.get("maximum", math.inf), MAX_MAGNITUDE)

    def check(value: Value) -> Found:
        if not low <= value <= high:
            return (), f"expected a number from {low:g} to {high:g}, found {_shown(value)}"
        return ((), f"expected a whole number, found {_shown(value)}") if whole and value != int(value) else None

    return check


def _shown(value: Value) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)[:60]
