"""A board: pictures of a calibration board judge a calibration that is never refitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from renderkit.boards.board import Board
from renderkit.boards.look import Look, look_for_board, why_nothing
from renderkit.boards.poses import BoardPoses, Sighting, estimate_poses, fits_alone
from renderkit.capture import View
from renderkit.diagnosis.evidence.board_findings import findings_of, metres
from renderkit.diagnosis.evidence.kind import EvidenceKind, EvidenceOptions, MeasuredEvidence, ViewMarks, ViewOf
from renderkit.diagnosis.evidence.registry import BOARD
from renderkit.metrics.board import KIND, BoardScore
from renderkit.metrics.scored_view import Missing
from renderkit.results.findings import RigFindings
from renderkit.wording import counted

_NOT_FOUND: Final = "the board was not found in this view's photograph"
_LENGTHS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_ARROW_SHARE: Final = 0.02


def measure_board(views: Sequence[View], options: EvidenceOptions) -> MeasuredEvidence:
    """Find the board in all photographs, estimate its pose in each frame, and judge the cameras."""
    board = options.board
    if board is None:
        return _cannot_tell("no board is named: give --board SPEC, such as charuco:11x8:0.020:0.015:DICT_5X5")
    if not views:
        return _cannot_tell("no view has a photograph")
    looks = look_for_board(views, board, threads=options.threads)
    missing = {_at(look.view): Missing(look.why or _NOT_FOUND) for look in looks}
    sightings = [
        Sighting(look.view.frame, look.view.camera, look.pixels)
        for look in looks
        if look.found and look.pixels is not None
    ]
    if not sightings:
        return _cannot_tell(_nothing_found(looks, board), missing)
    strangers = sum(not fits_alone(one, board) for one in sightings)
    if 2 * strangers > len(sightings):
        why = f"in {strangers} of {counted(len(sightings), 'picture')} the corners do not lie as on {board.spec}"
        return _cannot_tell(f"{why}: is this the board, and are its numbers of columns and rows right?", missing)
    found = estimate_poses(sightings, board, metres(options.unit))
    if found is None:
        few = f"{board.spec} was found in {len(sightings)} of {counted(len(looks), 'picture')}"
        instead = why_nothing(looks, board)
        words = f"no frame shows the board to two cameras at once: {few}{'; ' if instead else ''}{instead}"
        return _cannot_tell(words, missing)
    scores: dict[ViewOf, dict[str, Any]] = {at: {KIND.name: reason} for at, reason in missing.items()}
    for one in found.sightings:
        scores[one.frame, one.camera.name] = {KIND.name: score_of(found, one)}
    return MeasuredEvidence(findings_of(found, board, options.unit, options.false_alarms), scores, _marks(found))


EVIDENCE: Final = EvidenceKind(
    name=BOARD, title="pictures of a calibration board (--board)", needs="photograph", by_itself=False,
    measure=measure_board,
)  # fmt: skip


def score_of(found: BoardPoses, one: Sighting) -> BoardScore:
    """Return the score of one picture."""
    residuals = found.residuals(one)
    known = np.isfinite(residuals).all(axis=1)
    places = (one.pixels[known] + 0.5) / np.array(one.camera.size, dtype=np.float64)
    return BoardScore(residuals[known], places)


def _at(view: View) -> ViewOf:
    return view.frame, view.camera.name


def _cannot_tell(sentence: str, missing: dict[ViewOf, Missing] | None = None) -> MeasuredEvidence:
    scores = {at: {KIND.name: reason} for at, reason in (missing or {}).items()}
    return MeasuredEvidence(RigFindings(BOARD, "cannot tell", sentence), scores)


def _nothing_found(looks: Sequence[Look], board: Board) -> str:
    unusable = [look.why for look in looks if look.pixels is None]
    if len(unusable) == len(looks):
        return f"no picture could be used; the first: {unusable[0]}"
    instead = why_nothing(looks, board)
    words = f"{board.spec} was found in none of {counted(len(looks) - len(unusable), 'picture')}"
    return f"{words}; {instead}" if instead else f"{words}: is it in them, sharp, and with its white margin?"


def _marks(found: BoardPoses) -> tuple[ViewMarks, ...]:
    """Return a picture for each camera: of the view whose corners fit worst."""
    worst: dict[str, tuple[float, Sighting]] = {}
    for one in found.sightings:
        size = score_of(found, one).reprojection.median_px
        if one.camera.name not in worst or size > worst[one.camera.name][0]:
            worst[one.camera.name] = size, one
    return tuple(_marks_of(found, one) for _, one in worst.values())


def _marks_of(found: BoardPoses, one: Sighting) -> ViewMarks:
    residuals = found.residuals(one)
    known = np.isfinite(residuals).all(axis=1)
    score = score_of(found, one)
    longest = _ARROW_SHARE * max(one.camera.size)
    factor = max((step for step in _LENGTHS if step * score.reprojection.p95_px <= longest), default=1)
    start = one.pixels[known]
    words = (
        f"camera {one.camera.name}, frame {one.frame}: {counted(len(start), 'corner')} found, median "
        f"{score.reprojection.median_px:.3f} px; lines to where the calibration puts them, x{factor}"
    )
    return ViewMarks(
        one.frame,
        one.camera.name,
        words,
        good=start,
        arrows=np.column_stack([start, start + factor * residuals[known]]),
        labels=tuple(str(index) for index in np.flatnonzero(known)),
    )
