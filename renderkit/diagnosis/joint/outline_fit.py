"""How far the outlines of mesh and mattes lie apart in all cameras: as stated, and once the mesh is moved."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.estimate import Estimate
from renderkit.diagnosis.joint.observations import Observations
from renderkit.results.diagnosis import OutlineFit

_STEP = slice(3, 6)


def outline_fit(stated: Observations, seen: Observations, found: Estimate) -> OutlineFit | None:
    """Return the distances of outlines over all samples of each view, the medians over views; None without outlines.

    What a mesh's even offset and smooth shape would explain is left: they are errors of the mesh or of the mattes.

    Args:
        stated: The evidence with the cameras as they are written.
        seen: The same with the cameras that were estimated.
        found: The estimate.
    """
    views = stated.offset_known.any(axis=2)
    if not views.any():
        return None
    before = _rms(stated, _moved(stated, stated.mesh_motion))
    after = before if found.shared is None else _rms(seen, _moved(seen, -found.shared.mesh))
    gradients = np.linalg.norm(stated.offset_by_mesh[..., _STEP], axis=3)[stated.offset_known]
    drawn = (stated.curves >= 0.0).sum(axis=2)[views]
    return OutlineFit(
        stated_px=float(np.median(before)),
        left_px=float(np.median(after)),
        radius_px=float(np.median(gradients)) * stated.extent,
        found=float(np.median(stated.offset_known.sum(axis=2)[views] / drawn)),
        missing=float(np.median(stated.missing[views])),
    )


def _moved(seen: Observations, motion: FloatArray) -> FloatArray:
    """Return the (C, F, N) offsets, px, of a mesh that lies by a (F, 7) motion behind the one that was drawn."""
    result: FloatArray = seen.offsets + np.einsum("cfnk,fk->cfn", seen.offset_by_mesh, motion)
    return result


def _rms(seen: Observations, offsets: FloatArray) -> FloatArray:
    """Return the RMS of each view that has an outline."""
    counts = seen.offset_known.sum(axis=2)
    squares = np.where(seen.offset_known, offsets, 0.0) ** 2
    result: FloatArray = np.sqrt(squares.sum(axis=2)[counts > 0] / counts[counts > 0])
    return result
