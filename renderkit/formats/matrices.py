"""The numbers of a camera in the shapes in which files state them, for formats that share these shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.untrusted.content import Untrusted, numbers

_MAX_ENTRY = 1e100


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


def decompose_projection(projection: FloatArray, path: Path, key: str) -> tuple[FloatArray, FloatArray]:
    """Return (3, 3) K with K[2, 2] = 1 and a positive diagonal, and (3, 4) cam_from_world, of a (3, 4) P = s K [R | t].

    By RQ decomposition; the sign and the scale of P are free. Source: Hartley and Zisserman, Multiple View Geometry,
    section 6.2.4.

    Raises:
        DatasetError: If P is not finite or its left block has no inverse (a camera at infinity).
    """
    left = projection[:, :3]
    # Beyond this, the determinant overflows.
    measurable = bool((np.abs(projection) < _MAX_ENTRY).all())
    determinant = float(np.linalg.det(left)) if measurable else 0.0
    if determinant == 0.0:
        raise DatasetError(path, key, "expected a projection matrix K [R | t] of a finite camera")
    if determinant < 0.0:
        projection = -projection
        left = projection[:, :3]
    # RQ of M is QR of M turned upside down.
    q, r = np.linalg.qr(left[::-1].T)
    upper, rotation = r.T[::-1, ::-1], q.T[::-1]
    signs = np.where(np.diag(upper) < 0.0, -1.0, 1.0)
    upper, rotation = upper * signs, signs[:, None] * rotation
    translation = np.linalg.solve(upper, projection[:, 3])
    return upper / upper[2, 2], np.column_stack([rotation, translation])
