"""Readings of what was measured in pictures: landmarks, mattes, and the pictures themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.readings.counterparts import counterparts
from renderkit.diagnosis.readings.estimate import picture_scale
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.owners import own_everything, own_landmarks, own_mattes
from renderkit.diagnosis.readings.reading import Reading, Views, each, has_landmarks, has_matte
from renderkit.geometry.lens_model import NoDistortion

LEAST_BORDER: Final = 0.25
LEAST_BACKGROUND: Final = 0.05
"""An inverted matte holds at least these shares of the picture's border and of the picture."""


def _scaled(view: Interpretation, factor: FloatArray, offset: float = 0.0) -> Interpretation:
    pixels = view.pixels * factor + offset
    return view.but(pixels=pixels, px_per_unit=view.px_per_unit * float(np.sqrt(abs(factor.prod()))))


def _normalised(view: Interpretation) -> Interpretation:
    # Detectors divide the pixel by width and height, so 0 is the centre of the first pixel.
    return _scaled(view, np.array(view.size, dtype=np.float64))


def _normalised_signed(view: Interpretation) -> Interpretation:
    half = 0.5 * np.array(view.size, dtype=np.float64)
    moved = _scaled(view, half)
    return moved.but(pixels=moved.pixels + half)


def _by(factor: float) -> Callable[[Interpretation], Interpretation]:
    # A pixel of the other size has its centre at (u + 0.5) * factor - 0.5.
    return lambda view: _scaled(view, np.full(2, factor), 0.5 * factor - 0.5)


def _other_size(views: Views) -> Views | None:
    marked = tuple(view for view in views if has_landmarks(view))
    factor = picture_scale(marked, uniform=True) if marked else None
    if factor is None:
        return None
    return each(_by(1.0 / float(factor[0])), has_landmarks)(views)


def _exchanged(view: Interpretation) -> Interpretation:
    return view.but(pixels=view.pixels[:, ::-1])


def _reflected(axis: int) -> Callable[[Interpretation], Interpretation]:
    def change(view: Interpretation) -> Interpretation:
        pixels = view.pixels.copy()
        pixels[:, axis] = view.size[axis] - 1.0 - pixels[:, axis]
        return view.but(pixels=pixels)

    return change


def _shifted_ids(step: int) -> Callable[[Interpretation], Interpretation | None]:
    def change(view: Interpretation) -> Interpretation | None:
        if len(view.pixels) <= 2 * abs(step):
            return None
        return view.but(pixels=np.roll(view.pixels, step, axis=0))

    return change


def _inverted(view: Interpretation) -> Interpretation | None:
    if view.matte is None:
        return None
    border = np.concatenate([view.matte[0], view.matte[-1], view.matte[:, 0], view.matte[:, -1]])
    # What is left out of a picture with a subject is part of its border, and more than a line or a spot.
    is_background = border.mean() >= LEAST_BORDER and view.matte.mean() >= LEAST_BACKGROUND
    return view.but(matte=~view.matte) if is_background else None


def _mattes_undistorted(views: Views) -> Views | None:
    # By mattes alone it is the pictures that are undistorted: that is said with both causes.
    if not any(has_landmarks(view) for view in views):
        return None
    return each(lambda view: view.but(matte_is_bent=False) if view.matte_is_bent else None, _has_bent_matte)(views)


def _has_bent_matte(view: Interpretation) -> bool:
    return has_matte(view) and not isinstance(view.lens, NoDistortion)


def _mattes_turned(turn: Callable[[BoolArray], BoolArray], *, alone: bool) -> Callable[[Views], Views | None]:
    def change(view: Interpretation) -> Interpretation:
        turned = None if view.matte is None else turn(view.matte)
        is_alike = turned is not None and view.matte is not None and turned.shape == view.matte.shape
        return view.but(matte=turned) if is_alike else view

    def change_all(views: Views) -> Views | None:
        # By mattes alone it is the pictures that are turned: that is said with both causes, where it is a reading.
        is_told = alone or any(len(view.pixels) for view in views)
        if not is_told or all(view.matte is None for view in views):
            return None
        return tuple(map(change, views))

    return change_all


def _unscaled(view: Interpretation) -> Interpretation | None:
    return None if view.matte is None or np.allclose(view.matte_from_px, 1.0) else view.but(matte_from_px=np.ones(2))


def _mirrored_pictures(views: Views) -> Views | None:
    # With landmarks alone the landmarks are mirrored: that is said with both causes.
    return each(_mirrored)(views) if any(has_matte(view) for view in views) else None


def _mirrored(view: Interpretation) -> Interpretation:
    return _reflected(0)(view).but(matte=None if view.matte is None else view.matte[:, ::-1])


def _seen_in_mirror(views: Views) -> Views | None:
    """Undo a mirroring of pictures in which landmarks were detected: a right eye was taken for a left one."""
    changed = tuple(_with_counterparts(view) for view in views)
    return None if all(np.isnan(view.pixels).all() for view in changed) else changed


def _with_counterparts(view: Interpretation) -> Interpretation:
    found = counterparts(view.points)
    pixels = np.full(view.pixels.shape, np.nan)
    if found is not None:
        opposite = found >= 0
        pixels[opposite] = view.pixels[found[opposite]] * (-1.0, 1.0) + (view.size[0] - 1.0, 0.0)
    return view.but(pixels=pixels, matte=None if view.matte is None else view.matte[:, ::-1])


def _turned(quarters: int) -> Callable[[Interpretation], Interpretation]:
    """Undo a turn of the pictures by `quarters` times 90 degrees clockwise; K is of the picture before the turn."""

    def change(view: Interpretation) -> Interpretation:
        width, height = view.size
        u, v = view.pixels.T if len(view.pixels) else (np.zeros(0), np.zeros(0))
        back = {1: (v, height - 1.0 - u), 2: (width - 1.0 - u, height - 1.0 - v), 3: (width - 1.0 - v, u)}[quarters]
        changed = view.but(pixels=np.column_stack(back))
        if view.matte is None:
            return changed
        matte = np.rot90(view.matte, quarters)
        scale = np.array([matte.shape[1] / width, matte.shape[0] / height])
        return changed.but(matte=matte, matte_from_px=scale)

    return change


OWNERS = (
    Reading("pictures of other cameras", "owner", "pictures belong to other cameras", own_everything, amiss="pictures"),
    Reading(
        "landmarks of other cameras", "owner", "landmarks belong to other cameras", own_landmarks, amiss="landmarks"
    ),
    Reading("mattes of other cameras", "owner", "mattes belong to other cameras", own_mattes, amiss="mattes"),
)

TURNS = (
    *(
        Reading(
            f"pictures turned by {90 * quarters} deg",
            "turn",
            f"pictures (or what was measured in them) are turned by {90 * quarters} degrees clockwise against the "
            "calibration (EXIF orientation)",
            each(_turned(quarters)),
            amiss="pictures",
        )
        for quarters in (1, 2, 3)
    ),
    Reading("pictures mirrored", "turn", "pictures are mirrored left to right", _mirrored_pictures, amiss="pictures"),
    Reading(
        "pictures mirrored before detection",
        "turn",
        "pictures are mirrored left to right, and landmarks were detected in them: left and right are exchanged",
        _seen_in_mirror,
        amiss="pictures",
    ),
)

LANDMARK_UNITS = (
    Reading(
        "landmarks normalised",
        "landmark unit",
        "landmarks are normalised to 0..1 of width and height; expected pixels",
        each(_normalised, has_landmarks),
        amiss="landmarks",
    ),
    Reading(
        "landmarks normalised to -1..1",
        "landmark unit",
        "landmarks are normalised to -1..1; expected pixels",
        each(_normalised_signed, has_landmarks),
        amiss="landmarks",
    ),
    *(
        Reading(
            f"landmarks times {factor:g}",
            "landmark unit",
            f"landmarks are of pictures of another size: they need a factor {factor:g}",
            each(_by(factor), has_landmarks),
            amiss="landmarks",
        )
        for factor in (2.0, 0.5, 4.0, 0.25)
    ),
    Reading(
        "landmarks of another size",
        "landmark size",
        "landmarks are of pictures of another size",
        _other_size,
        num_estimated=1,
        amiss="landmarks",
    ),
)

LANDMARK_ORDER = (
    Reading(
        "landmarks y, x",
        "landmark order",
        "x and y of the landmarks are exchanged (row, column)",
        each(_exchanged, has_landmarks),
        amiss="landmarks",
    ),
)

LANDMARK_AXES = (
    Reading(
        "landmarks mirrored",
        "landmark axes",
        "landmarks, or the pictures that they were found in, are mirrored left to right",
        each(_reflected(0), has_landmarks),
        amiss="landmarks",
    ),
    Reading(
        "landmarks y up",
        "landmark axes",
        "landmarks count y from the bottom of the picture",
        each(_reflected(1), has_landmarks),
        amiss="landmarks",
    ),
)

LANDMARK_IDS = tuple(
    Reading(
        f"landmark ids shifted by {-step:+d}",
        "landmark ids",
        f"landmark ids are shifted by {-step:+d}: the 2D landmark j belongs to the 3D landmark j {step:+d}",
        each(_shifted_ids(step), has_landmarks),
        amiss="landmarks",
    )
    for step in (1, -1)
)

_AGAINST = " against the pictures that the landmarks are of"

_MATTE_TURNS: tuple[tuple[str, str, Callable[[BoolArray], BoolArray]], ...] = (
    ("mattes upside down", "mirrored top to bottom", np.flipud),
    ("mattes mirrored", f"mirrored left to right{_AGAINST}", np.fliplr),
    ("mattes turned by 90 degrees", f"turned by 90 degrees clockwise{_AGAINST}", np.rot90),
    ("mattes turned by 180 degrees", f"turned by 180 degrees{_AGAINST}", lambda matte: matte[::-1, ::-1]),
    ("mattes turned by 270 degrees", f"turned by 270 degrees clockwise{_AGAINST}", lambda matte: np.rot90(matte, 3)),
)

MATTES = (
    Reading(
        "mattes inverted", "matte", "mattes are inverted: 255 is outside", each(_inverted, has_matte), amiss="mattes"
    ),
    *(
        Reading(name, "matte", f"mattes are {how}", _mattes_turned(turn, alone=_AGAINST not in how), amiss="mattes")
        for name, how, turn in _MATTE_TURNS
    ),
    Reading(
        "mattes not resized",
        "matte",
        "mattes are a crop of the picture from its top-left corner, not a resized picture",
        each(_unscaled, has_matte),
        amiss="mattes",
    ),
    Reading(
        "mattes of undistorted pictures",
        "matte lens",
        "mattes are of undistorted pictures; the landmarks and K are of the raw ones",
        _mattes_undistorted,
        amiss="mattes",
    ),
)
