"""What a board says about a rig: cameras that are off, the rig's scale, cameras that are early or late."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from renderkit.boards.board import Board
from renderkit.boards.poses import BoardPoses, Sighting, without_cameras
from renderkit.boards.timing import time_offsets
from renderkit.diagnosis.evidence.board_cameras import MIN_VIEWS, judge_cameras
from renderkit.diagnosis.evidence.board_field import LensField, lens_field
from renderkit.diagnosis.evidence.kind import off_sentence, verdict_of
from renderkit.diagnosis.evidence.registry import BOARD
from renderkit.diagnosis.joint.result import CameraFinding
from renderkit.results.causes import list_cameras
from renderkit.results.diagnosis import ALPHA
from renderkit.results.findings import JudgedCamera, RigFindings
from renderkit.wording import counted

MIN_CAMERAS: Final = 3
"""Two cameras that disagree do not say which of them is wrong."""

MIN_FRAMES: Final = 3
"""In one or two frames a camera that is off and a wrong pose of the board look alike."""

SCALE_LIMIT: Final = 0.02
"""A rig does not fit where its scale is off by more than this: no print is so wrong."""

_PER_METRE: Final = {"m": 1.0, "mm": 1000.0}
_PRINT_SHARE: Final = 2e-4
"""Error of a detected board's size that is common to all pictures, as a share: 0.02 px of 100."""

_WIDE: Final = 2.6
"""Standard errors to either side of the scale's interval: 99 %."""


def metres(unit: str) -> float | None:
    """Return the world units in a metre; None where the unit is not known."""
    return _PER_METRE.get(unit)


def findings_of(found: BoardPoses, board: Board, unit: str, alpha: float = ALPHA) -> RigFindings:
    """Judge a rig by the poses of a board.

    Args:
        found: The board in every frame.
        board: The board.
        unit: The rig's world unit: "m", "mm" or "unknown".
        alpha: Probability that any camera of a rig without fault is named.
    """
    names = tuple(dict.fromkeys(one.camera.name for one in found.sightings))
    words, numbers = _scale(found, unit)
    short = _missing(found, names)
    common = (
        f"{counted(len(found.sightings), 'picture')} of {board.spec} by "
        f"{counted(len(names), 'camera')} in {counted(len(found.poses), 'frame')}"
    )
    few = _not_judged(found, names)
    if short or len(names) - len(few) < MIN_CAMERAS:
        seen = f"{counted(len(names) - len(few), 'camera')} saw the board in {MIN_VIEWS} pictures or more"
        sentence = f"{short or f'{seen}: at least {MIN_CAMERAS} are needed to say which is off'}; {common}"
        return RigFindings(BOARD, "cannot tell", sentence, notes=words, numbers=numbers, num_views=len(found.sightings))
    strangers = _strangers(found, names)
    judged = judge_cameras(found, alpha)
    off = {one.camera: one for one in judged.findings} if len(_used(found)) >= MIN_CAMERAS else {}
    fields = _fields(found, set(off) | set(strangers))
    cameras = tuple(
        strangers[name] if name in strangers else _camera(found, name, off.get(name), fields[name]) for name in names
    )
    numbers |= {"noise_px": found.fit.noise_px, "healthy_scatter_px": judged.tau_px}
    late, delays = _late(found, len(names))
    answer = off_sentence(cameras, len(names) - len(few))
    if few:
        each = "each seen" if len(few) > 1 else "seen"
        late = (*late, f"not judged: {list_cameras(few)}: {each} in fewer than {MIN_VIEWS} pictures of the board")
    verdict = verdict_of(cameras)
    if abs(numbers.get("scale_percent", 0.0)) > 100.0 * SCALE_LIMIT:
        verdict = "does not fit"
    return RigFindings(
        evidence=BOARD,
        verdict=verdict,
        sentence=f"{answer} (false alarm rate {100 * alpha:g} %); {common}",
        cameras=cameras,
        notes=(*words, *late),
        numbers={**numbers, **delays},
        num_views=len(found.sightings),
        false_alarm_rate=alpha,
    )


def _missing(found: BoardPoses, names: Sequence[str]) -> str:
    """Say what is missing before cameras can be judged; "" where nothing is."""
    if len(names) < MIN_CAMERAS:
        seen = f"{counted(len(names), 'camera')} saw the board in common frames"
        return f"{seen}: at least {MIN_CAMERAS} are needed to say which of them is off"
    if len(found.poses) < MIN_FRAMES:
        frames = (
            f"{len(found.poses)} frame{'s show' if len(found.poses) > 1 else ' shows'} the board to several cameras"
        )
        return f"{frames}: at least {MIN_FRAMES} are needed, with the board in different places"
    return ""


def _not_judged(found: BoardPoses, names: Sequence[str]) -> list[str]:
    """Return the cameras that saw the board too rarely."""
    seen = Counter(one.camera.name for one in found.sightings)
    return [name for name in names if seen[name] < MIN_VIEWS]


def _used(found: BoardPoses) -> set[str]:
    return {one.camera.name for one, good in zip(found.sightings, found.used, strict=True) if good}


def _strangers(found: BoardPoses, names: Sequence[str]) -> dict[str, JudgedCamera]:
    """Return the cameras that contradict the others grossly in most of their pictures."""
    result = {}
    for name in names:
        own = [(one, good) for one, good in zip(found.sightings, found.used, strict=True) if one.camera.name == name]
        bad = [one for one, good in own if not good]
        if 2 * len(bad) > len(own):
            shift, error = _shift(found, bad)
            size = float(np.median([np.nanmedian(np.linalg.norm(found.residuals(one), axis=1)) for one in bad]))
            sentence = (
                f"camera {name}: contradicts the others in {len(bad)} of "
                f"{counted(len(own), 'picture')}, by {size:.0f} px in the "
                "median: are these its pictures, of these frames, and its calibration?"
            )
            result[name] = JudgedCamera(
                camera=name, off=True, size_px=size, size_error_px=math.nan, shift_px=shift, shift_error_px=error,
                num_points=_count(found, bad), informative=1.0, sentence=sentence, cause="pictures of another camera",
                cannot_tell=("pictures of another camera", "pictures of other frames", "gross calibration error"),
            )  # fmt: skip
    return result


def _fields(found: BoardPoses, suspects: set[str]) -> dict[str, LensField]:
    """Return the field of every camera's lens, by poses that no suspect has a part in."""
    trusted = without_cameras(found, suspects) if suspects else found
    own: dict[str, list[Sighting]] = {one.camera.name: [] for one in found.sightings}
    for one, good in zip(found.sightings, found.used, strict=True):
        if good:
            own[one.camera.name].append(one)
    return {name: lens_field(trusted, views) for name, views in own.items()}


def _camera(found: BoardPoses, name: str, finding: CameraFinding | None, field: LensField) -> JudgedCamera:
    own = [one for one, good in zip(found.sightings, found.used, strict=True) if good and one.camera.name == name]
    count = _count(found, own)
    bent = field.is_wrong(len({one.camera.name for one in found.sightings}))
    if finding is not None:
        where = f"; {field.sentence}" if bent or finding.family == "lens" else ""
        return JudgedCamera(
            camera=name, off=True, size_px=finding.size_px, size_error_px=finding.size_error_px,
            shift_px=finding.shift_px, shift_error_px=finding.shift_error_px, num_points=count, informative=1.0,
            sentence=f"{finding.sentence}{where}", cause=finding.cause, cannot_tell=finding.cannot_tell,
        )  # fmt: skip
    shift, error = _shift(found, own)
    size, size_error, words, cause = math.hypot(*shift), math.hypot(*error), "", ""
    if len(own) < MIN_VIEWS:
        shown = counted(len(own), "picture")
        words, bent = f"not judged: {shown} show the board, at least {MIN_VIEWS} are needed", False
    elif bent:
        words, cause = f"{field.sentence}, and neither a shift, a turn, a scale nor k1 explains it", "lens distortion"
        size, size_error = field.size_px, field.size_error_px
    else:
        words = f"nothing beyond noise in {counted(count, 'corner')} of {counted(len(own), 'picture')}"
    return JudgedCamera(
        camera=name, off=bent, size_px=size, size_error_px=size_error, shift_px=shift,
        shift_error_px=error, num_points=count, informative=float(len(own) >= MIN_VIEWS),
        sentence=f"camera {name}: {words}", cause=cause, cannot_tell=(cause,) if cause else (),
    )  # fmt: skip


def _shift(found: BoardPoses, own: Sequence[Sighting]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the mean of the views' mean residuals, seen minus predicted, and its standard errors."""
    means = np.array([-np.nanmean(found.residuals(one), axis=0) for one in own]).reshape(-1, 2)
    if not len(means):
        return (math.nan, math.nan), (math.nan, math.nan)
    mean = means.mean(axis=0)
    error = means.std(axis=0, ddof=1) / math.sqrt(len(means)) if len(means) > 1 else np.full(2, math.nan)
    return (float(mean[0]), float(mean[1])), (float(error[0]), float(error[1]))


def _count(found: BoardPoses, own: Sequence[Sighting]) -> int:
    return sum(int(np.isfinite(found.residuals(one)).all(axis=1).sum()) for one in own)


def _scale(found: BoardPoses, unit: str) -> tuple[tuple[str, ...], dict[str, float]]:
    """Return what the board says of the rig's scale: in words, and in numbers."""
    known, error = metres(unit), math.hypot(found.fit.scale_error, _PRINT_SHARE)
    if not math.isfinite(error) or error > 0.1:
        return ("the rig's scale cannot be told: the cameras that saw the board stand in one place",), {}
    if known is None:
        length = 1000.0 / found.fit.scale
        return (f"one world unit is {length:.6g} +/- {_WIDE * error * length:.2g} mm by the board (99 %)",), {
            "unit_mm": length,
            "unit_error_mm": error * length,
        }
    off = 100.0 * (found.fit.scale / known - 1.0)
    numbers = {"scale_percent": off, "scale_error_percent": 100.0 * error}
    if not 0.5 < found.fit.scale / known < 2.0:
        times = found.fit.scale / known
        words = f"scale: the rig's unit is stated as {unit}, but the board is {times:.4g} times as large in it"
        return (f"{words}: are the board's lengths in metres, and is the rig's unit right?",), numbers
    interval = f"{off:+.3f} +/- {_WIDE * 100.0 * error:.3f} % (99 %)"
    if abs(off) <= _WIDE * 100.0 * error:
        return (f"scale: the board is as large in the rig as stated: {interval}",), numbers
    rig, board = ("long", "larger") if off > 0.0 else ("short", "smaller")
    return (
        f"scale: the board differs in the rig from its stated size by {interval}: the rig's baselines are too {rig}, "
        f"or the board is printed {board} than stated; this is no single camera's fault",
    ), numbers


def _late(found: BoardPoses, num_cameras: int) -> tuple[tuple[str, ...], dict[str, float]]:
    """Return which cameras are early or late."""
    clear = [one for one in time_offsets(found) if one.is_clear(num_cameras)]
    words = tuple(
        f"camera {one.camera}: its pictures are {abs(one.frames):.3f} +/- {one.error:.3f} frames "
        f"{'late' if one.frames > 0.0 else 'early'}: its residuals follow the board's motion"
        for one in clear
    )
    return words, {f"time_offset_{one.camera}_frames": one.frames for one in clear}
