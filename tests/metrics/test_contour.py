"""Outlines that are traced, against NumPy's convolution of whole curves."""

from __future__ import annotations

import cv2
import numpy as np

from renderkit.metrics.contour import trace_contour


def test_a_curve_is_smoothed_as_by_a_convolution_and_moved_out_by_half_of_its_normal() -> None:
    mask = np.zeros((120, 150), np.uint8)
    cv2.ellipse(mask, (70, 60), (50, 30), 20.0, 0.0, 360.0, 1, -1)
    cv2.circle(mask, (70, 60), 12, 0, -1)
    found = trace_contour(mask)
    assert found.usable.all()
    assert set(found.loops.tolist()) == {0, 1}
    steps = np.arange(-24, 25)
    for loop in (0, 1):
        own = found.loops == loop
        curve = found.pixels[own].astype(np.float64)
        whole = np.concatenate([curve[-24:], curve, curve[:24]])
        smooth = {}
        for sigma in (3.0, 8.0):
            weights = np.exp(-0.5 * (steps / sigma) ** 2)
            columns = [np.convolve(column, weights / weights.sum(), "valid") for column in whole.T]
            smooth[sigma] = np.column_stack(columns)
        along = np.roll(smooth[8.0], -1, axis=0) - np.roll(smooth[8.0], 1, axis=0)
        normals = np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
        np.testing.assert_allclose(found.normals[own], normals, atol=1e-12)
        out = 0.5 * np.abs(normals).max(axis=1, keepdims=True) * normals
        np.testing.assert_allclose(found.points[own], smooth[3.0] + out, atol=1e-10)
        # Out of the mask: one step further there is none of it.
        beyond = np.rint(found.points[own] + 2.0 * found.normals[own]).astype(int)
        assert not mask[beyond[:, 1], beyond[:, 0]].any()
