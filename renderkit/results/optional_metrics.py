"""The metrics that are measured on request only, and Dice and NME, which come with the standard ones."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from renderkit.metrics.contour_score import ContourScore
from renderkit.results.metric import Metric


def _bands(index: int) -> Callable[[ContourScore], float]:
    return lambda score: score.bands[index].iou


def _boundary(index: int) -> Callable[[ContourScore], float]:
    return lambda score: score.boundary[index].f


def _official(score: ContourScore) -> float:
    return float("nan") if score.official is None else score.official.iou


def _alignment(name: str, zero: float | None = None) -> Callable[[ContourScore], float]:
    """Read a number of the alignment; with `zero`, its distance from there."""

    def read(score: ContourScore) -> float:
        value = float(getattr(score.alignment, name))
        return value if zero is None else abs(value - zero)

    return read


def _finite(name: str) -> Callable[[Any], float]:
    """Read a number that may be infinite, such as the PSNR of equal pictures; 100 dB stands for no difference."""
    return lambda score: min(float(getattr(score, name)), 100.0)


STANDARD_ADDITIONS = (
    Metric("dice", "Dice", "ratio", "higher", "mask", attrgetter("dice"), 4, "Twice the common area over both areas."),
    Metric(
        "nme",
        "NME",
        "factor",
        "lower",
        "nme",
        attrgetter("nme"),
        4,
        "Mean landmark distance over the distance of the outer eye corners.",
    ),
)

_CONTOUR = (
    *(
        Metric(
            f"boundary_f_{tolerance}px",
            f"F {tolerance}px",
            "ratio",
            "higher",
            "contour",
            _boundary(index),
            4,
            f"Boundary F measure of the two contours at a tolerance of {tolerance} px.",
        )
        for index, tolerance in enumerate((1, 4))
    ),
    *(
        Metric(
            f"boundary_iou_{width}px",
            f"bIoU {width}px",
            "ratio",
            "higher",
            "contour",
            _bands(index),
            4,
            f"IoU of the bands of {width} px just inside the two contours.",
        )
        for index, width in enumerate((2, 4, 8))
    ),
    Metric(
        "boundary_iou",
        "bIoU",
        "ratio",
        "higher",
        "contour",
        _official,
        4,
        "Boundary IoU at the published width, 2 % of the picture's diagonal.",
    ),
    Metric(
        "assd_px",
        "ASSD px",
        "px",
        "lower",
        "contour",
        lambda score: score.distance.assd_px,
        2,
        "Average symmetric distance between the two contours.",
    ),
    Metric(
        "hd95_px",
        "HD95 px",
        "px",
        "lower",
        "contour",
        lambda score: score.distance.hd95_px,
        2,
        "95th percentile of the distance between the two contours, the worse direction.",
    ),
    Metric(
        "align_dx_px",
        "dx px",
        "px",
        "neither",
        "contour",
        _alignment("dx_px"),
        2,
        "How far the rendered contour would have to move right to lie on the captured one.",
    ),
    Metric(
        "align_dy_px",
        "dy px",
        "px",
        "neither",
        "contour",
        _alignment("dy_px"),
        2,
        "How far the rendered contour would have to move down to lie on the captured one.",
    ),
    Metric(
        "align_shift_px",
        "shift px",
        "px",
        "lower",
        "contour",
        _alignment("shift_px"),
        2,
        "Length of the shift that would bring the rendered contour onto the captured one.",
    ),
    Metric(
        "align_scale",
        "scale",
        "factor",
        "neither",
        "contour",
        _alignment("scale"),
        4,
        "By which factor the rendered contour would have to grow.",
    ),
    Metric(
        "align_scale_error",
        "|scale-1|",
        "ratio",
        "lower",
        "contour",
        _alignment("scale", 1.0),
        4,
        "How far that factor is from 1.",
    ),
    Metric(
        "align_roll_deg",
        "roll deg",
        "deg",
        "neither",
        "contour",
        _alignment("roll_deg"),
        3,
        "How far the rendered contour would have to turn, clockwise.",
    ),
    Metric(
        "align_roll_error_deg",
        "|roll|",
        "deg",
        "lower",
        "contour",
        _alignment("roll_deg", 0.0),
        3,
        "How far the rendered contour would have to turn, either way.",
    ),
)

_MULTIVIEW = tuple(
    Metric(
        f"heldout_{statistic}_px",
        f"held-out {title}",
        "px",
        "lower",
        "multiview",
        attrgetter(f"{statistic}_px"),
        2,
        f"{words} distance of landmarks to where the other views put them; needs no mesh.",
    )
    for statistic, title, words in (
        ("median", "median", "Median"),
        ("rms", "RMS", "Root mean square"),
        ("p95", "p95", "95th percentile of the"),
    )
)

_DEPTH = (
    Metric(
        "depth_median_m",
        "|dz| median",
        "m",
        "lower",
        "depth",
        attrgetter("median"),
        5,
        "Median depth difference to the frame's other mesh, over the pixels that both cover; world units if unknown.",
    ),
    Metric(
        "depth_p95_m",
        "|dz| p95",
        "m",
        "lower",
        "depth",
        attrgetter("p95"),
        5,
        "95th percentile of the depth difference to the frame's other mesh.",
    ),
    Metric(
        "depth_bias_m",
        "dz",
        "m",
        "neither",
        "depth",
        attrgetter("bias"),
        5,
        "Median depth difference with its sign: above 0 where this mesh lies behind the other.",
    ),
)

_TEXTURE = (
    Metric(
        "psnr_db",
        "PSNR dB",
        "dB",
        "higher",
        "texture",
        _finite("psnr_db"),
        2,
        "Peak signal-to-noise ratio of the textured mesh against the photograph inside the masks, at most 100.",
    ),
    Metric(
        "ssim",
        "SSIM",
        "ratio",
        "higher",
        "texture",
        attrgetter("ssim"),
        4,
        "Structural similarity of the textured mesh and the photograph inside the masks.",
    ),
)

REQUESTED_METRICS = (*_CONTOUR, *_MULTIVIEW, *_DEPTH, *_TEXTURE)
