"""Where each number of a packed camera lies, and the units that all kernels share.

Kernels take arrays and numbers only, so a camera is one flat array: `pack_camera` fills it, the kernels index it.
"""

from __future__ import annotations

SUBPIXELS = 256
"""Projected vertices are rounded to this fraction of a pixel, for every pass alike."""

SNAP_LIMIT = float(1 << 21)
"""Vertices farther out than this (px) are clipped: beyond it the exact integer arithmetic could overflow."""

ROTATION, TRANSLATION = 0, 9
"""First of the 9 numbers of cam_from_world.R, by rows, and of the 3 of cam_from_world.t."""

FX, SKEW, CX, FY, CY = 12, 13, 14, 15, 16
"""The numbers of K, px."""

MODEL = 17
PINHOLE, BROWN_CONRADY, TILTED, FISHEYE = 0, 1, 2, 3
"""What the number at MODEL says; TILTED is Brown-Conrady seen through a tilted sensor."""

K1 = 18
"""First of 14 coefficients, in the order of OpenCV's; a fisheye has 4."""

TILT = 32
"""First of the 9 numbers of the sensor's tilt, by rows; the identity for all but TILTED."""

VALID_RADIUS, SAFE_RADIUS, DISC_RADIUS, ARC_LENGTH, STRAIGHT_LENGTH, NEAR = 41, 42, 43, 44, 45, 46
BEND_TOLERANCE, STRAIGHT_UNDISTORTED, KEEP_TOLERANCE, WIDTH, HEIGHT, FOLD_RADIUS = 47, 48, 49, 50, 51, 52
NUM_NUMBERS = 53
