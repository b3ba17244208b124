"""Rotations as quaternions and as axis-angle vectors, exact to rounding at every angle.

OpenCV's Rodrigues loses up to half of the digits near 180 degrees; camera files must survive a round trip there too.
Source: S. W. Shepperd, "Quaternion from rotation matrix", Journal of Guidance and Control 1 (1978).
"""

from __future__ import annotations

import math

import numpy as np

from renderkit.arrays import FloatArray

_SMALL_ANGLE = 1e-9


def quaternion_from_matrix(rotation: FloatArray) -> FloatArray:
    """Return the (4,) unit quaternion (w, x, y, z), w >= 0, of a (3, 3) rotation."""
    trace = float(np.trace(rotation))
    squares = np.array([1.0 + trace, *(1.0 - trace + 2.0 * np.diag(rotation))])
    largest = int(np.argmax(squares))
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    quaternion = np.empty(4)
    if largest == 0:
        quaternion[0], quaternion[1:] = squares[0], skew
    else:
        i = largest - 1
        quaternion[0] = skew[i]
        quaternion[1:] = rotation[i] + rotation[:, i]
        quaternion[largest] = squares[largest]
    quaternion /= np.linalg.norm(quaternion)
    return -quaternion if quaternion[0] < 0.0 else quaternion


def matrix_from_quaternion(quaternion: FloatArray) -> FloatArray:
    """Return the (3, 3) rotation of a (4,) quaternion (w, x, y, z) of any length; NaN for one that has no length."""
    # Plain numbers: arrays of four cost ten times as much, and files hold tens of thousands.
    given = quaternion.tolist()
    norm = math.hypot(*given)
    if not 0.0 < norm < math.inf:
        return np.full((3, 3), np.nan)
    w, x, y, z = (value / norm for value in given)
    return np.array(
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
            [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
            [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
        ]
    )


def rotation_vector_from_matrix(rotation: FloatArray) -> FloatArray:
    """Return the (3,) axis-angle vector in radians, angle in [0, pi], of a (3, 3) rotation."""
    quaternion = quaternion_from_matrix(rotation)
    sine = float(np.linalg.norm(quaternion[1:]))
    if sine < 1e-12:
        return 2.0 * quaternion[1:]
    return quaternion[1:] * (2.0 * float(np.arctan2(sine, quaternion[0])) / sine)


def matrix_from_rotation_vector(vector: FloatArray) -> FloatArray:
    """Return the (3, 3) rotation of a (3,) axis-angle vector in radians; NaN where it is not finite."""
    angle = math.hypot(*vector.tolist())
    if not angle < math.inf:
        return np.full((3, 3), np.nan)
    # sin(angle / 2) / angle; nearer to zero than this it is 1/2 to the last digit.
    factor = math.sin(0.5 * angle) / angle if angle > _SMALL_ANGLE else 0.5
    return matrix_from_quaternion(np.append(math.cos(0.5 * angle), factor * vector))
