"""Faults of the landmarks that were detected in a picture: order of the coordinates, origin, unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from renderkit.diagnosis.hypotheses.case import Candidate, Case


def written_otherwise(case: Case) -> Iterator[Candidate]:
    """Undo landmarks that are written as (row, column), from the bottom, or as a share of the picture."""
    if case.landmarks is None:
        return
    captured, size = case.landmarks.captured, np.array(case.camera.size, dtype=np.float64)
    ways = (
        ("exchanged x and y", "x and y of its landmarks are exchanged (row, column)", captured[:, ::-1]),
        ("y from the bottom", "its landmarks count y from the bottom", captured * (1, -1) + (0.0, size[1] - 1.0)),
        ("normalised landmarks", "its landmarks are normalised to 0..1; expected pixels", captured * size),
        (
            "normalised landmarks",
            "its landmarks are normalised to -1..1; expected pixels",
            0.5 * (captured + 1.0) * size,
        ),
    )
    seen = case.camera.project(case.landmarks.points)
    for cause, sentence, read in ways:
        yield case.landmark_candidate(cause, sentence, captured + (seen - read))
