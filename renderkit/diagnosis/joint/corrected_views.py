"""Views of cameras that were corrected, their outlines moved along."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.diagnosis.view_evidence import OutlineEvidence, RigEvidence, ViewEvidence
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig

_REACH = 6
_STEADY = 1.5
_NEARLY_ALL = 0.9


def with_corrected(evidence: RigEvidence, cameras: Mapping[str, Camera]) -> RigEvidence:
    """Return the evidence with some cameras corrected; their outlines are measured against what these draw.

    Args:
        evidence: Views of the rig.
        cameras: The corrected cameras by name.
    """
    views = evidence.views
    return RigEvidence(
        tuple(
            corrected_view(view, cameras[view.camera.name]) if view.camera.name in cameras else view for view in views
        )
    )


def corrected_view(view: ViewEvidence, camera: Camera) -> ViewEvidence:
    """Return a view of the corrected camera; its outline moves with the points that it was drawn from."""
    raw = raw_from_rig(Rig({view.camera.name: camera})).cameras[0]
    outline = view.outline
    if outline is not None:
        before = view.camera.to_camera()
        drawn = (before, camera) if view.matte_is_bent else (before.undistorted(), camera.undistorted())
        outline = _shifted(outline, *drawn)
    return replace(view, camera=raw, outline=outline)


def _shifted(outline: OutlineEvidence, before: Camera, after: Camera) -> OutlineEvidence:
    """Return the outline as another camera draws it, its offsets to the same outline of the matte.

    That outline is bent: where the drawn one moves along it, other samples say where it lies. Where it was found far
    away the drawn one was moved along it already, and the samples by themselves say more.
    """
    drawn = before.project(outline.points_world)
    moved = after.project(outline.points_world)
    linear = outline.offsets_px - ((moved - drawn) * outline.normals).sum(axis=1)
    measured = drawn + outline.offsets_px[:, None] * outline.normals
    near = _neighbours(outline)
    away = measured[near] - moved[:, None]
    along = away @ np.array([[0.0, -1.0], [1.0, 0.0]])
    along = (along * outline.normals[:, None]).sum(axis=2)
    beyond = (away * outline.normals[:, None]).sum(axis=2)
    bent = _crossings(along, beyond, linear)
    return replace(
        outline, offsets_px=min(bent, linear, key=lambda one: float(np.nanquantile(np.abs(one), _NEARLY_ALL)))
    )


def _neighbours(outline: OutlineEvidence) -> NDArray[np.intp]:
    """Return (N, 2 reach + 1) samples before and after each along its closed curve."""
    result = np.empty((len(outline.curves), 2 * _REACH + 1), dtype=np.intp)
    steps = np.arange(-_REACH, _REACH + 1)
    for curve in np.unique(outline.curves):
        own = np.flatnonzero(outline.curves == curve)
        result[own] = own[(np.arange(len(own))[:, None] + steps) % len(own)]
    return result


def _crossings(along: FloatArray, beyond: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Return (N,) heights of curves where they cross the normals, by a cubic through four samples.

    Args:
        along: (N, K) places of a curve's samples along the outline, 0 at the normal.
        beyond: (N, K) their heights.
        otherwise: (N,) for curves that are not known there, or cross more than once.
    """
    first = along[:, 1:-2]
    crossing = (first * along[:, 2:-1] <= 0.0) & np.isfinite(along[:, :-3] + first + along[:, 2:-1] + along[:, 3:])
    rows = np.flatnonzero(crossing.sum(axis=1) == 1)
    at = crossing[rows].argmax(axis=1)[:, None] + np.arange(4)
    places, heights = (np.take_along_axis(one[rows], at, axis=1) for one in (along, beyond))
    weights = np.ones(places.shape)
    gaps = places[:, :, None] - places[:, None, :]
    for one, other in itertools.permutations(range(4), 2):
        with np.errstate(divide="ignore", invalid="ignore"):
            weights[:, one] *= -places[:, other] / gaps[:, one, other]
    found = (weights * heights).sum(axis=1)
    # Samples that do not follow each other along the outline are no curve.
    good = (np.abs(weights) < _STEADY).all(axis=1) & np.isfinite(found)
    result: FloatArray = otherwise.copy()
    result[rows[good]] = found[good]
    return result
