"""Names for the arrays that pass between modules, and the checks that every public entry makes on them.

The aliases document a shape; NumPy's static types cannot hold one, so `as_array` checks it at run time.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
"""Any shape, float64."""
Points3: TypeAlias = NDArray[np.float64]
"""(N, 3) points, float64."""
Pixels: TypeAlias = NDArray[np.float64]
"""(N, 2) pixels (u, v), float64; (0, 0) is the centre of the top-left pixel."""
BoolArray: TypeAlias = NDArray[np.bool_]
"""Any shape, bool."""
Faces: TypeAlias = NDArray[np.int32]
"""(F, 3) vertex indices, int32."""
MaskImage: TypeAlias = NDArray[np.bool_]
"""(height, width), True inside."""
AlphaImage: TypeAlias = NDArray[np.uint8]
"""(height, width) matte, 0 outside to 255 inside."""
ColorImage: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) RGB."""
DepthImage: TypeAlias = NDArray[np.float32]
"""(height, width) camera z in world units; +inf on the background."""
FaceIndexImage: TypeAlias = NDArray[np.int32]
"""(height, width) index of the visible face; -1 on the background."""


def as_array(value: ArrayLike, dtype: type[np.generic], shape: tuple[int | None, ...], name: str) -> NDArray[Any]:
    """Return `value` as an array of `dtype`, or raise when its shape is not `shape` or `dtype` cannot hold its values.

    Args:
        value: Anything NumPy takes.
        dtype: The element type wanted.
        shape: Expected shape; None stands for any length.
        name: What to call the argument in the error.

    Raises:
        ValueError: With the expected and the actual shape, or the values that would be changed: 0.5 as a whole number,
            300 as a byte, 255 as a truth value.
    """
    try:
        array = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise _not_numbers(value, _shape_text(shape), name, error) from error
    if array is not value and array.dtype.kind != "f":
        _check_kept(array, value, name)
    # The whole comparison first: it is the usual case and takes a tenth of the time.
    if array.shape != shape and (
        array.ndim != len(shape)
        or any(want is not None and want != have for want, have in zip(shape, array.shape, strict=True))
    ):
        raise ValueError(f"{name}: expected shape {_shape_text(shape)}, got {_found(value, array)}")
    return array


def as_vectors(value: ArrayLike, length: int, name: str) -> FloatArray:
    """Return `value` as a float64 array of shape (..., length).

    Args:
        value: One vector, (length,), or any number of them, (..., length).
        length: Expected length of the last axis.
        name: What to call the argument in the error.

    Raises:
        ValueError: With the expected and the actual shape.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise _not_numbers(value, f"({length},) or (..., {length})", name, error) from error
    if array.ndim < 1 or array.shape[-1] != length:
        raise ValueError(f"{name}: expected shape ({length},) or (..., {length}), got {_found(value, array)}")
    return array


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a C-contiguous array that cannot be written through; copies unless `array` is already frozen."""
    if array.flags.c_contiguous and not array.flags.writeable and array.base is None:
        return array
    copy = np.array(array, order="C", copy=True)
    copy.flags.writeable = False
    return copy


def _check_kept(array: NDArray[Any], value: ArrayLike, name: str) -> None:
    """Refuse numbers that an integer or bool array cannot hold: NumPy would cut, wrap or merge them in silence."""
    given = np.asarray(value)
    if given.dtype == array.dtype or given.dtype.kind not in "biuf":
        return
    with np.errstate(invalid="ignore"):
        changed = np.flatnonzero(array != given)
    if changed.size:
        raise ValueError(
            f"{name}: expected values that {array.dtype} holds, got {given.dtype} with {given.flat[changed[0]]}"
        )


def _found(value: object, array: NDArray[Any]) -> str:
    return "None" if value is None else str(array.shape)


def _not_numbers(value: object, shape: str, name: str, error: Exception) -> ValueError:
    return ValueError(f"{name}: expected numbers of shape {shape}, got {type(value).__name__}: {error}")


def _shape_text(shape: tuple[int | None, ...]) -> str:
    inner = ", ".join("N" if length is None else str(length) for length in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
