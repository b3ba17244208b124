"""Moves the head: the jaw opens, the mouth smiles, the head turns on the neck. Smooth fields on the neutral head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, Points3

JAW_HINGE = np.array([0.0, -22.0, 2.0])
NECK_PIVOT = np.array([0.0, -120.0, -32.0])


@dataclass(frozen=True)
class Expression:
    """What the head does in one frame.

    Attributes:
        jaw_rad: Opening of the jaw.
        smile: 0 for none, 1 for a broad smile.
        turn: Rotation vector of the head on the neck, radians, in the head's frame.
    """

    jaw_rad: float = 0.0
    smile: float = 0.0
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)


def expression_at(frame: int, seed: int) -> Expression:
    """Return the expression of a frame: slow, periodic, and nearly neutral in frame 0."""
    phase = 0.31 * seed
    time = frame / 6.0
    talk = 0.5 - 0.5 * np.cos(2.1 * time * np.pi)
    return Expression(
        jaw_rad=float(np.deg2rad(7.0) * talk),
        smile=float(0.12 + 0.4 * (0.5 - 0.5 * np.cos(1.3 * time))),
        turn=(
            float(np.deg2rad(2.5) * np.sin(0.9 * time)),
            float(np.deg2rad(6.0) * np.sin(0.7 * time) + np.deg2rad(0.8) * np.sin(phase)),
            float(np.deg2rad(1.5) * np.sin(1.1 * time)),
        ),
    )


def deform(points: Points3, expression: Expression) -> Points3:
    """Move (N, 3) points of the neutral head, mm, to where the expression takes them."""
    moved = np.array(points, dtype=np.float64)
    jaw = jaw_weight(points)
    moved = _rotate(moved, JAW_HINGE, np.array([1.0, 0.0, 0.0]) * expression.jaw_rad, jaw)
    side = np.sign(points[:, 0]) * _ramp(0.0, 14.0, np.abs(points[:, 0]))
    corner = np.exp(-(((np.abs(points[:, 0]) - 27.0) / 14.0) ** 2 + ((points[:, 1] + 71.0) / 13.0) ** 2))
    corner *= _ramp(50.0, 70.0, points[:, 2]) * expression.smile
    moved += np.column_stack([4.0 * side * corner, 4.5 * corner, -3.0 * corner])
    head = _ramp(-205.0, -122.0, points[:, 1])
    return _rotate(moved, NECK_PIVOT, np.array(expression.turn), head)


def jaw_weight(points: Points3) -> FloatArray:
    """Return (N,) how far points follow the jaw: 1 below the line of the lips, 0 above it, fading into the neck."""
    hinge_z, lip_z = JAW_HINGE[2], 92.0
    along = np.clip((points[:, 2] - hinge_z) / (lip_z - hinge_z), 0.0, 1.2)
    line = -40.0 + (-73.0 + 40.0) * along
    # Sharp at the lips, so that they part; broad at the cheeks, so that the skin stretches.
    lips = _ramp(62.0, 80.0, points[:, 2]) * _ramp(29.0, 22.0, np.abs(points[:, 0]))
    width = 22.0 + (0.9 - 22.0) * lips
    below = 0.5 - 0.5 * np.clip((points[:, 1] - line) / width, -1.0, 1.0)
    front = _ramp(-14.0, 30.0, points[:, 2])
    throat = _ramp(-165.0, -116.0, points[:, 1])
    weight: FloatArray = below * below * (3.0 - 2.0 * below) * front * throat
    return weight


def _rotate(points: Points3, pivot: FloatArray, vector: FloatArray, weights: FloatArray) -> Points3:
    """Turn (N, 3) points about a pivot, each by its share of the rotation vector (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector))
    if angle == 0.0:
        return points
    axis = vector / angle
    arm = points - pivot
    cosine, sine = np.cos(angle * weights)[:, None], np.sin(angle * weights)[:, None]
    along = (arm @ axis)[:, None] * axis
    turned: Points3 = along + (arm - along) * cosine + np.cross(axis, arm) * sine
    return pivot + turned


def _ramp(low: float, high: float, value: FloatArray) -> FloatArray:
    x = np.clip((value - low) / (high - low), 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)
