"""Fisheye lenses that see beyond 90 degrees from their axis: that part of the picture is not drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.wording import list_names

_MAX_DEG = 180.0


def angle_beyond_90(K: FloatArray, size: tuple[int, int], coefficients: Iterable[float]) -> float | None:
    """Return the angle in degrees from the axis that a Kannala-Brandt picture reaches; None up to 90 degrees.

    The curve r = theta (1 + k1 theta^2 + ...) is followed up to the farthest corner, or to where it turns over, at most
    180 degrees. It is sound beyond 90 degrees, but a ray there has no (x / z, y / z).

    Args:
        K: (3, 3) intrinsics in px.
        size: (width, height) in px.
        coefficients: k1 k2 k3 k4.
    """
    lens = tuple(coefficients)
    if not (np.isfinite(K).all() and np.isfinite(lens).all()) or K[0, 0] == 0.0 or K[1, 1] == 0.0:
        return None
    x = (np.array([-0.5, size[0] - 0.5]) - K[0, 2]) / K[0, 0]
    y = (np.array([-0.5, size[1] - 0.5]) - K[1, 2]) / K[1, 1]
    return _reached(float(np.hypot(np.abs(x).max(), np.abs(y).max())), lens)


@lru_cache(maxsize=4096)
def _reached(farthest: float, coefficients: tuple[float, ...]) -> float | None:
    theta = np.radians(np.linspace(0.0, _MAX_DEG, 1801))
    square = theta * theta
    bent = theta * (1.0 + sum(k * square ** (power + 1) for power, k in enumerate(coefficients)))
    rises = np.flatnonzero(np.diff(bent) <= 0.0)
    end = int(rises[0]) + 1 if rises.size else len(theta)
    reached = float(np.degrees(np.interp(farthest, bent[:end], theta[:end])))
    return reached if reached > 90.0 else None


def with_wide_lens_note(rig: RawRig) -> RawRig:
    """Return the rig with a note that names its cameras whose pictures reach beyond 90 degrees."""
    wide = {camera.name: angle for camera in rig.cameras if (angle := _angle_of(camera)) is not None}
    if not wide:
        return rig
    note = (
        f"the fisheye lens of {list_names(list(wide))} sees up to {max(wide.values()):.0f} degrees from its axis: what "
        "lies beyond 90 degrees is not projected and not drawn"
    )
    return replace(rig, notes=(*rig.notes, note))


def _angle_of(camera: RawCamera) -> float | None:
    if camera.model != "kannala_brandt" or camera.size is None:
        return None
    return angle_beyond_90(camera.K, camera.size, camera.coefficients)
