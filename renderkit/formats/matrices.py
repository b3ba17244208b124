"""The numbers of a camera in the shapes in which files state them, for formats that share these shapes."""

from __future__ import annotations

from pathlib import Path

from renderkit.arrays import FloatArray
from renderkit.untrusted.content import Untrusted, numbers


def intrinsics_at(value: Untrusted, path: Path, key: str) -> FloatArray:
    """Return the (3, 3) block of (3, 3), (3, 4) or (4, 4) intrinsics.

    Raises:
        DatasetError: With the expected and the found shape.
    """
    return numbers(value, [(3, 3), (4, 4), (3, 4)], path, key)[:3, :3]


def extrinsics_at(value: Untrusted, path: Path, key: str) -> FloatArray:
    """Return (3, 4) [R | t] of a (4, 4) or (3, 4) matrix.

    Raises:
        DatasetError: With the expected and the found shape.
    """
    return numbers(value, [(4, 4), (3, 4)], path, key)[:3]


def coefficients_at(value: Untrusted, path: Path, key: str) -> tuple[float, ...]:
    """Return distortion coefficients of a list, row or column; none where the file has no entry (None).

    Raises:
        DatasetError: With the expected and the found shape.
    """
    if value is None:
        return ()
    return tuple(numbers(value, [(None,), (1, None), (None, 1)], path, key).ravel().tolist())
