"""Groups of like cameras: they share one healthy scatter."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.diagnosis.joint.estimate import Estimate
from renderkit.diagnosis.joint.observations import Observations

MIN_GROUP: Final = 4
"""A group of fewer like cameras shares the healthy scatter of all."""

_POOR = 1.8
_POOR_STRAYS = 0.1


def like_cameras(seen: Observations, found: Estimate) -> NDArray[np.int64]:
    """Return (C,) groups of like cameras: by the kind of evidence, and by how good the mattes are."""
    noise = found.noise
    effective = noise.outline_px * np.sqrt(noise.correlation)
    outlines = seen.has_outlines
    usual_px = float(np.median(effective[outlines])) if outlines.any() else 0.0
    usual_strays = float(np.median(noise.strays[outlines])) if outlines.any() else 0.0
    # Less of an outline is a poorer one, unless what is left is better by far.
    less = (noise.strays > usual_strays + _POOR_STRAYS) & (_POOR * effective > usual_px)
    poor = outlines & ((effective > _POOR * usual_px) | less)
    kinds = np.array(seen.groups)
    sizes = np.bincount(kinds)
    kinds = np.where(sizes[kinds] < MIN_GROUP, int(sizes.argmax()), kinds)
    _, numbers = np.unique(2 * kinds + poor, return_inverse=True)
    return numbers.astype(np.int64)
