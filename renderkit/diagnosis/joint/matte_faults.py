"""Mattes that are not their camera's fault: a hole or a missing part, of another view, turned, or inverted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.mesh_alignment import typical_px
from renderkit.diagnosis.readings.coarse import coarse_iou, coarse_matte
from renderkit.diagnosis.readings.interpretation import Interpretation, size_of
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.view_evidence import ViewEvidence
from renderkit.results.diagnosis import LACKS

MIN_CAMERAS: Final = 6
MIN_CAMERAS_TURNED: Final = 4
"""A turned matte needs fewer others: it must fit when it is turned back, as the others do."""

LACKS_TIMES: Final = 4.0
"""A matte that lacks a part lacks so many times what the better four fifths of the rig's mattes lack at most."""

MOVED: Final = 0.5
"""It lacks nothing where what lies beside the drawing exceeds that of the others by this share of what it lacks."""

MISFIT: Final = 0.15
"""A matte may be of another view where its IoU is lower by this than the others' median."""

IN_PLACE: Final = 0.03
"""A matte whose outline lies nearer to the drawn one than this share of its radius, in the median, is its view's own: a
drawing of a few vertices has holes where these are far apart."""

SEEN: Final = 0.1
"""A camera whose drawing is smaller than this share of the median one does not look at the subject."""

FITS_BACK: Final = 0.05
"""It is of that view where it fits there to within this of the others' median."""


@dataclass(frozen=True)
class MatteFault:
    """A matte that is wrong.

    Attributes:
        camera: The camera.
        frame: The frame.
        cause: "part missing", "too large", "too small", "of another camera", "exchanged", "turned" or "inverted".
        partner: The camera whose matte it is; "" otherwise.
        sentence: In one sentence.
    """

    camera: str
    frame: str
    cause: str
    partner: str
    sentence: str

    @property
    def is_of_others(self) -> bool:
        """Whether the matte says nothing about its camera as it stands."""
        return self.cause not in {"part missing", "too large", "too small"}


def matte_faults(stated: StatedRig) -> tuple[MatteFault, ...]:
    """Name mattes that are wrong whatever the cameras are; each frame by itself."""
    found: list[MatteFault] = []
    compared = [(view, one, iou) for (view, one), iou in zip(stated.pairs, stated.agreement.iou.tolist(), strict=True)]
    for frame in dict.fromkeys(view.frame for view in stated.views):
        usable = sum(view.has_matte for view in stated.views if view.frame == frame)
        read = [one for one in compared if one[0].frame == frame and one[0].has_matte]
        if len(read) >= MIN_CAMERAS_TURNED and len(read) == usable:
            found += _of_frame(*zip(*read, strict=True))
    return tuple(found)


def _is_in_place(view: ViewEvidence) -> bool:
    """Whether the matte's outline was found where the mesh is drawn."""
    if view.outline is None or view.matte is None:
        return False
    width, height = size_of(view)
    radius = math.sqrt(float(view.matte.mean()) * width * height / math.pi)
    return typical_px([view.outline]) < IN_PLACE * radius


def _of_frame(views: Sequence[ViewEvidence], read: Sequence[Interpretation], ious: Sequence[float]) -> list[MatteFault]:
    usual = float(np.median(ious))
    own = [usual if iou < usual - MISFIT and _is_in_place(view) else iou for view, iou in zip(views, ious, strict=True)]
    turned = _turned(views, read, own)
    if len(read) < MIN_CAMERAS:
        return turned
    others = turned or _exchanged(views, read, np.array(own))
    named = {one.camera for one in others}
    kept = [(view, one) for view, one in zip(views, read, strict=True) if view.camera.name not in named]
    return others + _lacking(*zip(*kept, strict=True)) if kept else others


def _lacking(views: Sequence[ViewEvidence], read: Sequence[Interpretation]) -> list[MatteFault]:
    missing = np.array([0.0 if view.outline is None else view.outline.missing for view in views])
    beside = np.array([_beside(one) for one in read])
    most = float(np.quantile(beside, 0.8, method="lower"))
    usual = float(np.quantile(missing, 0.8, method="lower"))
    limit = max(LACKS, LACKS_TIMES * usual)
    return [
        MatteFault(
            camera=view.camera.name,
            frame=view.frame,
            cause="part missing",
            partner="",
            sentence=f"the matte of camera {view.camera.name}, frame {view.frame}, lacks {100 * share:.1f} % of the "
            f"drawn inside, and four fifths of the others at most {100 * usual:.1f} %: a hole or a missing part, not "
            "the camera's fault",
        )
        for view, share, outside in zip(views, missing, beside, strict=True)
        # What is inside beside the drawing instead is no hole: the drawing lies elsewhere, or the matte is turned.
        if share > limit and (outside < most + MOVED * share or _is_in_place(view))
    ]


def _beside(one: Interpretation) -> float:
    """Return how much of a matte lies beside the drawing, as a share of the drawing."""
    if one.matte is None:
        return 0.0
    drawn = one.cells.drawn
    return float((coarse_matte(one.matte) & ~drawn).sum()) / max(float(drawn.sum()), 1.0)


def _turned(views: Sequence[ViewEvidence], read: Sequence[Interpretation], own: Sequence[float]) -> list[MatteFault]:
    """Name mattes that fit as the others do once inverted, turned or mirrored, as programs do that obey EXIF."""
    usual = float(np.median(own))
    found: list[MatteFault] = []
    for view, stated, here in zip(views, read, own, strict=True):
        if stated.matte is None or here >= usual - MISFIT:
            continue
        least = max(usual - FITS_BACK, here + MISFIT)
        name, frame = view.camera.name, view.frame
        if coarse_iou(stated.cells.drawn, coarse_matte(~stated.matte)) >= least:
            sentence = f"the matte of camera {name}, frame {frame}, is inverted: 255 is outside; read so it fits"
            found.append(MatteFault(name, frame, "inverted", "", sentence))
            continue
        ways = [
            word for word, turn in _turns(stated.matte) if coarse_iou(stated.cells.drawn, coarse_matte(turn)) >= least
        ]
        if ways:
            how = " or ".join(ways)
            sentence = (
                f"the picture of camera {name}, frame {frame}, or its matte is {how} against the calibration: turned "
                "back it fits as the others do; see the picture's EXIF orientation"
            )
            found.append(MatteFault(name, frame, "turned", "", sentence))
    return found


def _turns(matte: BoolArray) -> list[tuple[str, BoolArray]]:
    """Return the (h, w) mattes that another orientation of the same shape would give, and what it is called."""
    quarters = [("turned by 90 degrees", 1), ("turned by 270 degrees", 3)] if matte.shape[0] == matte.shape[1] else []
    turns = [(word, np.rot90(matte, count)) for word, count in [("turned by 180 degrees", 2), *quarters]]
    mirrored = [("mirrored left to right", matte[:, ::-1]), ("mirrored top to bottom", matte[::-1])]
    return [*turns, *mirrored]


def _exchanged(views: Sequence[ViewEvidence], read: Sequence[Interpretation], own: FloatArray) -> list[MatteFault]:
    usual = float(np.median(own))
    if not (own < usual - MISFIT).any():
        return []
    drawn = [one.cells.drawn for one in read]
    mattes = [coarse_matte(one.matte) for one in read if one.matte is not None]
    areas = np.array([one.mean() for one in drawn])
    # A camera in which nothing is drawn does not look at the subject, whoever's its matte is.
    drawing = areas >= SEEN * float(np.median(areas))
    found: list[MatteFault] = []
    for index in map(int, np.flatnonzero((own < usual - MISFIT) & drawing)):
        others = np.array([coarse_iou(one, mattes[index]) for one in drawn])
        others[index] = 0.0
        best = int(others.argmax())
        # It must fit there as mattes of this rig do, not only better than here.
        if others[best] < usual - FITS_BACK or others[best] < own[index] + MISFIT:
            continue
        if any(one.partner == views[index].camera.name and one.cause == "exchanged" for one in found):
            continue
        found.append(_other(views, index, best, exchanged=_fits_back(drawn, mattes, (index, best), usual)))
    return found


def _fits_back(drawn: Sequence[BoolArray], mattes: Sequence[BoolArray], pair: tuple[int, int], usual: float) -> bool:
    first, second = pair
    return coarse_iou(drawn[first], mattes[second]) >= usual - FITS_BACK


def _other(views: Sequence[ViewEvidence], index: int, partner: int, *, exchanged: bool) -> MatteFault:
    name, other, frame = views[index].camera.name, views[partner].camera.name, views[index].frame
    if exchanged:
        words = f"the mattes or the calibrations of cameras {name} and {other} are exchanged in frame {frame}"
        tell = "landmarks would tell which" if not views[index].has_landmarks else "see its landmarks for which"
        sentence = f"{words}: each fits the other's; {tell}"
    else:
        sentence = f"the matte of camera {name}, frame {frame}, is that of camera {other}: it fits there, and not here"
    return MatteFault(name, frame, "exchanged" if exchanged else "of another camera", other, sentence)
