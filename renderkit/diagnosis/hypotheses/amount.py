"""Faults of amount: a shift, a scale, a roll, a lens that bends too much or too little. They leave a pattern."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from renderkit.diagnosis.hypotheses.case import Candidate, Case
from renderkit.diagnosis.residual_pattern import corrected_camera, find_pattern
from renderkit.metrics.alignment import align_contours
from renderkit.metrics.region import default_region

_OUTLINE_NOISE_PX = 0.25
"""What outlines of binary masks are not known better than."""

_LARGEST_SCALE = 0.5
"""Beyond it the residuals are no small error of an otherwise right camera."""


def landmark_pattern(case: Case) -> Iterator[Candidate]:
    """Name the pattern of the landmarks' residuals."""
    if case.landmarks is None:
        return
    residuals = case.camera.project(case.landmarks.points) - case.landmarks.captured
    found = find_pattern(case.landmarks.captured, residuals, case.camera)
    if found is not None and found.terms and abs(found.scale) < _LARGEST_SCALE:
        camera = corrected_camera(case.camera, found)
        yield case.candidate(found.cause, found.sentence, camera, found.num_free)


def outline_pattern(case: Case) -> Iterator[Candidate]:
    """Name the similarity between the outlines of the rendered and the captured mask."""
    if case.masks is None:
        return
    rendered = case.masks.render(case.camera)
    region = default_region(case.masks.mesh.name, rendered, case.masks.captured)
    aligned = align_contours(rendered, case.masks.captured, region)
    if not np.isfinite(aligned.shift_px).all():
        return
    scale = 1.0 if math.isnan(aligned.scale) else aligned.scale
    roll = 0.0 if math.isnan(aligned.roll_deg) else math.radians(aligned.roll_deg)
    turn = scale * np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    shift = aligned.center - turn @ aligned.center + aligned.shift_px
    columns, rows = (np.percentile(index, (0, 50, 100)) for index in np.nonzero(rendered)[::-1])
    grid = np.stack(np.meshgrid(columns, rows), axis=2).reshape(-1, 2)
    found = find_pattern(grid, grid - (grid @ turn.T + shift), case.camera, _OUTLINE_NOISE_PX)
    if found is not None and found.terms and abs(found.scale) < _LARGEST_SCALE:
        after = case.mask_error(corrected_camera(case.camera, found))
        yield case.mask_candidate(found.cause, found.sentence, after, found.num_free)
