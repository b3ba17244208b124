"""Radial residuals common to all cameras, with their standard error: too small to show in a median residual.

Over a subject in the middle of the picture a missing lens and a wrong size look alike, so this names both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnose.readings.estimate import paired, robust_solution
from renderkit.diagnose.readings.interpretation import Interpretation
from renderkit.diagnose.readings.reading import Views
from renderkit.geometry.distortion import NoDistortion

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
    """

    k1: float
    error: float
    share: float

    @property
    def is_significant(self) -> bool:
        """Whether the rig lacks a lens, or all of it has a wrong size."""
        return abs(self.k1) > SIGNIFICANT * self.error and self.share >= SAME_SIGN

    @property
    def note(self) -> str:
        """What that means, for people."""
        return (
            f"residuals point along the radius in all cameras: the file has no distortion and k1 = {self.k1:+.3f} +/- "
            f"{self.error:.3f} would fit; over this subject a common error of focal length or of the subject's size "
            "looks alike"
        )


def common_lens(views: Views) -> CommonLens | None:
    """Estimate k1 of a rig without distortion from its landmarks; None with distortion or with too few cameras.

    In each view k1 is fitted with a shift and a roll, so neither is taken for a lens; a scale is.
    """
    if not all(isinstance(view.lens, NoDistortion) for view in views):
        return None
    by_camera: dict[str, list[float]] = {}
    for view in views:
        value = _own_k1(view)
        if value is not None:
            by_camera.setdefault(view.camera, []).append(value)
    if len(by_camera) < MIN_CAMERAS:
        return None
    values: FloatArray = np.array([np.mean(each) for each in by_camera.values()])
    middle = float(np.median(values))
    scatter = 1.4826 * float(np.median(np.abs(values - middle)))
    error = float(np.sqrt(np.pi / 2.0)) * scatter / float(np.sqrt(len(values)))
    return CommonLens(middle, error, float((np.sign(values) == np.sign(middle)).mean()))


def _own_k1(view: Interpretation) -> float | None:
    predicted, detected = paired(view)
    if len(predicted) < MIN_LANDMARKS:
        return None
    offset = predicted - view.K[:2, 2]
    bend = offset * ((offset / np.diag(view.K)[:2]) ** 2).sum(axis=1, keepdims=True)
    design = np.zeros((len(offset), 2, 4))
    design[:, 0, 0] = design[:, 1, 1] = 1.0
    design[:, :, 2] = np.column_stack([-offset[:, 1], offset[:, 0]])
    design[:, :, 3] = bend
    size = np.sqrt((design**2).sum(axis=(0, 1))) + 1e-12
    found = robust_solution((design / size).reshape(-1, 4), (detected - predicted).ravel())
    return float(found[3] / size[3])
