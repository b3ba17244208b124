"""Readings of the intrinsics and the picture size; some estimate a factor or a crop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.agreement import landmark_spread
from renderkit.diagnosis.readings.common_shift import HALF_PIXEL
from renderkit.diagnosis.readings.estimate import picture_crop, picture_scale, scaled_intrinsics
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Reading, Views, each

MIN_CROP_PX = 2.0
"""By less nobody crops, and it is how well outlines are known ..."""

MIN_CROP_SHARE = 0.02
"""... nor by less than this share of the landmarks' spread: detectors set landmarks aside by so much."""


def _moved(K: FloatArray, x: float, y: float) -> FloatArray:
    result = K.copy()
    result[:2, 2] += (x, y)
    return result


def _half_pixel(step: float) -> Callable[[Views], Views | None]:
    def moved(views: Views) -> Views | None:
        # Where in its pixel a matte's edge lies is a convention: without any landmarks half a pixel is not told.
        if not any(len(view.pixels) for view in views):
            return None
        return tuple(view.but(K=_moved(view.K, step, step)) for view in views)

    return moved


def _resized(factor: float) -> Callable[[Interpretation], Interpretation]:
    return lambda view: view.but(K=scaled_intrinsics(view.K, np.full(2, factor)))


def _focal(factor: float) -> Callable[[Interpretation], Interpretation]:
    def change(view: Interpretation) -> Interpretation:
        result = view.K.copy()
        result[:2, :2] *= factor
        return view.but(K=result)

    return change


def _centre_swapped(view: Interpretation) -> Interpretation:
    result = view.K.copy()
    result[:2, 2] = view.K[[1, 0], 2]
    return view.but(K=result)


def _focals_swapped(view: Interpretation) -> Interpretation:
    result = view.K.copy()
    result[0, 0], result[1, 1] = view.K[1, 1], view.K[0, 0]
    return view.but(K=result)


def _all_swapped(view: Interpretation) -> Interpretation:
    return _centre_swapped(_focals_swapped(view))


def _size_swapped(view: Interpretation) -> Interpretation | None:
    width, height = view.size
    if width == height:
        return None
    return view.but(size=(height, width), matte_from_px=view.matte_from_px * np.array([width / height, height / width]))


def _estimated_scale(*, uniform: bool) -> Callable[[Views], Views | None]:
    def apply(views: Views) -> Views | None:
        factor = picture_scale(views, uniform=uniform)
        if factor is None:
            return None
        return tuple(view.but(K=scaled_intrinsics(view.K, factor)) for view in views)

    return apply


def _estimated_crop(views: Views) -> Views | None:
    offset = picture_crop(views)
    spreads = [landmark_spread(view) for view in views if len(view.pixels)]
    least = max(MIN_CROP_PX, MIN_CROP_SHARE * float(np.median(spreads)) if spreads else 0.0)
    if offset is None or float(np.hypot(*offset)) < least:
        return None
    return tuple(view.but(K=_moved(view.K, *offset)) for view in views)


SIZES = (Reading("width and height swapped", "size", "width and height are swapped", each(_size_swapped)),)

CENTERS = (
    Reading("cx and cy swapped", "center", "cx and cy are swapped", each(_centre_swapped)),
    Reading("fx and fy swapped", "center", "fx and fy are swapped", each(_focals_swapped)),
    Reading("x and y of K swapped", "center", "fx and fy, and cx and cy, are swapped", each(_all_swapped)),
    Reading(
        HALF_PIXEL,
        "crop",
        "projections lie 0.5 px right of and below what was detected: cx and cy count from the corner of the top-left "
        "pixel, expected from its centre; or the landmarks are 0.5 px too small",
        _half_pixel(-0.5),
    ),
    Reading(
        f"{HALF_PIXEL}, subtracted twice",
        "crop",
        "projections lie 0.5 px left of and above what was detected: half a pixel was taken off cx and cy that "
        "counted from the centre of the top-left pixel already; or the landmarks are 0.5 px too large",
        _half_pixel(0.5),
    ),
)

FOCALS = tuple(
    Reading(
        f"focal length times {factor:g}",
        "focal",
        f"focal lengths need a factor {factor:g}, the principal point is right",
        each(_focal(factor)),
    )
    for factor in (2.0, 0.5)
)

SCALES = (
    *(
        Reading(
            f"K times {factor:g}",
            "scale",
            f"K is of pictures of another size: it needs a factor {factor:g}",
            each(_resized(factor)),
        )
        for factor in (2.0, 0.5, 4.0, 0.25)
    ),
    Reading(
        "pictures resized",
        "scale",
        "pictures were resized without K",
        _estimated_scale(uniform=True),
        num_estimated=1,
    ),
    Reading(
        "pictures stretched",
        "scale",
        "pictures were resized without K, by different factors in x and y",
        _estimated_scale(uniform=False),
        num_estimated=2,
    ),
)

CROPS = (
    Reading(
        "pictures cropped",
        "crop",
        "pictures were cropped (or shifted) without K",
        _estimated_crop,
        num_estimated=2,
    ),
)
