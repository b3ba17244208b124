"""The numbers of a camera in the shapes in which files state them, for formats that share these shapes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.untrusted.content import Untrusted, numbers

_MAX_ENTRY = 1e100
_LAST_ROW = np.array([0.0, 0.0, 0.0, 1.0])
_MAX_GAP = 1e-6


def intrinsics_at(value: Untrusted, path: Path, key: str) -> FloatArray:
    """Return the (3, 3) block of (3, 3), (3, 4) or (4, 4) intrinsics.

    Raises:
        DatasetError: With the expected and the found shape.
    """
    return numbers(value, [(3, 3), (4, 4), (3, 4)], path, key)[:3, :3]


def extrinsics_at(value: Untrusted, path: Path, key: str) -> FloatArray:
    """Return (3, 4) [R | t] of a (4, 4) or (3, 4) matrix.

    Raises:
        DatasetError: With the expected and the found shape; if the last of four rows is that of no pose, as where a
            matrix is stored by columns.
    """
    matrix = numbers(value, [(4, 4), (3, 4)], path, key)
    # A last row of zeros states nothing. NaN fails no comparison: it is for `lint` to name.
    if len(matrix) == 4 and np.abs(matrix[3] - _LAST_ROW).max() > _MAX_GAP and matrix[3].any():
        row = ", ".join(f"{entry:g}" for entry in matrix[3])
        why = f"expected 0, 0, 0, 1 as the last row of the pose, found {row}"
        raise DatasetError(path, key, f"{why}; the matrix may be stored column by column: transpose it")
    return matrix[:3]


def coefficients_at(value: Untrusted, path: Path, key: str) -> tuple[float, ...]:
    """Return distortion coefficients of a list, row or column; none where the file has no entry (None).

    Raises:
        DatasetError: With the expected and the found shape.
    """
    if value is None:
        return ()
    return tuple(numbers(value, [(None,), (1, None), (None, 1)], path, key).ravel().tolist())


def decompose_projections(projections: FloatArray, path: Path, keys: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Return (N, 3, 3) K with K[2, 2] = 1 and a positive diagonal, and (N, 3, 4) cam_from_world, of P = s K [R | t].

    By RQ decomposition; the sign and the scale of P are free. Source: Hartley and Zisserman, Multiple View Geometry,
    section 6.2.4.

    Args:
        projections: (N, 3, 4) projection matrices.
        path: The file, for errors.
        keys: What each is called in it.

    Raises:
        DatasetError: If one is not finite or its left block has no inverse (a camera at infinity).
    """
    # Beyond this, the determinant overflows.
    measurable = np.all(np.abs(projections) < _MAX_ENTRY, axis=(1, 2), keepdims=True)
    determinants = np.linalg.det(np.where(measurable, projections[:, :, :3], 0.0))
    bad = np.flatnonzero(determinants == 0.0)
    if bad.size:
        raise DatasetError(path, keys[int(bad[0])], "expected a projection matrix K [R | t] of a finite camera")
    signed = projections * np.where(determinants < 0.0, -1.0, 1.0)[:, None, None]
    # RQ of M is QR of M turned upside down.
    q, r = np.linalg.qr(signed[:, ::-1, :3].transpose(0, 2, 1))
    upper, rotation = r.transpose(0, 2, 1)[:, ::-1, ::-1], q.transpose(0, 2, 1)[:, ::-1]
    signs = np.where(np.diagonal(upper, axis1=1, axis2=2) < 0.0, -1.0, 1.0)
    upper, rotation = upper * signs[:, None, :], signs[:, :, None] * rotation
    translation = np.linalg.solve(upper, signed[:, :, 3:])
    return upper / upper[:, 2:, 2:], np.concatenate([rotation, translation], axis=2)
