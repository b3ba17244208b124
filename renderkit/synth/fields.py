"""Signed distance fields: shapes, blends and noise, all on (N, 3) float32 points.

Distances are negative inside. Formulas: Inigo Quilez, "Distance functions" and "Smooth minimum".
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.float32]
"""(N,) distances or weights."""
FieldPoints: TypeAlias = NDArray[np.float32]
"""(N, 3) points in millimetres of the head's frame; fastest in Fortran order."""
Triple: TypeAlias = tuple[float, float, float]

_PRIMES = (np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D))


def ellipsoid(points: FieldPoints, center: Triple, radii: Triple) -> Field:
    """Return the distance to an ellipsoid; first-order, exact on its surface."""
    squares = np.zeros(len(points), dtype=np.float32)
    steep = np.zeros(len(points), dtype=np.float32)
    for axis in range(3):
        scaled = (points[:, axis] - np.float32(center[axis])) * np.float32(1.0 / radii[axis])
        squared = scaled * scaled
        squares += squared
        steep += squared * np.float32(1.0 / radii[axis] ** 2)
    norm = np.sqrt(squares)
    return np.asarray(norm * (norm - 1.0) / np.sqrt(np.maximum(steep, 1e-12)), dtype=np.float32)


def sphere(points: FieldPoints, center: Triple, radius: float) -> Field:
    """Return the distance to a sphere."""
    return _length(*(points[:, axis] - np.float32(center[axis]) for axis in range(3))) - np.float32(radius)


def capsule(points: FieldPoints, start: Triple, end: Triple, radius_start: float, radius_end: float) -> Field:
    """Return the distance to a rod with round ends whose radius changes linearly along it."""
    axis = [np.float32(b - a) for a, b in zip(start, end, strict=True)]
    x, y, z = (points[:, n] - np.float32(start[n]) for n in range(3))
    along = (x * axis[0] + y * axis[1] + z * axis[2]) * np.float32(1.0 / float(np.dot(axis, axis)))
    along = np.minimum(np.maximum(along, np.float32(0.0)), np.float32(1.0))
    away = _length(x - along * axis[0], y - along * axis[1], z - along * axis[2])
    return np.asarray(away - (radius_start + along * (radius_end - radius_start)), dtype=np.float32)


def smooth_union(first: Field, second: Field, blend: float) -> Field:
    """Return the union, rounded over a width of `blend`."""
    overlap = np.maximum(np.float32(blend) - np.abs(first - second), np.float32(0.0))
    union: Field = np.minimum(first, second) - overlap * overlap * np.float32(0.25 / blend)
    return union


def smooth_cut(body: Field, tool: Field, blend: float) -> Field:
    """Return `body` without `tool`, rounded over a width of `blend`."""
    return -smooth_union(-body, tool, blend)


def smooth_step(low: float, high: float, value: NDArray[np.floating]) -> Field:
    """Return 0 below `low`, 1 above `high`, smooth between."""
    x = np.clip((value.astype(np.float32) - np.float32(low)) / np.float32(high - low), 0.0, 1.0).astype(np.float32)
    return np.asarray(x * x * (3.0 - 2.0 * x), dtype=np.float32)


def value_noise(points: FieldPoints, seed: int = 0) -> Field:
    """Return smooth noise in [-1, 1] on a unit lattice, from an integer hash: the same on every machine."""
    weights, lattice = [], []
    for axis in range(3):
        value = points[:, axis].astype(np.float32)
        cell = np.floor(value)
        local = value - cell
        weights.append(local * local * (np.float32(3.0) - np.float32(2.0) * local))
        corner = cell.astype(np.int32).view(np.uint32)
        lattice.append((corner * _PRIMES[axis], (corner + np.uint32(1)) * _PRIMES[axis]))
    wx, wy, wz = weights
    salt = np.uint32((seed * 0x27D4EB2F + 0x165667B1) & 0xFFFFFFFF)
    planes = []
    for z in range(2):
        rows = []
        for y in range(2):
            base = lattice[1][y] ^ lattice[2][z] ^ salt
            left, right = _scramble(lattice[0][0] ^ base), _scramble(lattice[0][1] ^ base)
            rows.append(left + (right - left) * wx)
        planes.append(rows[0] + (rows[1] - rows[0]) * wy)
    return np.asarray(planes[0] + (planes[1] - planes[0]) * wz, dtype=np.float32)


def fractal_noise(points: FieldPoints, octaves: int, seed: int = 0) -> Field:
    """Return the sum of `octaves` noises, each twice as fine and half as strong."""
    total = np.zeros(len(points), dtype=np.float32)
    for octave in range(octaves):
        total += value_noise(points * np.float32(2**octave), seed + octave) * np.float32(0.5**octave)
    return total


def _scramble(mixed: NDArray[np.uint32]) -> Field:
    """Return values in [-1, 1] from lattice numbers."""
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    mixed = (mixed ^ (mixed >> np.uint32(12))) * np.uint32(0x297A2D39)
    mixed ^= mixed >> np.uint32(15)
    return mixed.astype(np.float32) * np.float32(2.0 / 4294967295.0) - np.float32(1.0)


def _length(x: Field, y: Field, z: Field) -> Field:
    return np.asarray(np.sqrt(x * x + y * y + z * z), dtype=np.float32)
