"""The procedural head as a signed distance field. No person's likeness, no licensed model.

Head frame, millimetres: x to the subject's left, y up, z forward; the origin lies between the ears at eye height.
Proportions follow the usual adult ones: 155 mm wide, 195 mm deep, 235 mm from chin to crown, eyes 63 mm apart.
"""

from __future__ import annotations

import numpy as np

from renderkit.synth.fields import (
    Field,
    FieldPoints,
    capsule,
    ellipsoid,
    fractal_noise,
    smooth_cut,
    smooth_step,
    smooth_union,
    sphere,
)

EYE_CENTER = (31.5, 0.0, 66.0)
EYE_RADIUS = 12.4
LID_RADIUS = 14.0
EYE_HALF_WIDTH = 14.5
FLOOR_Y = -430.0


def bare_head_distance(points: FieldPoints) -> Field:
    """Return the (N,) distance in mm to the head, neck and shoulders, without hair and shirt."""
    # The head is symmetric: the left half serves both.
    half = points.copy(order="F")
    half[:, 0] = np.abs(half[:, 0])
    face = _skull_and_jaw(half)
    face = _carve_sockets(face, half)
    face = _add_nose(face, half)
    face = _add_mouth(face, half)
    face = _add_lids(face, half)
    face = smooth_union(face, _neck(half), 22.0)
    face = smooth_union(face, _ear(half), 5.0)
    body = smooth_union(face, _shoulders(half), 26.0)
    return np.minimum(body, sphere(half, EYE_CENTER, EYE_RADIUS))


def hair_distance(points: FieldPoints) -> Field:
    """Return the (N,) distance in mm to the hair: a short cut, parted, with clumps of strands."""
    half = points.copy(order="F")
    half[:, 0] = np.abs(half[:, 0])
    cap = ellipsoid(half, (0.0, 34.0, -15.0), (81.5, 93.0, 104.0))
    quiff = ellipsoid(points, (8.0, 97.0, 42.0), (52.0, 27.0, 46.0))
    cap = smooth_union(cap, quiff, 22.0)
    cap = smooth_cut(cap, ellipsoid(half, (0.0, -14.0, 84.0), (64.0, 84.0, 62.0)), 9.0)
    cap = smooth_cut(cap, ellipsoid(half, (92.0, -20.0, 6.0), (35.0, 45.0, 38.0)), 8.0)
    # The nape: nothing below a plane that falls towards the back.
    cap = smooth_cut(cap, half[:, 1] + 62.0 + 0.35 * (half[:, 2] + 90.0), 8.0)
    return cap - strand_relief(points)


def strand_relief(points: FieldPoints) -> Field:
    """Return (N,) heights in mm of the hair's clumps: noise drawn out along the way the hair is combed."""
    flow = strand_coordinates(points)
    clumps = fractal_noise(flow * np.array([8.0, 1.3, 8.0], dtype=np.float32), 3, 12)
    fine = fractal_noise(flow * np.array([26.0, 2.5, 26.0], dtype=np.float32), 2, 17)
    relief: Field = np.float32(2.3) * clumps + np.float32(0.9) * fine
    return relief


def strand_coordinates(points: FieldPoints) -> FieldPoints:
    """Return (N, 3) coordinates whose second runs along the strands, from the whorl at the crown."""
    whorl = np.array([12.0, 112.0, -42.0], dtype=np.float32)
    offset = points - np.array([0.0, 20.0, -14.0], dtype=np.float32)
    unit = offset / np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 1e-3)
    axis = whorl / np.linalg.norm(whorl)
    polar = np.arccos(np.clip(unit @ axis, -1.0, 1.0))
    side = np.cross(axis, np.array([0.0, 0.0, 1.0], dtype=np.float32))
    side /= np.linalg.norm(side)
    front = np.cross(side, axis)
    angle = np.arctan2(unit @ side, unit @ front) + 0.45 * polar
    return np.column_stack([np.cos(angle) * 1.6, polar, np.sin(angle) * 1.6]).astype(np.float32)


def head_distance(points: FieldPoints) -> Field:
    """Return the (N,) distance in mm to the whole person: head, hair and shirt, cut flat below the picture."""
    whole = np.minimum(np.minimum(bare_head_distance(points), hair_distance(points)), shirt_distance(points))
    return np.asarray(np.maximum(whole, FLOOR_Y - points[:, 1]), dtype=np.float32)


def eye_opening(half: FieldPoints) -> Field:
    """Return (N,) mm to the almond between the lids seen from the front, negative inside."""
    across = (half[:, 0] - EYE_CENTER[0]) / EYE_HALF_WIDTH
    bow = np.maximum(1.0 - across * across, -1.0)
    # The outer corner lies a little above the inner one.
    middle = 0.9 * across - 0.4
    upper = middle + 5.3 * bow
    lower = middle - 4.1 * bow
    y = half[:, 1]
    opening: Field = np.maximum(y - upper, lower - y) * np.float32(0.85)
    return opening


def _skull_and_jaw(half: FieldPoints) -> Field:
    skull = ellipsoid(half, (0.0, 29.0, -14.0), (74.0, 86.0, 96.0))
    skull = smooth_union(skull, ellipsoid(half, (0.0, 34.0, 34.0), (58.0, 56.0, 52.0)), 20.0)
    face = ellipsoid(half, (0.0, -34.0, 30.0), (58.0, 76.0, 54.0))
    face = smooth_union(face, ellipsoid(half, (0.0, -84.0, 44.0), (36.0, 30.0, 38.0)), 18.0)
    face = smooth_union(face, capsule(half, (54.0, -30.0, -2.0), (45.0, -72.0, 10.0), 12.0, 12.0), 16.0)
    face = smooth_union(face, capsule(half, (45.0, -72.0, 10.0), (14.0, -104.0, 62.0), 12.0, 13.0), 18.0)
    face = smooth_union(face, ellipsoid(half, (0.0, -105.0, 70.0), (19.0, 13.5, 15.0)), 12.0)
    face = smooth_union(face, ellipsoid(half, (44.0, -25.0, 50.0), (18.0, 14.0, 22.0)), 18.0)
    face = smooth_union(face, ellipsoid(half, (36.0, -56.0, 44.0), (21.0, 30.0, 25.0)), 20.0)
    return smooth_union(skull, face, 24.0)


def _carve_sockets(face: Field, half: FieldPoints) -> Field:
    face = smooth_union(face, capsule(half, (10.0, 15.0, 80.0), (44.0, 18.0, 66.0), 7.5, 7.0), 14.0)
    return smooth_cut(face, ellipsoid(half, (32.0, -1.0, 92.0), (19.0, 12.5, 15.0)), 12.0)


def _add_nose(face: Field, half: FieldPoints) -> Field:
    nose = capsule(half, (0.0, 8.0, 81.0), (0.0, -37.0, 102.0), 5.0, 6.6)
    nose = smooth_union(nose, ellipsoid(half, (0.0, -30.0, 86.0), (9.0, 23.0, 14.0)), 7.0)
    nose = smooth_union(nose, ellipsoid(half, (0.0, -41.0, 103.5), (9.5, 8.2, 10.0)), 9.0)
    nose = smooth_union(nose, ellipsoid(half, (12.0, -45.0, 91.0), (5.6, 6.2, 9.0)), 8.0)
    nose = smooth_union(nose, capsule(half, (0.0, -46.0, 103.0), (0.0, -54.0, 90.0), 4.5, 5.0), 5.0)
    face = smooth_union(face, nose, 11.0)
    return smooth_cut(face, ellipsoid(half, (5.2, -55.0, 97.0), (2.7, 4.6, 4.4)), 1.6)


def _add_mouth(face: Field, half: FieldPoints) -> Field:
    face = smooth_union(face, ellipsoid(half, (0.0, -72.0, 68.0), (30.0, 24.0, 23.0)), 14.0)
    upper = capsule(half, (4.0, -68.0, 90.0), (21.0, -72.6, 79.5), 5.2, 2.4)
    lower = capsule(half, (0.0, -78.6, 88.6), (18.0, -75.4, 80.5), 6.0, 2.6)
    face = smooth_union(face, upper, 4.0)
    face = smooth_union(face, lower, 4.0)
    face = smooth_cut(face, capsule(half, (0.0, -60.0, 96.0), (0.0, -65.0, 98.5), 2.4, 2.2), 4.0)
    face = smooth_cut(face, ellipsoid(half, (0.0, -90.0, 92.5), (17.0, 4.5, 7.0)), 8.0)
    line = ellipsoid(half, (0.0, -73.0, 94.0), (25.0, 0.7, 7.5))
    return smooth_cut(face, line, 2.4)


def _add_lids(face: Field, half: FieldPoints) -> Field:
    lids = sphere(half, EYE_CENTER, LID_RADIUS)
    covered = smooth_union(face, lids, 7.0)
    opening = np.maximum(eye_opening(half), EYE_CENTER[2] - half[:, 2])
    return smooth_cut(covered, opening, 1.2)


def _ear(half: FieldPoints) -> Field:
    """The left ear; evaluated only around it, far away it is just far away."""
    result = np.full(len(half), 1e3, dtype=np.float32)
    near = np.flatnonzero((half[:, 0] > 30.0) & (np.abs(half[:, 1] + 10.0) < 90.0) & (np.abs(half[:, 2] + 10.0) < 80.0))
    if near.size:
        result[near] = _ear_nearby(np.asfortranarray(half[near]))
    return result


def _ear_nearby(half: FieldPoints) -> Field:
    # Turned outwards by 20 degrees about the vertical and tilted back by 10 degrees.
    turn, tilt = np.deg2rad(20.0), np.deg2rad(10.0)
    local = half - np.array([73.5, -10.0, -10.0], dtype=np.float32)
    outward = np.array([[np.cos(turn), 0.0, -np.sin(turn)], [0.0, 1.0, 0.0], [np.sin(turn), 0.0, np.cos(turn)]])
    back = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(tilt), np.sin(tilt)], [0.0, -np.sin(tilt), np.cos(tilt)]])
    ear: FieldPoints = np.asfortranarray(local @ (outward @ back).astype(np.float32))
    # The rim narrows towards the lobe.
    narrow = ear.copy(order="F")
    narrow[:, 2] *= 1.0 + 0.35 * smooth_step(6.0, -30.0, ear[:, 1])
    ring = np.sqrt((narrow[:, 1] / 29.0) ** 2 + ((narrow[:, 2] + 4.0) / 17.0) ** 2)
    plate = np.asarray(0.8 * np.maximum((ring - 1.0) * 18.0, np.abs(ear[:, 0] + 1.0) - 5.0), dtype=np.float32)
    rim = np.asarray(0.8 * np.hypot((ring - 0.93) * 17.5, ear[:, 0] - 4.5) - 2.4, dtype=np.float32)
    shape = smooth_union(plate, rim, 4.0)
    inner = capsule(ear, (4.5, 13.0, -8.0), (4.5, -10.0, -10.5), 2.4, 2.2)
    shape = smooth_union(shape, inner, 3.0)
    shape = smooth_cut(shape, ellipsoid(ear, (6.6, -3.0, 0.5), (6.4, 11.0, 6.8)), 3.0)
    shape = smooth_union(shape, ellipsoid(ear, (1.5, -25.0, -1.0), (4.0, 7.5, 6.5)), 5.0)
    return smooth_union(shape, ellipsoid(ear, (2.0, -6.0, 11.0), (4.0, 5.0, 4.0)), 4.0)


def _neck(half: FieldPoints) -> Field:
    neck = capsule(half, (0.0, -58.0, -22.0), (0.0, -205.0, -34.0), 47.0, 54.0)
    tendon = capsule(half, (49.0, -58.0, -24.0), (12.0, -186.0, 14.0), 8.0, 7.0)
    neck = smooth_union(neck, tendon, 16.0)
    return smooth_union(neck, ellipsoid(half, (0.0, -132.0, 20.0), (8.0, 12.0, 9.0)), 16.0)


def _shoulders(half: FieldPoints) -> Field:
    slope = capsule(half, (0.0, -168.0, -48.0), (122.0, -218.0, -46.0), 38.0, 34.0)
    chest = ellipsoid(half, (0.0, -390.0, -28.0), (172.0, 212.0, 90.0))
    arm = capsule(half, (148.0, -238.0, -42.0), (186.0, -470.0, -30.0), 48.0, 46.0)
    return smooth_union(smooth_union(slope, chest, 40.0), arm, 36.0)


def shirt_distance(points: FieldPoints) -> Field:
    """Return the (N,) distance in mm to a crew-neck shirt: the shoulders, 5 mm thicker, open around the neck."""
    half = points.copy(order="F")
    half[:, 0] = np.abs(half[:, 0])
    neck = _neck(half)
    body = smooth_union(_shoulders(half), neck, 16.0) - 5.0
    # Open above a plane that hangs to the front, but only close to the neck: the shoulders stay covered.
    above = half[:, 1] + 152.0 + 0.42 * (half[:, 2] + 90.0)
    opening = -smooth_union(above, 26.0 - neck, 12.0)
    folds = fractal_noise(points * np.array([0.02, 0.012, 0.02], dtype=np.float32), 2, 5)
    cloth = smooth_cut(body - 1.6 * folds, opening, 3.0)
    collar = np.asarray(np.hypot(body, opening) - 5.5, dtype=np.float32)
    return smooth_union(cloth, collar, 4.0)
