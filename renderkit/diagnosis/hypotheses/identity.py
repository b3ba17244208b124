"""Faults of identity: another camera's calibration, another frame's picture, a flipped picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Pixels
from renderkit.diagnosis.hypotheses.case import Candidate, Case, overlap_error
from renderkit.geometry.camera import Camera

_RENDERED = 3
_HULL_POINTS = 512
_CLEARLY = 0.5
_MIN_RESIZED = 0.05
_MAX_RESIZED = 20.0
"""By less a picture is rarely resized, and a focal length and principal point that are off look the same."""

_MIRRORED_ERROR = 0.05
"""Below this a head in the middle of the picture fits flipped as well, by its symmetry."""


def swapped_calibration(case: Case) -> Iterator[Candidate]:
    """Try the other cameras' calibrations; a swap shows in both partners."""
    limit = case.usual[case.measure].limit
    for other in _likely(case):
        sentence = f"its calibration fits as that of camera {other.name}: the two have been swapped"
        taken = case.candidate("swapped calibration", sentence, replace(other, name=case.camera.name))
        if not taken.after <= min(limit, taken.before):
            # Of those that do not fit, the nearest may still be worth a word.
            yield replace(taken, sentence=f"the calibration of camera {other.name}")
            continue
        partner = case.partner(other.name)
        if partner is None:
            continue
        now = partner.error(partner.camera)
        back = partner.error(replace(case.camera, name=other.name))
        if back < now and back <= partner.usual[partner.measure].limit:
            yield taken
        elif now > partner.usual[partner.measure].limit:
            words = f"its calibration fits as that of camera {other.name}, whose own picture does not: ids are off"
            yield replace(taken, cause="shifted ids", sentence=words)


def other_frame(case: Case) -> Iterator[Candidate]:
    """Try the 3D landmarks of the frames around: is the camera out of step?"""
    if case.landmarks is None:
        return
    for step, frame, landmarks in case.frames_around():
        there = replace(case, landmarks=landmarks)
        sentence = f"its picture of frame {case.frame} shows frame {frame}: {step:+d} frames"
        tried = there.candidate("other frame", sentence, case.camera)
        yield replace(tried, before=case.error(case.camera))


def mirrored_picture(case: Case) -> Iterator[Candidate]:
    """Flip the picture left to right."""
    words = "its picture is flipped left to right"
    if case.landmarks is not None:
        yield from _mirrored_landmarks(case, case.landmarks.captured, words)
    if case.masks is None:
        return
    rendered = case.masks.render(case.camera)
    if overlap_error(rendered, case.masks.captured) > _MIRRORED_ERROR:
        flipped = overlap_error(rendered, np.ascontiguousarray(case.masks.captured[:, ::-1]))
        yield case.mask_candidate("mirrored picture", words, flipped)


def _mirrored_landmarks(case: Case, captured: Pixels, words: str) -> Iterator[Candidate]:
    """Flip the landmarks: a detector that sees a flipped face has left for right, so each goes with the nearest."""
    if case.landmarks is None:
        return
    seen = case.camera.project(case.landmarks.points)
    if not np.isfinite(seen).all():
        return
    flipped = np.column_stack([case.camera.width - 1.0 - seen[:, 0], seen[:, 1]])
    now, then = (_nearest(captured, one) for one in (seen, flipped))
    tried = case.landmark_candidate("mirrored picture", words, flipped[then])
    # Landmarks that lie right but for their order are no sign of a flip.
    if tried.after < _CLEARLY * float(np.median(np.linalg.norm(seen[now] - captured, axis=1))):
        yield tried


def _nearest(pixels: Pixels, others: Pixels) -> NDArray[np.intp]:
    """Return (N,) which of (M, 2) others is nearest to each of (N, 2) pixels."""
    return np.asarray(np.linalg.norm(pixels[:, None] - others[None], axis=2).argmin(axis=1))


def resized_picture(case: Case) -> Iterator[Candidate]:
    """Scale the picture about its corner: it was resized, its calibration was not."""
    if case.landmarks is None:
        return
    seen = case.camera.project(case.landmarks.points)
    ratios = (case.landmarks.captured + 0.5) / (seen + 0.5)
    factor = float(np.median(ratios)) if np.isfinite(ratios).all() else math.nan
    if 1.0 / _MAX_RESIZED <= factor <= _MAX_RESIZED and abs(factor - 1.0) >= _MIN_RESIZED:
        words = f"its picture is {factor:.3g} times the size that its calibration is of"
        yield case.landmark_candidate("resized picture", words, factor * (seen + 0.5) - 0.5, num_free=1)


def turned_picture(case: Case) -> Iterator[Candidate]:
    """Turn the picture by 180 degrees: a camera that hangs upside down, and a program that set its pictures upright."""
    words = "its picture is turned by 180 degrees"
    if case.landmarks is not None:
        turned = np.array(case.camera.size) - 1.0 - case.camera.project(case.landmarks.points)
        yield case.landmark_candidate("turned picture", words, turned)
    elif case.masks is not None:
        rendered = case.masks.render(case.camera)
        if overlap_error(rendered, case.masks.captured) > _MIRRORED_ERROR:
            turned_matte = np.ascontiguousarray(case.masks.captured[::-1, ::-1])
            yield case.mask_candidate("turned picture", words, overlap_error(rendered, turned_matte))


def _likely(case: Case) -> Sequence[Camera]:
    """Return the cameras that it could be swapped with; where renderings decide, only those that look right."""
    others = [other for other in case.others.values() if other.size == case.camera.size]
    if case.landmarks is not None:
        return others
    return sorted(others, key=lambda other: _box_error(case, other))[:_RENDERED]


def _box_error(case: Case, camera: Camera) -> float:
    """Return how far the projected mesh's box in the picture is from the matte's, px; inf when it is not seen."""
    if case.masks is None or not case.masks.captured.any():
        return math.inf
    vertices = case.masks.mesh.vertices
    pixels = camera.project(vertices[:: max(1, len(vertices) // _HULL_POINTS)])
    if not np.isfinite(pixels).all(axis=1).any():
        return math.inf
    matte = case.masks.captured
    rows, columns = np.flatnonzero(matte.any(axis=1)), np.flatnonzero(matte.any(axis=0))
    box = np.array([columns[0], rows[0], columns[-1], rows[-1]])
    inside = np.clip(pixels, 0.0, np.array(camera.size) - 1.0)
    found = np.concatenate([np.nanmin(inside, axis=0), np.nanmax(inside, axis=0)])
    return float(np.abs(found - box).max())
