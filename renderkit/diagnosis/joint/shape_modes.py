"""Smooth errors of a mesh's shape: an even offset along its normals, and bumps spread evenly over directions."""

from __future__ import annotations

from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Points3, frozen

NUM_BUMPS: Final = 48
NUM_SHAPES: Final = 1 + NUM_BUMPS
_WIDTH_RAD = 0.35
_GOLDEN_RAD = np.pi * (3.0 - np.sqrt(5.0))


def _directions() -> FloatArray:
    """Return (NUM_BUMPS, 3) unit vectors on Fibonacci's spiral."""
    height = 1.0 - 2.0 * (np.arange(NUM_BUMPS) + 0.5) / NUM_BUMPS
    angle = _GOLDEN_RAD * np.arange(NUM_BUMPS)
    radius = np.sqrt(1.0 - height**2)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), height])


_DIRECTIONS: Final = frozen(_directions())


def shape_modes(arms: Points3) -> FloatArray:
    """Return (N, NUM_SHAPES) amplitudes at (N, 3) points relative to the subject's middle: 1, then the bumps."""
    units = arms / np.maximum(np.linalg.norm(arms, axis=1, keepdims=True), 1e-12)
    bumps = np.exp((units @ _DIRECTIONS.T - 1.0) / _WIDTH_RAD**2)
    return np.column_stack([np.ones(len(arms)), bumps])


def shape_of_stretches(changes: FloatArray) -> FloatArray:
    """Return (n, NUM_SHAPES) amplitudes whose displacements are nearest to those of a stretched unit sphere.

    Args:
        changes: (n, 3, 3) relative changes of lengths, symmetric.
    """
    stretched = np.einsum("ni,kij,nj->nk", _DIRECTIONS, changes, _DIRECTIONS)
    found: FloatArray = np.linalg.lstsq(shape_modes(_DIRECTIONS), stretched, rcond=1e-6)[0].T
    return found
