"""Mattes that are too large or too small all around, in several cameras of a rig: by their outlines' even offsets.

The joint estimate names one such camera; with two or more it takes what they share for the scatter of the healthy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.matte_faults import MatteFault
from renderkit.diagnosis.view_evidence import ViewEvidence

LEAST_PX: Final = 1.0
"""Where in its pixel a matte's edge lies is a convention: smaller offsets are none."""

TIMES: Final = 8.0
"""A camera's offset stands out by so many robust deviations of the rig's cameras."""

EVEN: Final = 0.25
"""An offset is even where its scatter around the outline is at most this share of it ..."""

NO_SCALE: Final = 0.6
"""... and where it leaves at most this share of the squares that a change of size leaves."""

MIN_FAULTY: Final = 2


def even_mattes(views: Sequence[ViewEvidence]) -> dict[str, float]:
    """Return by how many px the mattes of cameras are too large (above 0) or too small, against the rig's median.

    Returns:
        By camera; nothing where fewer than two stand out, or half of the rig.
    """
    usual = {name: float(np.median(offsets)) for name, offsets in _offsets(views).items()}
    if len(usual) <= 2 * MIN_FAULTY:
        return {}
    middle = float(np.median(list(usual.values())))
    spread = 1.4826 * float(np.median([abs(one - middle) for one in usual.values()]))
    limit = max(LEAST_PX, TIMES * spread)
    far = {name: one - middle for name, one in usual.items() if abs(one - middle) > limit}
    even = {
        name: amount
        for name, amount in far.items()
        if all(_is_even(view, amount) for view in views if view.camera.name == name and view.outline is not None)
    }
    return even if MIN_FAULTY <= len(even) < 0.5 * len(usual) else {}


def corrected(views: Sequence[ViewEvidence], even: Mapping[str, float]) -> tuple[ViewEvidence, ...]:
    """Return the views with the outlines of such mattes where those of the others would be."""
    return tuple(_corrected(view, even.get(view.camera.name, 0.0)) for view in views)


def even_faults(views: Sequence[ViewEvidence], even: Mapping[str, float]) -> tuple[MatteFault, ...]:
    """Return them as bad mattes, one for each camera."""
    frames = {view.camera.name: view.frame for view in reversed(views) if view.outline is not None}
    return tuple(
        MatteFault(
            camera=name,
            frame=frames[name],
            cause="too large" if amount > 0.0 else "too small",
            partner="",
            sentence=f"the mattes of camera {name} are too {'large' if amount > 0.0 else 'small'} by {abs(amount):.2f} "
            "px all around, against those of most cameras: not the camera's fault",
        )
        for name, amount in even.items()
    )


def _offsets(views: Sequence[ViewEvidence]) -> dict[str, FloatArray]:
    found: dict[str, list[FloatArray]] = {}
    for view in views:
        if view.outline is not None:
            known = view.outline.offsets_px[np.isfinite(view.outline.offsets_px)]
            found.setdefault(view.camera.name, []).append(known)
    joined = {name: np.concatenate(parts) for name, parts in found.items()}
    return {name: offsets for name, offsets in joined.items() if len(offsets)}


def _is_even(view: ViewEvidence, amount: float) -> bool:
    """Whether a view's offsets are even, beside a shift, and no change of size."""
    assert view.outline is not None  # noqa: S101 - asked of views with one
    try:
        pixels = view.camera.to_camera().project(view.outline.points_world)
    except ValueError:
        return False
    normals, offsets = view.outline.normals, view.outline.offsets_px
    known = np.isfinite(offsets) & np.isfinite(pixels).all(axis=1)
    if 2 * np.count_nonzero(known) < len(offsets):
        return False
    arms = ((pixels - pixels[known].mean(axis=0)) * normals).sum(axis=1)
    even, scaled = (_left(normals[known], one[known], offsets[known]) for one in (np.ones(len(arms)), arms))
    return bool(even <= NO_SCALE * scaled and even <= (EVEN * amount) ** 2)


def _left(normals: FloatArray, along: FloatArray, offsets: FloatArray) -> float:
    """Return the mean square that a shift and one amount leave of offsets."""
    rows = np.column_stack([normals, along])
    solution = np.linalg.lstsq(rows, offsets, rcond=None)[0]
    return float(np.mean((offsets - rows @ solution) ** 2))


def _corrected(view: ViewEvidence, amount: float) -> ViewEvidence:
    if view.outline is None or not amount:
        return view
    return replace(view, outline=replace(view.outline, offsets_px=view.outline.offsets_px - amount))
