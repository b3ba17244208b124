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
"""(N, 3) points in millimetres of the head's frame."""
Triple: TypeAlias = tuple[float, float, float]


def ellipsoid(points: FieldPoints, center: Triple, radii: Triple) -> Field:
    """Return the distance to an ellipsoid; first-order, exact on its surface."""
    offset = points - np.array(center, dtype=np.float32)
    scaled = offset / np.array(radii, dtype=np.float32)
    steep = scaled / np.array(radii, dtype=np.float32)
    norm = _length(scaled)
    return norm * (norm - 1.0) / np.maximum(_length(steep), 1e-6)


def sphere(points: FieldPoints, center: Triple, radius: float) -> Field:
    """Return the distance to a sphere."""
    return _length(points - np.array(center, dtype=np.float32)) - np.float32(radius)


def capsule(points: FieldPoints, start: Triple, end: Triple, radius_start: float, radius_end: float) -> Field:
    """Return the distance to a rod with round ends whose radius changes linearly along it."""
    first = np.array(start, dtype=np.float32)
    axis = np.array(end, dtype=np.float32) - first
    offset = points - first
    along = np.clip(offset @ axis / np.float32(axis @ axis), 0.0, 1.0)
    return _length(offset - along[:, None] * axis) - np.float32(radius_start) - along * (radius_end - radius_start)


def smooth_union(first: Field, second: Field, blend: float) -> Field:
    """Return the union, rounded over a width of `blend`."""
    mix = np.maximum(blend - np.abs(first - second), 0.0) / np.float32(blend)
    return np.minimum(first, second) - mix * mix * np.float32(0.25 * blend)


def smooth_cut(body: Field, tool: Field, blend: float) -> Field:
    """Return `body` without `tool`, rounded over a width of `blend`."""
    return -smooth_union(-body, tool, blend)


def smooth_step(low: float, high: float, value: Field) -> Field:
    """Return 0 below `low`, 1 above `high`, smooth between."""
    x = np.clip((value - low) / np.float32(high - low), 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def value_noise(points: FieldPoints, seed: int = 0) -> Field:
    """Return smooth noise in [-1, 1] on a unit lattice, from an integer hash: the same on every machine."""
    cell = np.floor(points)
    local = points - cell
    weight = local * local * (3.0 - 2.0 * local)
    base = cell.astype(np.int64).astype(np.uint32)
    total = np.zeros(len(points), dtype=np.float32)
    for corner in range(8):
        offset = np.array([corner & 1, corner >> 1 & 1, corner >> 2], dtype=np.uint32)
        share = np.where(offset.astype(bool), weight, 1.0 - weight)
        total += share[:, 0] * share[:, 1] * share[:, 2] * _hash(base + offset, seed)
    return total


def fractal_noise(points: FieldPoints, octaves: int, seed: int = 0) -> Field:
    """Return the sum of `octaves` noises, each twice as fine and half as strong."""
    total = np.zeros(len(points), dtype=np.float32)
    for octave in range(octaves):
        total += value_noise(points * np.float32(2**octave), seed + octave) * np.float32(0.5**octave)
    return total


def _hash(lattice: NDArray[np.uint32], seed: int) -> Field:
    mixed = lattice[:, 0] * np.uint32(0x9E3779B1) ^ lattice[:, 1] * np.uint32(0x85EBCA77)
    mixed ^= lattice[:, 2] * np.uint32(0xC2B2AE3D)
    mixed ^= np.uint32((seed * 0x27D4EB2F + 0x165667B1) & 0xFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    mixed = (mixed ^ (mixed >> np.uint32(12))) * np.uint32(0x297A2D39)
    mixed ^= mixed >> np.uint32(15)
    return mixed.astype(np.float32) * np.float32(2.0 / 4294967295.0) - np.float32(1.0)


def _length(vectors: FieldPoints) -> Field:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
