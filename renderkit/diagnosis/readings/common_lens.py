"""Radial residuals common to all cameras, with their standard error: too small to show in a median residual.

Over a subject in the middle of the picture a missing lens and a wrong size look alike, so this names both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.estimate import paired, robust_solution
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Views
from renderkit.geometry.lens_model import NoDistortion

MIN_CAMERAS: Final = 5
MIN_LANDMARKS: Final = 12
SIGNIFICANT: Final = 5.0
"""Standard errors by which k1 must differ from zero."""

SAME_SIGN: Final = 0.9
"""Share of the cameras whose own k1 must have the sign of the median."""


@dataclass(frozen=True)
class CommonLens:
    """Radial distortion that all cameras seem to lack.

    Attributes:
        k1: Median over cameras.
        error: Its standard error, from the scatter between cameras.
        share: Share of the cameras whose k1 has its sign.
        is_lens: Whether k1 differs from zero even beside a scale of each picture: then it is no wrong size.
    """

    k1: float
    error: float
    share: float
    is_lens: bool

    @property
    def is_significant(self) -> bool:
        """Whether the rig lacks a lens, or all of it has a wrong size."""
        return _is_significant(self.k1, self.error, self.share)

    @property
    def note(self) -> str:
        """What that means, for people."""
        words = (
            f"residuals point along the radius in all cameras: the file has no distortion, and k1 = {self.k1:+.3f} +/- "
            f"{self.error:.3f} would fit"
        )
        if self.is_lens:
            return words
        return f"{words}; over this subject a common error of the focal length or of the subject's size looks alike"


def common_lens(views: Views) -> CommonLens | None:
    """Estimate k1 of a rig without distortion from its landmarks; None with distortion or with too few cameras.

    In each view k1 is fitted with a shift and a roll, so neither is taken for a lens; a scale is.
    """
    if not all(isinstance(view.lens, NoDistortion) for view in views):
        return None
    by_camera: dict[str, list[tuple[float, float]]] = {}
    for view in views:
        alone, beside = (_own_k1(view, with_scale=with_scale) for with_scale in (False, True))
        if alone is not None and beside is not None:
            by_camera.setdefault(view.camera, []).append((alone, beside))
    if len(by_camera) < MIN_CAMERAS:
        return None
    values: FloatArray = np.array([np.mean(each, axis=0) for each in by_camera.values()])
    beside_scale = _middle(values[:, 1])
    return CommonLens(*_middle(values[:, 0]), is_lens=_is_significant(*beside_scale))


def _middle(values: FloatArray) -> tuple[float, float, float]:
    """Return the median, its standard error, and the share of the values that have its sign."""
    middle = float(np.median(values))
    scatter = 1.4826 * float(np.median(np.abs(values - middle)))
    error = float(np.sqrt(np.pi / 2.0)) * scatter / float(np.sqrt(len(values)))
    return middle, error, float((np.sign(values) == np.sign(middle)).mean())


def _is_significant(k1: float, error: float, share: float) -> bool:
    return abs(k1) > SIGNIFICANT * error and share >= SAME_SIGN


def _own_k1(view: Interpretation, *, with_scale: bool) -> float | None:
    predicted, detected = paired(view)
    if len(predicted) < MIN_LANDMARKS:
        return None
    offset = predicted - view.K[:2, 2]
    bend = offset * ((offset / np.diag(view.K)[:2]) ** 2).sum(axis=1, keepdims=True)
    design = np.zeros((len(offset), 2, 5 if with_scale else 4))
    design[:, 0, 0] = design[:, 1, 1] = 1.0
    design[:, :, 2] = np.column_stack([-offset[:, 1], offset[:, 0]])
    design[:, :, 3] = bend
    if with_scale:
        design[:, :, 4] = offset
    size = np.sqrt((design**2).sum(axis=(0, 1))) + 1e-12
    found = robust_solution((design / size).reshape(-1, design.shape[2]), (detected - predicted).ravel())
    return float(found[3] / size[3])
