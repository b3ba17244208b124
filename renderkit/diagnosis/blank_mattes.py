"""Mattes that say nothing about their camera: empty, covering everything, of another size, or not to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.results.diagnosis import BadMatte, Diagnosis, unusable_words
from renderkit.wording import list_names

SEEN: Final = 0.5
"""A view sees a mesh where this share of its vertices falls into the picture."""

_MAX_VERTICES: Final = 500


def blank_mattes(views: Sequence[ViewEvidence]) -> tuple[BadMatte, ...]:
    """Return the mattes that say nothing.

    One that is empty is wrong where the mesh is drawn into the picture; where no matte of the rig says anything, each
    is wrong: then nothing is known about where meshes are drawn.
    """
    blank = [(view, cause) for view in views if (cause := _cause(view))]
    is_all = not any(view.has_matte and not view.matte_refusal for view in views)
    return tuple(
        BadMatte(view.camera.name, view.frame, cause)
        for view, cause in blank
        if is_all or cause != "empty" or _sees(view)
    )


def num_mattes(views: Sequence[ViewEvidence]) -> int:
    """Return how many views have a matte, whether it says anything or not."""
    return sum(view.matte is not None or bool(view.matte_refusal) for view in views)


def usable(evidence: RigEvidence) -> RigEvidence:
    """Return the evidence without mattes that are not of their pictures."""
    if not any(view.matte_refusal for view in evidence.views):
        return evidence
    return RigEvidence(tuple(replace(v, matte=None, outline=None) if v.matte_refusal else v for v in evidence.views))


def with_blank(found: Diagnosis, blank: Sequence[BadMatte], num: int) -> Diagnosis:
    """Return a diagnosis that says which mattes say nothing.

    Args:
        found: What the other evidence says.
        blank: These mattes.
        num: Views with a matte.
    """
    sentences = blank_sentences(blank, num)
    found = replace(found, mattes=(*blank, *found.mattes), num_mattes=num)
    if found.num_views or not sentences:
        return replace(found, others=(*sentences, *found.others))
    return replace(found, sentence=f"{'; '.join(sentences)}; {found.sentence}")


def blank_sentences(blank: Sequence[BadMatte], num: int) -> tuple[str, ...]:
    """Return one sentence for each cause, with how many of `num` mattes have it."""
    found = []
    for cause in dict.fromkeys(one.cause for one in blank):
        cameras = [one.camera for one in blank if one.cause == cause]
        names = list(dict.fromkeys(cameras))
        which = "" if len(cameras) == num else f" (camera{'s' * (len(names) > 1)} {list_names(names)})"
        found.append(f"{len(cameras)} of {num} mattes{which} {unusable_words(cause, len(cameras))}")
    return tuple(found)


def _cause(view: ViewEvidence) -> str:
    if view.matte_refusal:
        return view.matte_refusal
    if view.matte is None or view.has_matte or view.vertices is None or not len(view.vertices):
        return ""
    return "all inside" if view.matte.mean() > 0.5 else "empty"


def _sees(view: ViewEvidence) -> bool:
    try:
        camera = view.camera.to_camera()
    except ValueError:
        return False
    assert view.vertices is not None  # noqa: S101 - a view without has no cause
    step = max(1, len(view.vertices) // _MAX_VERTICES)
    return float(np.mean(camera.in_image(camera.project(view.vertices[::step])))) >= SEEN
