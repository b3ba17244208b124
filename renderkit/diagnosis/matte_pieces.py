"""Pieces of mattes beside the subject: other people, a line along the border, specks. They say nothing of cameras."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.view_evidence import ViewEvidence
from renderkit.results.diagnosis import BadMatte
from renderkit.wording import list_names

NAMED: Final = 0.005
"""Pieces are named where they hold at least this share of a matte: strands of hair hold less."""

_SQUARE: Final = np.ones((3, 3), np.uint8)
"""Lines that are thinner join nothing."""

_BESIDE: Final = np.ones((7, 7), np.uint8)
"""What lies so near to a piece belongs to it."""

REACHES_OUT: Final = 0.1
"""They are looked for in mattes that reach out of the drawing by this share of its size."""

IN_PLACE: Final = 0.5
"""A drawing lies where the matte is where this share of its vertices is inside: else no piece is the subject's."""


@dataclass(frozen=True)
class Pieces:
    """What mattes hold beside the subject.

    Attributes:
        mattes: Which do.
        sentence: In one sentence; "" without any.
    """

    mattes: tuple[BadMatte, ...] = ()
    sentence: str = ""


def without_pieces(stated: StatedRig) -> tuple[StatedRig, Pieces]:
    """Return the rig without the pieces of mattes that no part of the drawn mesh touches, and which mattes had them."""
    changed: dict[tuple[str, str], BoolArray] = {}
    shares: dict[BadMatte, float] = {}
    for view, read in stated.pairs:
        kept = _subject(read) if read.matte is not None else None
        if kept is None or read.matte is None:
            continue
        share = 1.0 - np.count_nonzero(kept) / np.count_nonzero(read.matte)
        if share < NAMED:
            continue
        changed[view.camera.name, view.frame] = kept
        shares[BadMatte(view.camera.name, view.frame, "other pieces")] = float(share)
    if not changed:
        return stated, Pieces()
    rig = StatedRig(tuple(_with_matte(view, changed) for view in stated.views))
    return rig, Pieces(tuple(shares), _sentence(shares))


def _with_matte(view: ViewEvidence, mattes: dict[tuple[str, str], BoolArray]) -> ViewEvidence:
    matte = mattes.get((view.camera.name, view.frame))
    return view if matte is None else replace(view, matte=matte)


def _sentence(shares: dict[BadMatte, float]) -> str:
    worst = max(shares, key=lambda one: shares[one])
    names = list(dict.fromkeys(one.camera for one in shares))
    return (
        f"mattes of camera{'s' * (len(names) > 1)} {list_names(names)} hold other pieces than the subject, up to "
        f"{100 * shares[worst]:.1f} % of a matte (camera {worst.camera}, frame {worst.frame}): other people or things, "
        "a line or specks; the rig is judged without them"
    )


def _subject(read: Interpretation) -> BoolArray | None:
    """Return the (h, w) pieces of a matte that the drawn mesh touches; None where it need not be asked."""
    matte = read.matte
    assert matte is not None  # noqa: S101 - asked of views with one
    pixels = np.floor((read.drawn + 0.5) * read.matte_from_px)
    height, width = matte.shape
    seen = pixels[((pixels >= 0.0) & (pixels < (width, height))).all(axis=1)].astype(np.int64)
    if not len(seen) or not _reaches_out(matte, seen):
        return None
    inside = matte[seen[:, 1], seen[:, 0]]
    if inside.mean() < IN_PLACE:
        return None
    opened = cv2.morphologyEx(np.ascontiguousarray(matte).view(np.uint8), cv2.MORPH_OPEN, _SQUARE)
    num, labels = cv2.connectedComponents(opened)
    is_touched = np.zeros(num, np.uint8)
    is_touched[labels[seen[inside, 1], seen[inside, 0]]] = 1
    is_touched[0] = 0
    result: BoolArray = matte & (cv2.dilate(is_touched[labels], _BESIDE) > 0)
    return result


def _reaches_out(matte: BoolArray, seen: NDArray[np.int64]) -> bool:
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(matte).view(np.uint8))
    low, high = seen.min(axis=0), seen.max(axis=0)
    reach = max(*(low - (left, top)), *((left + width - 1, top + height - 1) - high))
    return bool(reach > REACHES_OUT * float((high - low).max()))
