"""Evidence of a rig with cameras replaced, and what is left of the error of a camera's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig
from renderkit.geometry.similarity import Similarity

_NORMAL_95: Final = 1.645
"""The normal distribution's quantile at 95 %."""


def with_cameras(evidence: RigEvidence, cameras: Mapping[str, Camera]) -> RigEvidence:
    """Return the evidence with some cameras replaced by those that its outlines were measured against.

    Args:
        evidence: Views of the rig.
        cameras: The new cameras by name.
    """
    raw = {name: raw_from_rig(Rig({name: camera})).cameras[0] for name, camera in cameras.items()}
    views = (
        replace(view, camera=raw[view.camera.name]) if view.camera.name in raw else view for view in evidence.views
    )
    return RigEvidence(tuple(views))


def moved_view(view: ViewEvidence, own: Camera, other: Camera, motion: Similarity) -> ViewEvidence:
    """Return a view's evidence in another calibration's world, its outline measured against the other camera.

    To first order: the drawn outline moves with its points' projections. The mesh is left out.

    Args:
        view: Evidence by its own camera.
        own: That camera.
        other: The same camera in the other calibration.
        motion: From the own world to the other.
    """
    points = None if view.points_world is None else motion.apply(view.points_world)
    outline = view.outline
    if outline is not None:
        there = motion.apply(outline.points_world)
        drawn = [one if view.matte_is_bent else one.undistorted() for one in (own, other)]
        shift = drawn[1].project(there) - drawn[0].project(outline.points_world)
        offsets = outline.offsets_px - (shift * outline.normals).sum(axis=1)
        outline = replace(outline, points_world=there, offsets_px=offsets)
    return replace(view, points_world=points, vertices=None, faces=None, outline=outline)


def largest_rms(derivatives: FloatArray, covariance: FloatArray) -> float:
    """Return the RMS displacement that a parameter error stays below with 95 % probability.

    The mean square of the displacements is a quadratic form of normal variables; it is matched by a scaled chi-square
    (Satterthwaite 1946) whose quantile is Wilson and Hilferty's.

    Args:
        derivatives: (N, 2, 14) displacement by the parameters.
        covariance: (14, 14) of the parameters' error.
    """
    square = np.einsum("nka,nkb->ab", derivatives, derivatives) / len(derivatives)
    spread = square @ covariance
    mean = float(np.trace(spread))
    if mean <= 0.0:
        return 0.0
    part = 2.0 * float(np.trace(spread @ spread)) / (9.0 * mean**2)
    return float(np.sqrt(mean * (1.0 - part + _NORMAL_95 * np.sqrt(part)) ** 3))
