"""The camera that stands out most from a joint fit: by shift, turn, its matte's edge or its focal length."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.diagnosis.silhouettes.causes import edge_or_size
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.named import Cause, Named
from renderkit.diagnosis.silhouettes.outlines import measure_outlines
from renderkit.diagnosis.silhouettes.shifts import Fit
from renderkit.diagnosis.silhouettes.standouts import Standout
from renderkit.diagnosis.silhouettes.turns import SettledTurn, Turns, measure_turns, settled_turn

FEW_CAMERAS: Final = (12, 24)
LEAST_SHIFTS_PX: Final = (1.0, 0.3)
"""Below these shifts no camera is named in rigs of so few cameras; linear between them."""

TURN_ERRORS: Final = 4.0
"""A turn of a picture by itself is told from so many standard errors on."""

LARGE_TURN_PX: Final = 3.0
"""A turn that moves the contour by more looks like another size as well."""

MOST_SHIFT: Final = 0.75
"""A picture is turned where a shift alone explains less of what a shift and a turn explain together."""

SHIFT_TIMES: Final = 1.1
"""Beyond so many times the threshold a shift stands out: 1.02 times was seen in 2 of 80 sound rigs."""

EDGE_PX: Final = 0.4
"""Below this no edge, and no size, is named."""

EDGE_TIMES: Final = 1.3
"""Beyond so many times the threshold an edge or a size stands out: they have longer tails than the noise's model."""

ALIKE: Final = 0.8
"""An edge and a size that stand out by more than this share of one another are not told apart for sure."""


def find_outlier(frames: Sequence[Frame], fit: Fit, dropped: Collection[int]) -> Named | None:
    """Return the camera that stands out most, by shift, turn, its matte's edge or focal length; None if none does."""
    shifts, outlines, turns = fit.by_shift, measure_outlines(frames, fit), measure_turns(frames, fit)
    found: list[tuple[float, int, Cause]] = [
        (*most_shifted(shifts), "shift"),
        (*_most(_told(turns.found), least_shift_px(len(fit.shifts))), "roll"),
        (*_most(_cautious(outlines.by_edge, EDGE_TIMES), EDGE_PX), "matte edge"),
        (*_most(_cautious(outlines.by_size, EDGE_TIMES), EDGE_PX), "focal length"),
    ]
    share, camera, cause = max(found, key=lambda one: one[0])
    if share < 1.0:
        return None
    if cause in {"shift", "roll"}:
        told = float(_told(turns.found).ratios[camera])
        if float(shifts.ratios[camera]) ** 2 < MOST_SHIFT * told**2:
            return _turned(camera, settled_turn(frames, camera, turns, (dropped, fit.base)))
        cause = "shift"
    dx, dy = shifts.amounts[camera].tolist()
    ex, ey = shifts.errors[camera].tolist()
    amount, is_unclear = 0.0, False
    if cause != "shift" and _is_large(turns, camera):
        # Neither is true of a picture that is turned by much: its contour lies inside and outside of the others'.
        told_by = settled_turn(frames, camera, turns, (dropped, fit.base))
        if told_by.settled and abs(told_by.turn[0]) >= TURN_ERRORS * told_by.turn[1]:
            return _turned(camera, told_by)
    if cause != "shift":
        # In a nearly round outline the two stand out alike: the camera's own rows tell them apart better.
        frame = next(frame for frame in frames if camera in frame.present)
        cause, amount = edge_or_size(fit, camera, frame.camera(camera).K[:2, 2])
        alike = [one.ratios[camera] / one.threshold for one in (outlines.by_edge, outlines.by_size)]
        is_unclear = min(alike) > ALIKE * max(alike)
    return Named(camera, cause, (dx, dy), (ex, ey), amount=amount, is_unclear=is_unclear)


def _told(found: Standout) -> Standout:
    """Return the turns that are some by themselves, and not the shifts beside them: ratios of others are 0."""
    told = np.abs(found.amounts[:, 2]) >= TURN_ERRORS * found.errors[:, 2]
    return replace(found, ratios=np.where(told, found.ratios, 0.0))


def _is_large(turns: Turns, camera: int) -> bool:
    return bool(_told(turns.found).ratios[camera] > 0.0 and abs(turns.found.amounts[camera, 2]) > LARGE_TURN_PX)


def _turned(camera: int, found: SettledTurn) -> Named:
    return Named(
        camera=camera,
        cause="roll",
        shift=found.shift,
        error=found.error,
        amount=found.amount,
        is_unclear=not found.settled,
        turn=found.turn,
    )


def most_shifted(shifts: Standout) -> tuple[float, int]:
    """Return the largest shift that counts, as a share of what stands out in a rig of so many cameras, and whose."""
    return _most(_cautious(shifts, SHIFT_TIMES), least_shift_px(len(shifts.ratios)))


def least_shift_px(count: int) -> float:
    """Return below which shift no camera is named: few cameras around a subject leave much to its unknown shape."""
    return float(np.interp(count, FEW_CAMERAS, LEAST_SHIFTS_PX))


def _cautious(found: Standout, times: float) -> Standout:
    return replace(found, threshold=times * found.threshold)


def _most(found: Standout, least_px: float) -> tuple[float, int]:
    """Return the largest ratio as a share of the threshold, of amounts that count, and whose it is."""
    large = np.linalg.norm(found.amounts, axis=1) >= least_px
    shares = np.where(large, found.ratios / found.threshold, 0.0)
    camera = int(np.argmax(shares))
    return float(shares[camera]), camera
