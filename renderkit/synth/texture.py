"""The head's colours as functions of the place on the neutral head: sharp at any picture size, no image needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray
from renderkit.synth.fields import Field, FieldPoints, Triple, fractal_noise, smooth_step, value_noise
from renderkit.synth.head import ScanModel
from renderkit.synth.head_field import EYE_CENTER, EYE_RADIUS, eye_opening, strand_coordinates


@dataclass(frozen=True)
class Palette:
    """Linear RGB colours of one person.

    Attributes:
        skin: Skin.
        lip: Lips.
        hair: Hair and brows.
        iris: Iris.
        cloth: Shirt.
    """

    skin: Triple
    lip: Triple
    hair: Triple
    iris: Triple
    cloth: Triple


PALETTES = (
    Palette((0.62, 0.37, 0.26), (0.46, 0.165, 0.14), (0.052, 0.027, 0.014), (0.09, 0.16, 0.21), (0.022, 0.10, 0.135)),
    Palette((0.36, 0.185, 0.105), (0.27, 0.10, 0.08), (0.014, 0.010, 0.009), (0.07, 0.032, 0.014), (0.33, 0.27, 0.20)),
    Palette((0.70, 0.45, 0.34), (0.52, 0.21, 0.18), (0.30, 0.15, 0.055), (0.10, 0.18, 0.10), (0.11, 0.035, 0.05)),
    Palette((0.17, 0.08, 0.045), (0.17, 0.065, 0.05), (0.009, 0.008, 0.008), (0.045, 0.021, 0.010), (0.30, 0.12, 0.03)),
)
"""The person is chosen by the seed; the first one is the one in the README."""


_MOUTH = (0.10, 0.026, 0.022)


@dataclass(frozen=True, eq=False)
class Surface:
    """What a place on the head looks like.

    Attributes:
        albedo: (N, 3) linear RGB in [0, 1].
        gloss: (N,) strength of the highlight.
        sharpness: (N,) exponent of the highlight.
    """

    albedo: NDArray[np.float32]
    gloss: Field
    sharpness: Field


def surface_at(points: FieldPoints, hair_margin: Field, cloth_margin: Field, palette: Palette) -> Surface:
    """Colour places on the head.

    Args:
        points: (N, 3) places on the neutral head, mm.
        hair_margin: (N,) mm by which hair lies outside everything else there; negative where it does not.
        cloth_margin: (N,) the same for the shirt.
        palette: The person's colours.
    """
    count = len(points)
    albedo = np.zeros((count, 3), dtype=np.float32)
    gloss, sharpness = np.zeros(count, dtype=np.float32), np.full(count, 18.0, dtype=np.float32)
    cloth = cloth_margin > 0.0
    albedo[cloth] = _cloth(np.asfortranarray(points[cloth]), palette)
    # Hair's edge is ragged over half a millimetre.
    hair = np.where(cloth, 0.0, smooth_step(-0.45, 0.45, hair_margin))
    fringe = np.flatnonzero((np.abs(hair_margin) < 1.5) & ~cloth)
    ragged = hair_margin[fringe] + 0.5 * fractal_noise(points[fringe] * np.float32(0.9), 2, 31)
    hair[fringe] = smooth_step(-0.45, 0.45, ragged)
    bare = np.flatnonzero((hair < 1.0) & ~cloth)
    albedo[bare], gloss[bare], sharpness[bare] = _face(np.asfortranarray(points[bare]), palette)
    shaggy = np.flatnonzero(hair > 0.0)
    share = hair[shaggy].astype(np.float32)
    albedo[shaggy] = _mix(albedo[shaggy], _hair(np.asfortranarray(points[shaggy]), palette), share)
    gloss[shaggy] += (0.07 - gloss[shaggy]) * share
    sharpness[shaggy] += (26.0 - sharpness[shaggy]) * share
    return Surface(np.clip(albedo, 0.0, 1.0), gloss, sharpness)


def _face(points: FieldPoints, palette: Palette) -> tuple[NDArray[np.float32], Field, Field]:
    """Return albedo, gloss and sharpness of skin, lips, brows and eyes."""
    albedo = _skin(points, palette)
    gloss = np.float32(0.055) + np.float32(0.05) * _bump(points, (0.0, -20.0, 96.0), 40.0)
    sharpness = np.full(len(points), 18.0, dtype=np.float32)
    lips = _lips(points)
    albedo = _mix(albedo, np.array(palette.lip) * (1.0 + 0.18 * _streaks(points))[:, None], lips)
    gloss += np.float32(0.12) * lips
    albedo = _mix(albedo, np.array(_MOUTH), _mouth_slit(points))
    albedo = _mix(albedo, np.array(palette.hair) * 1.25, _brows(points))
    eye = np.flatnonzero(_on_eyeball(points))
    albedo[eye], gloss[eye], sharpness[eye] = _eye(points[eye], palette), 1.0, 420.0
    return albedo, gloss, sharpness


def _skin(points: FieldPoints, palette: Palette) -> NDArray[np.float32]:
    blotches = fractal_noise(points * np.float32(0.05), 3, 41)
    pores = fractal_noise(points * np.float32(0.7), 2, 43)
    half = points.copy(order="F")
    half[:, 0] = np.abs(half[:, 0])
    red = 0.6 * _bump(half, (40.0, -36.0, 72.0), 24.0) + 0.45 * _bump(half, (0.0, -42.0, 110.0), 14.0)
    red += 0.8 * _bump(half, (80.0, -10.0, -14.0), 30.0) + 0.35 * _bump(half, (0.0, -104.0, 84.0), 18.0)
    stubble = 0.55 * _bump(half, (0.0, -94.0, 80.0), 34.0) + 0.45 * _bump(half, (42.0, -76.0, 36.0), 34.0)
    stubble *= (half[:, 1] < -52.0) * (0.75 + 0.6 * np.maximum(value_noise(points * np.float32(1.7), 47), 0.0))
    shade = 1.0 + 0.06 * blotches + 0.05 * pores - 0.16 * _bump(half, (30.0, -8.0, 78.0), 15.0)
    albedo = np.array(palette.skin, dtype=np.float32) * shade[:, None]
    albedo *= 1.0 + red[:, None] * np.array([0.03, -0.20, -0.20], dtype=np.float32)
    albedo *= 1.0 - 0.22 * stubble[:, None] * np.array([1.0, 0.88, 0.75], dtype=np.float32)
    freckles = smooth_step(0.6, 0.85, value_noise(points * np.float32(0.45), 53)) * _bump(
        half, (24.0, -26.0, 84.0), 26.0
    )
    albedo *= 1.0 - 0.13 * freckles[:, None] * np.array([0.7, 1.0, 1.1], dtype=np.float32)
    lash = _lash_line(half)
    crease = 0.4 * _lid_crease(half)
    nostril = 0.85 * _bump(half, (5.2, -54.5, 95.0), 3.2)
    dark: NDArray[np.float32] = ((1.0 - 0.85 * lash) * (1.0 - nostril) * (1.0 - crease)).astype(np.float32)
    return np.asarray(albedo * dark[:, None], dtype=np.float32)


def _lips(points: FieldPoints) -> Field:
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    bow = np.maximum(1.0 - (x / 25.0) ** 2, 0.0)
    upper = -72.8 + 7.4 * bow**0.8 - 1.7 * np.exp(-((x / 4.2) ** 2))
    lower = -73.2 - 9.6 * bow**0.75
    inner = np.minimum(upper - y, y - lower)
    mask = smooth_step(-0.7, 0.9, inner) * (z > 66.0) * (x < 25.0)
    return mask.astype(np.float32)


def _mouth_slit(points: FieldPoints) -> Field:
    """The crease between the lips; the jaw stretches it into the open mouth."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    mask = smooth_step(0.9, 0.25, np.abs(y + 73.0)) * smooth_step(21.0, 17.0, x) * (z > 66.0)
    return mask.astype(np.float32)


def _brows(points: FieldPoints) -> Field:
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    along = (x - 11.0) / 38.0
    middle = 13.2 + 7.6 * np.sin(np.clip(along, 0.0, 1.0) * 2.25)
    thick = 4.4 * (1.0 - 0.62 * np.clip(along, 0.0, 1.0) ** 1.6)
    inside = 1.0 - np.abs(y - middle) / thick
    hairs = value_noise(np.column_stack([x * 1.1 - 0.9 * y, y * 0.18 + x * 0.12, z * 0.1]).astype(np.float32), 61)
    ends = smooth_step(-0.06, 0.08, along) * smooth_step(1.06, 0.9, along)
    mask = smooth_step(0.0, 0.75, inside + 0.45 * hairs) * ends * (z > 45.0)
    return (0.88 * mask).astype(np.float32)


def _lash_line(half: FieldPoints) -> Field:
    across = (half[:, 0] - EYE_CENTER[0]) / 15.6
    upper = 0.9 * across - 0.4 + 5.6 * np.maximum(1.0 - across * across, -1.0)
    near = np.exp(-(((half[:, 1] - upper - 0.5) / 0.75) ** 2)) * (np.abs(across) < 1.0) * (half[:, 2] > 60.0)
    return np.asarray(near, dtype=np.float32)


def _lid_crease(half: FieldPoints) -> Field:
    across = (half[:, 0] - EYE_CENTER[0] - 0.5) / 15.5
    fold = 0.9 * across + 3.2 + 5.2 * np.maximum(1.0 - across * across, -1.0)
    near = np.exp(-(((half[:, 1] - fold) / 0.7) ** 2)) * smooth_step(1.0, 0.7, np.abs(across)) * (half[:, 2] > 60.0)
    return np.asarray(near, dtype=np.float32)


def _on_eyeball(points: FieldPoints) -> BoolArray:
    half = points.copy(order="F")
    half[:, 0] = np.abs(half[:, 0])
    radius = np.linalg.norm(half - np.array(EYE_CENTER, dtype=np.float32), axis=1)
    on: BoolArray = (radius < EYE_RADIUS + 0.3) & (half[:, 2] > EYE_CENTER[2]) & (eye_opening(half) < 0.15)
    return on


def _eye(points: FieldPoints, palette: Palette) -> NDArray[np.float32]:
    x, y = np.abs(points[:, 0]) - EYE_CENTER[0] + 0.6, points[:, 1] - EYE_CENTER[1] - 0.2
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    veins = fractal_noise(points * np.float32(0.8), 2, 71)
    sclera = np.array([0.72, 0.66, 0.62]) * (1.0 + 0.05 * veins)[:, None]
    fibres = value_noise(
        np.column_stack([np.cos(angle) * 9.0, np.sin(angle) * 9.0, radius * 0.7]).astype(np.float32), 73
    )
    iris = np.array(palette.iris) * (1.0 + 0.55 * fibres + 0.5 * smooth_step(4.6, 2.4, radius))[:, None]
    iris *= (1.0 - 0.75 * smooth_step(4.7, 5.9, radius))[:, None]
    color = _mix(sclera.astype(np.float32), iris, smooth_step(6.15, 5.7, radius))
    return _mix(color, np.array([0.006, 0.005, 0.005]), smooth_step(2.5, 2.1, radius))


def _hair(points: FieldPoints, palette: Palette) -> NDArray[np.float32]:
    flow = strand_coordinates(points)
    strands = value_noise(flow * np.array([58.0, 3.0, 58.0], dtype=np.float32), 81)
    locks = fractal_noise(flow * np.array([14.0, 1.5, 14.0], dtype=np.float32), 2, 83)
    shade = np.clip(1.0 + 0.85 * strands + 0.7 * locks, 0.12, 3.0)
    return np.asarray(np.array(palette.hair) * shade[:, None], dtype=np.float32)


def _cloth(points: FieldPoints, palette: Palette) -> NDArray[np.float32]:
    heather = fractal_noise(points * np.array([1.2, 0.35, 1.2], dtype=np.float32), 2, 91)
    ribs = np.sin(points[:, 0] * np.float32(2.6)) * 0.06
    weave = np.clip(1.0 + 0.28 * heather + ribs, 0.3, 2.0)
    return np.asarray(np.array(palette.cloth) * weave[:, None], dtype=np.float32)


def _streaks(points: FieldPoints) -> Field:
    return value_noise(points * np.array([1.3, 0.15, 0.3], dtype=np.float32), 97)


def _bump(points: FieldPoints, center: Triple, width: float) -> Field:
    x, y, z = (points[:, axis] - np.float32(center[axis]) for axis in range(3))
    bump: Field = np.exp((x * x + y * y + z * z) * np.float32(-1.0 / width**2))
    return bump


def _mix(below: NDArray[np.float32], above: NDArray[np.floating], share: Field) -> NDArray[np.float32]:
    mixed: NDArray[np.float32] = (below + (above - below) * share[:, None]).astype(np.float32)
    return mixed


def flat_colors(points: FieldPoints, palette: Palette) -> NDArray[np.uint8]:
    """Return (N, 3) sRGB colours of places on the bare head, without light."""
    nowhere = np.full(len(points), -10.0, dtype=np.float32)
    return _encode(surface_at(points, nowhere, nowhere, palette).albedo)


def scan_colors(model: ScanModel, palette: Palette) -> NDArray[np.uint8]:
    """Return (V, 3) sRGB colours of the scan's vertices, without light."""
    margins = model.hair_margin.astype(np.float32), model.cloth_margin.astype(np.float32)
    return _encode(surface_at(model.vertices.astype(np.float32), *margins, palette).albedo)


def _encode(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn linear RGB into sRGB bytes."""
    low, high = 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1.0 / 2.4) - 0.055
    return np.asarray(np.where(linear <= 0.0031308, low, high) * 255.0 + 0.5, dtype=np.uint8)
