"""What one camera of nobody's format states, under any usual key: intrinsics, lens, size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import intrinsics
from renderkit.formats.lens_words import LENS_KEYS, coefficients_key, stated_lens_model
from renderkit.formats.matrices import coefficients_at, intrinsics_at
from renderkit.formats.plain_keys import (
    C2W_KEYS,
    D_KEYS,
    K_KEYS,
    POSE_KEYS,
    PROJECTION_KEYS,
    QUATERNION_TERMS,
    R_KEYS,
    RADIAL_AND_TANGENTIAL,
    SIZE_KEYS,
    W2C_KEYS,
    Entry,
    first_of,
)
from renderkit.formats.plain_pose import PLACE_KEYS, ROTATION_KEYS, WHOLE_KEYS, is_posed
from renderkit.geometry.lens_model import ModelName
from renderkit.untrusted.content import Untrusted, flag_at, number, numbers, size_at, size_pair_at

_FOCAL = ("fx", "fy", "cx", "ppx", "cy", "ppy", "skew")
_TERMS = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4")
_FISHEYE_TERMS = ("k1", "k2", "k3", "k4")
_WIDTH, _HEIGHT = ("width", "w", "W", "image_width", "img_width"), ("height", "h", "H", "image_height", "img_height")
_FISHEYE = ("fisheye", "is_fisheye")
_POSE_BY_NUMBER = ("t_00", "t_03")
"""Polycam's pose, in axes of its own: not read."""

_OPENED = {*K_KEYS, *POSE_KEYS, *D_KEYS}
_PAIRS = (("f", "c"), ("focal", "princpt"))
"""Focal lengths and principal point as two lists: Human3.6M's, and InterHand2.6M's by camera."""


def used_keys(entry: Entry) -> set[str]:
    """Return the keys of an entry that are read: of several that state one thing, the first."""
    matrix, whole, stated = first_of(entry, K_KEYS), first_of(entry, WHOLE_KEYS), lens_key(entry)
    other = first_of(entry, C2W_KEYS) if whole in W2C_KEYS else None  # compared
    halves = [] if whole else [first_of(entry, ROTATION_KEYS), first_of(entry, PLACE_KEYS)]
    if not whole and not any(halves):
        halves = [first_of(entry, PROJECTION_KEYS)]
    size = first_of(entry, SIZE_KEYS)
    sides = [] if size else [first_of(entry, _WIDTH), first_of(entry, _HEIGHT)]
    named = {*(() if matrix else _FOCAL), *(() if stated else _TERMS), *(QUATERNION_TERMS if whole is None else ())}
    return {
        key for key in (matrix, whole, stated, other, *halves, size, *sides, first_of(entry, _FISHEYE)) if key
    } | named


def is_camera(entry: Entry) -> bool:
    """Return whether an entry has the keys of intrinsics and of a pose, or intrinsics beyond doubt."""
    if not is_posed(entry):
        return _has_intrinsics_alone(entry)
    named = {"fx", "fy"} <= entry.keys() and ("cx" in entry or "ppx" in entry)
    return named or any(key in entry for key in K_KEYS)


def has_camera_keys(entry: Entry) -> bool:
    """Return whether an entry has a key of a camera; it may be a damaged one."""
    return any(key in entry for key in (*K_KEYS, "fx", *D_KEYS, *WHOLE_KEYS, *ROTATION_KEYS, *PLACE_KEYS))


def _has_intrinsics_alone(entry: Entry) -> bool:
    """Return whether an entry without a pose has four numbers by name, or a matrix with a lens, a size or P."""
    if any(key in entry for key in (*R_KEYS, *PLACE_KEYS, *_POSE_BY_NUMBER)):
        return False
    key = first_of(entry, K_KEYS)
    if key is None:
        names = ("fx", "fy", "cx" if "cx" in entry else "ppx", "cy" if "cy" in entry else "ppy")
        return all(isinstance(entry.get(name), int | float) for name in names)
    value = entry[key]
    is_matrix = isinstance(value, list) and len(value) == 3 and all(isinstance(one, list) for one in value)
    return is_matrix and any(one in entry for one in (*D_KEYS, *SIZE_KEYS, *_WIDTH, *PROJECTION_KEYS))


def opened(entry: Entry) -> dict[str, Untrusted]:
    """Return an entry whose objects such as {"intrinsics": {"fx": ...}} stand open: their keys are the entry's own."""
    flat: dict[str, Untrusted] = {}
    posed = is_posed(entry)
    for key, stored in entry.items():
        value = _unstored(stored) if posed else stored
        flat |= dict(value) if isinstance(value, Mapping) and key in _OPENED else {key: value}
    for pair in _PAIRS:
        if pair[1] in flat and all(_is_row(flat.get(key), {2}) for key in pair):
            (fx, fy), (cx, cy) = (np.ravel(flat.pop(key)).tolist() for key in pair)
            flat |= {"fx": fx, "fy": fy, "cx": cx, "cy": cy}
    if "p" in flat and _is_row(flat.get("k"), {2, 3}) and _is_row(flat["p"], {2}) and lens_key(flat) is None:
        k1, k2, k3 = (*np.ravel(flat.pop("k")).tolist(), 0.0)[:3]
        flat |= {RADIAL_AND_TANGENTIAL: [k1, k2, *np.ravel(flat.pop("p")).tolist(), k3]}
    return flat


def _is_row(value: Untrusted, counts: Collection[int]) -> bool:
    """Return whether a value is a list of so many numbers, or a row or a column of them."""
    if not isinstance(value, list) or not value:
        return False
    inner = value[0] if len(value) == 1 and isinstance(value[0], list) else value
    flat = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in inner]
    return len(flat) in counts and all(type(one) in {int, float} for one in flat)


def _unstored(value: Untrusted) -> Untrusted:
    """Return OpenCV's {rows, cols, data} as a list of rows; anything else as it is."""
    if not (isinstance(value, Mapping) and {"rows", "cols", "data"} <= value.keys()):
        return value
    rows, columns, data = (value[key] for key in ("rows", "cols", "data"))
    if not (type(rows) is int and type(columns) is int and isinstance(data, list) and len(data) == rows * columns > 0):
        return value
    return [data[start : start + columns] for start in range(0, len(data), columns)]


def intrinsics_of(entry: Entry, path: Path, where: str) -> FloatArray:
    """Return (3, 3) intrinsics: a matrix, nine numbers row by row, fx fy cx cy in a list or by name.

    Raises:
        DatasetError: If they are missing or are no intrinsics.
    """
    key = first_of(entry, K_KEYS)
    if key is not None:
        value = entry[key]
        if isinstance(value, list | tuple | np.ndarray) and len(value) == 4 and not np.ndim(value[0]):
            fx, fy, cx, cy = numbers(value, [(4,)], path, f"{where}{key}")
            return intrinsics(fx, fy, cx, cy)
        return intrinsics_at(value, path, f"{where}{key}")
    names = ("fx", "fy", "cx" if "cx" in entry else "ppx", "cy" if "cy" in entry else "ppy")
    missing = [name for name in names if entry.get(name) is None]
    if missing:
        have = f"expected one of {', '.join(K_KEYS)}, or fx, fy, cx and cy"
        raise DatasetError(path, f"{where}K", f"the intrinsics are missing: {have}")
    fx, fy, cx, cy = (number(entry[name], path, f"{where}{name}") for name in names)
    return intrinsics(fx, fy, cx, cy, number(entry.get("skew", 0.0), path, f"{where}skew"))


def lens_key(entry: Entry) -> str | None:
    """Return the key of the lens's coefficients, or None."""
    usual = first_of(entry, D_KEYS)
    return usual or coefficients_key((key for key, value in entry.items() if value is not None), ())


def lens_of(entry: Entry, path: Path, where: str) -> tuple[ModelName, tuple[float, ...]]:
    """Return the lens model and its coefficients: a list in OpenCV's order, or k1, k2, p1 ... by name.

    Raises:
        DatasetError: If it is no lens of a known model.
    """
    model = _model(entry, path, where)
    key = lens_key(entry)
    named = [term for term in _TERMS if entry.get(term) is not None]
    if key is not None or not named:
        return model, coefficients_at(entry.get(key) if key else None, path, f"{where}{key}")
    order = _FISHEYE_TERMS if model == "kannala_brandt" else _TERMS
    other = [term for term in named if term not in order]
    if other:
        raise DatasetError(path, f"{where}{other[0]}", "a fisheye lens has k1, k2, k3 and k4 only")
    values = [number(entry.get(term) or 0.0, path, f"{where}{term}") for term in order]
    last = max(order.index(term) for term in named)
    return model, tuple(values[: next(count for count in (4, 5, 8, 12) if last < count)])


def _model(entry: Entry, path: Path, where: str) -> ModelName:
    flag = first_of(entry, _FISHEYE)
    is_fisheye = None if flag is None else flag_at(plain(entry[flag]), path, f"{where}{flag}")
    given = lens_key(entry)
    is_zero = not np.any(coefficients_at(entry[given], path, f"{where}{given}")) if given else False
    for key in LENS_KEYS:
        stated = stated_lens_model(entry.get(key), path, f"{where}{key}", is_zero=is_zero)
        if stated is not None:
            if is_fisheye is not None and is_fisheye != (stated == "kannala_brandt"):
                raise DatasetError(path, f"{where}{key}", f"{entry[key]!r} contradicts {flag} = {entry[flag or '']!r}")
            return stated
    return "kannala_brandt" if is_fisheye else "brown_conrady"


def plain(value: Any) -> Any:  # noqa: ANN401 - an array's single value as Python's own
    """Return an array's single value as Python's own."""
    return value.item() if isinstance(value, np.ndarray | np.generic) else value


def size_of(entry: Entry, path: Path, where: str) -> tuple[int, int] | None:
    """Return (width, height) in px, or None."""
    key = first_of(entry, SIZE_KEYS)
    if key is not None:
        return size_pair_at(entry[key], path, f"{where}{key}")
    across, down = first_of(entry, _WIDTH), first_of(entry, _HEIGHT)
    if across is None or down is None:
        return None
    return size_at(plain(entry[across]), plain(entry[down]), path, f"{where}{across}")
