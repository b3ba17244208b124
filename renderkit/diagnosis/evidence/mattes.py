"""Mattes alone: silhouette coherence judges a rig of a dozen cameras or more around a subject, without any mesh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from renderkit.arrays import AlphaImage, FloatArray, Pixels
from renderkit.capture import View
from renderkit.diagnosis.evidence.kind import (
    EvidenceKind,
    EvidenceOptions,
    MeasuredEvidence,
    ViewMarks,
    off_sentence,
    verdict_of,
)
from renderkit.diagnosis.silhouettes.coherence import Frame, Slacks
from renderkit.diagnosis.silhouettes.common_shift import MAX_COMMON_ERROR_PX
from renderkit.diagnosis.silhouettes.judge import Verdict, judge_silhouettes
from renderkit.diagnosis.silhouettes.named import MATTE_CAUSES, Named
from renderkit.diagnosis.silhouettes.prepare import UNKNOWN, Silhouette, prepare_silhouette
from renderkit.diagnosis.silhouettes.rows import INFORMATIVE_PX
from renderkit.errors import RenderkitError
from renderkit.metrics.scored_view import Missing
from renderkit.metrics.silhouette import CONFLICT_PX, KIND, SilhouetteScore
from renderkit.results.findings import CameraMatrix, JudgedCamera, RigFindings
from renderkit.system import usable_cores
from renderkit.wording import SIDES, counted, lies_text, list_names, too_much, turned_text

NAME: Final = "mattes"
MIN_CAMERAS: Final = 12

MAX_FRAMES: Final = 3
"""Frames that are stacked, evenly spread; each costs memory and time."""

MIN_CONTOUR: Final = 40
"""A matte whose contour has fewer points inside the picture is left out."""

MAX_SHARE: Final = 0.9
"""A matte that fills more of the picture is left out."""

MIN_INSIDE_PX: Final = 4.0
"""A matte that is nowhere farther from its edge is left out: specks, that every ray finds a way through."""

MIN_INFORMATIVE: Final = 0.05
"""With a smaller share of informative points nothing is concluded."""

MAX_DRAWN: Final = 6


@dataclass(frozen=True, eq=False)
class _Mattes:
    """Silhouettes on a grid, with the views they are from.

    Attributes:
        names: Camera names.
        ids: Frame ids.
        views: By frame id and camera name.
        frames: One for each id.
        undistorted: Whether the mattes belong to undistorted pictures.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...]
    views: Mapping[tuple[str, str], View]
    frames: tuple[Frame, ...]
    undistorted: bool

    def remade(self, frame: int, camera: int, other: int) -> Silhouette | None:
        """Return a camera's silhouette with another one's matte."""
        mine = self.views.get((self.ids[frame], self.names[camera]))
        theirs = self.views.get((self.ids[frame], self.names[other]))
        if mine is None or theirs is None or theirs.mask is None or mine.camera.size != theirs.camera.size:
            return None
        return prepare_silhouette(mine.camera, theirs.mask.decode_gray(), undistorted=self.undistorted, seed=camera)

    def scale(self, index: int) -> float:
        """Return px of the picture for each px that was looked at."""
        return next(one.scale for frame in self.frames if (one := frame.silhouettes[index]) is not None)


def measure_mattes(views: Sequence[View], options: EvidenceOptions) -> MeasuredEvidence:
    """Judge a rig by its mattes; see `EvidenceKind.measure`."""
    mattes, left_out = _gathered(views, options)
    why = _refused(mattes, views, left_out)
    if mattes is None or why:
        reasons = {key: {KIND.name: Missing(reason)} for key, reason in left_out.items()}
        return MeasuredEvidence(RigFindings(NAME, "cannot tell", why), reasons)
    verdict = judge_silhouettes(mattes.frames, mattes.remade)
    still = np.zeros((len(mattes.names), 2))
    gross = {one.camera for one in verdict.named if one.cause in {"swapped", "gross", "matte piece"}}
    stated = [_all_slacks(frame, still, gross) for frame in mattes.frames]
    scores = _scores(mattes, stated)
    scores.update({key: {KIND.name: Missing(why)} for key, why in left_out.items()})
    findings = _findings(mattes, verdict, stated, len(left_out))
    if findings.numbers["informative"] < MIN_INFORMATIVE:
        few = (
            f"only {100 * findings.numbers['informative']:.0f} % of the contour points constrain a camera; "
            f"{100 * MIN_INFORMATIVE:.0f} % are needed: more cameras around the subject would help"
        )
        return MeasuredEvidence(RigFindings(NAME, "cannot tell", few, numbers=findings.numbers), scores)
    return MeasuredEvidence(findings, scores, _marks(mattes, verdict, stated))


def _gathered(
    views: Sequence[View], options: EvidenceOptions
) -> tuple[_Mattes | None, dict[tuple[str, str], str]]:  # fmt: skip
    """Prepare the mattes of a few frames; say of each that is left out why."""
    ids = tuple(dict.fromkeys(view.frame for view in views))
    chosen = [ids[place] for place in np.linspace(0, len(ids) - 1, min(len(ids), MAX_FRAMES)).round().astype(int)]
    used = [view for view in views if view.frame in chosen]
    left_out = {
        (
            view.frame,
            view.camera.name,
        ): f"silhouettes are compared in {len(chosen)} of {counted(len(ids), 'frame')}, not here"
        for view in views
        if view.frame not in chosen
    }
    names = tuple(dict.fromkeys(view.camera.name for view in used))
    by_key = {(view.frame, view.camera.name): view for view in used}
    threads = options.threads or usable_cores()
    with ThreadPoolExecutor(threads, thread_name_prefix="renderkit-matte") as pool:
        prepared = dict(zip(by_key, pool.map(lambda view: _prepared(view, names, options), used), strict=True))
    left_out |= {key: found for key, found in prepared.items() if isinstance(found, str)}
    good = {key: found for key, found in prepared.items() if not isinstance(found, str)}
    kept = tuple(name for name in names if any(camera == name for _, camera in good))
    frames = [frame for frame in chosen if sum(one == frame for one, _ in good) >= MIN_CAMERAS]
    if not frames:
        return None, left_out
    stacks = tuple(Frame.of([good.get((frame, name)) for name in kept], threads) for frame in frames)
    return _Mattes(kept, tuple(frames), by_key, stacks, options.undistorted_mattes), left_out


def _prepared(view: View, names: Sequence[str], options: EvidenceOptions) -> Silhouette | str:
    if view.mask is None:
        return "the capture has no matte of this view"
    try:
        alpha = view.mask.decode_gray()
        seed = names.index(view.camera.name)
        found = prepare_silhouette(view.camera, alpha, undistorted=options.undistorted_mattes, seed=seed)
    except (RenderkitError, ValueError) as error:
        return f"the matte cannot be used: {error}"
    return _unusable(alpha, found) or found


def _unusable(alpha: AlphaImage, found: Silhouette) -> str:
    """Say why a matte has no outline that can be compared; "" where it has one."""
    if not alpha.any():
        return "the matte is empty"
    if found.share > MAX_SHARE:
        return f"the matte fills {100 * found.share:.0f} % of the picture: it has no outline to compare"
    if len(found.points) < MIN_CONTOUR:
        return (
            f"the matte's contour has {counted(len(found.points), 'point')} inside "
            f"the picture, {MIN_CONTOUR} are needed"
        )
    deepest = float(found.distance[found.distance < UNKNOWN].max())
    if deepest < MIN_INSIDE_PX:
        return f"the matte is nowhere over {deepest:.1f} px from its edge: specks or lines, not the subject's outline"
    return ""


def _refused(mattes: _Mattes | None, views: Sequence[View], left_out: Mapping[tuple[str, str], str]) -> str:
    if mattes is not None:
        return ""
    good = Counter(view.frame for view in views if (view.frame, view.camera.name) not in left_out)
    most = max(good.values(), default=0)
    have = f"{counted(most, 'view')} of a frame {'has' if most == 1 else 'have'}" if most else "no view has"
    words = f"{have} a matte whose outline can be compared"
    reasons = [why for why in left_out.values() if "silhouettes are compared" not in why]
    example = f" (of {'others' if most else 'most'}: {max(set(reasons), key=reasons.count)})" if reasons else ""
    return f"{words}{example}; silhouettes of at least {MIN_CAMERAS} cameras around the subject are needed"


def _all_slacks(frame: Frame, shifts: FloatArray, gross: set[int]) -> Slacks:
    """Return the slacks as stated: good cameras among themselves, each gross one against the good ones."""
    alone = (frame.slacks(shifts, gross - {one}, [one]) for one in sorted(gross & set(frame.present)))
    parts = [frame.slacks(shifts, gross), *alone]
    return Slacks(
        np.concatenate([part.camera for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.table for part in parts]),
    )


def _scores(mattes: _Mattes, stated: Sequence[Slacks]) -> dict[tuple[str, str], Mapping[str, Any]]:
    scores: dict[tuple[str, str], Mapping[str, Any]] = {}
    for frame, ident, slacks in zip(mattes.frames, mattes.ids, stated, strict=True):
        for index in frame.present:
            own = slacks.table[slacks.camera == index]
            useful = own[(own[:, 0] < INFORMATIVE_PX) & (own[:, 2] >= 0), 0]
            score = SilhouetteScore(np.sort(useful) * mattes.scale(index), len(own))
            scores[ident, mattes.names[index]] = {KIND.name: score}
    return scores


def _findings(mattes: _Mattes, verdict: Verdict, stated: Sequence[Slacks], num_left_out: int) -> RigFindings:
    off = {one.camera: one for one in verdict.named if one.cause not in MATTE_CAUSES}
    cameras = tuple(_judged(mattes, verdict, stated, index, off.get(index)) for index in range(len(mattes.names)))
    named = [mattes.names[index] for index in off]
    shared = verdict.common
    size = float(np.median([mattes.scale(index) for index in range(len(mattes.names))]))
    common, common_error = np.array(shared.shift_px) * size, np.array(shared.error_px) * size
    common[common_error > MAX_COMMON_ERROR_PX] = np.nan
    error = float(np.nanmedian(verdict.fit.by_shift.errors)) * size
    informative = float(np.mean([one.informative for one in cameras]))
    num_views = sum(len(frame.present) for frame in mattes.frames)
    detail = (
        f"{counted(len(cameras), 'camera')}, {counted(num_views, 'view')}; standard error of a shift {error:.2f} px, "
        f"{100 * informative:.0f} % of the contour points informative"
    )
    words = off_sentence(cameras, len(cameras)) if named else "no camera is off by more than mattes can tell"
    numbers = {
        "shift_error_px": error, "informative": informative, "named_from_ratio": verdict.fit.by_shift.threshold,
        "common_shift_x_px": float(common[0]), "common_shift_y_px": float(common[1]),
        "common_shift_error_x_px": float(common_error[0]), "common_shift_error_y_px": float(common_error[1]),
    }  # fmt: skip
    notes = [_matte_note(mattes, one) for one in verdict.named if one.cause in MATTE_CAUSES]
    right = [mattes.names[index] for index, one in off.items() if not one.as_written]
    notes += _common_note(common, common_error, shared.told, right)
    if num_left_out:
        notes.append(f"mattes: {counted(num_left_out, 'view')} not compared, for the reasons in their rows")
    return RigFindings(
        NAME,
        verdict_of(cameras),
        f"{words} ({detail})",
        cameras,
        tuple(notes),
        numbers,
        CameraMatrix("share of the contour that another matte contradicts", mattes.names, verdict.conflicts),
        num_views,
    )


def _judged(
    mattes: _Mattes, verdict: Verdict, stated: Sequence[Slacks], index: int, named: Named | None
) -> JudgedCamera:
    name, scale = mattes.names[index], mattes.scale(index)
    tables = [slacks.table[slacks.camera == index] for slacks in stated]
    table = np.concatenate(tables)
    informative = (table[:, 0] < INFORMATIVE_PX) & (table[:, 2] >= 0)
    # Without the cameras that are named: their fault would spread to their neighbours.
    apart = (verdict.fit if index in verdict.fit.kept else verdict.full).by_shift
    shift, error = apart.amounts[index] * scale, apart.errors[index] * scale
    where = f"its projections {lies_text(*_as_seen(shift, error))}"
    sentence = f"camera {name}: {where}; {100 * informative.mean():.0f} % of its contour informative"
    own = JudgedCamera(
        camera=name,
        off=named is not None,
        size_px=float(np.hypot(*shift)),
        size_error_px=float(np.hypot(*error)) / np.sqrt(2.0),
        shift_px=(float(shift[0]), float(shift[1])),
        shift_error_px=(float(error[0]), float(error[1])),
        num_points=len(table),
        informative=float(informative.mean()) if len(table) else 0.0,
        sentence=sentence,
    )
    if named is None:
        return own
    shift, error = np.array(named.shift) * scale, np.array(named.error) * scale
    cause, words = _cause(mattes, named, shift, error)
    moved = not np.isnan(shift).any() and named.cause in {"shift", "roll", "focal length"}
    return replace(
        own,
        shift_px=(float(shift[0]), float(shift[1])),
        shift_error_px=(float(error[0]), float(error[1])),
        size_px=_size(mattes, named, index, shift) if moved else float("nan"),
        sentence=f"camera {name}: {words}",
        cause=cause,
        cannot_tell=(cause,),
        as_written=named.as_written,
    )


def _size(mattes: _Mattes, named: Named, index: int, shift: FloatArray) -> float:
    """Return how far the subject's outline is displaced, px of the picture."""
    if named.cause == "shift":
        return float(np.hypot(*shift))
    if named.cause == "roll":
        return float(np.hypot(np.hypot(*shift), named.amount * mattes.scale(index)))
    one = next(one for frame in mattes.frames if (one := frame.silhouettes[index]) is not None)
    reach = float(np.sqrt(((one.points - one.camera.K[:2, 2]) ** 2).sum(axis=1).mean()))
    return abs(named.amount) * reach * one.scale


def _cause(mattes: _Mattes, named: Named, shift: FloatArray, error: FloatArray) -> tuple[str, str]:
    if named.cause == "swapped":
        return (
            "swapped",
            f"its matte is that of camera {mattes.names[named.partner]}: exchanged, both agree with the rest",
        )
    if named.cause == "gross":
        words = (
            "its matte contradicts most others, and no shift explains it: another frame, another camera's picture, or "
        )
        return "gross conflict", f"{words}a wrong pose"
    if named.cause == "focal length":
        return (
            "focal length",
            f"its projections are {100 * abs(named.amount):.2f} % {too_much(named.amount)}: focal length or distance"
            f"{', or nearly as well the edge of its matte' if named.is_unclear else ''}",
        )
    if named.cause == "roll":
        middle = f"with the outline's middle, these {lies_text(*_as_seen(shift, error))}"
        return "roll", f"its projections are {turn_words(named)}; {middle}"
    return "shift", f"its projections {lies_text(*_as_seen(shift, error))}"


def turn_words(named: Named) -> str:
    """Return how the projections of a camera are turned; not by how much where the measurement did not settle."""
    turn, error = np.degrees(named.turn)
    if not named.is_unclear:
        return turned_text(-turn, error)
    way = "clockwise" if turn < 0.0 else "counterclockwise"
    return f"turned {way}, by about {abs(turn):.0f} deg, which is not known well"


def _matte_note(mattes: _Mattes, named: Named) -> str:
    name = mattes.names[named.camera]
    if named.cause == "matte piece":
        return f"camera {name}: its matte lacks a piece of the subject; this is not a calibration error"
    amount = named.amount * mattes.scale(named.camera)
    what = "large" if amount > 0 else "small"
    why = "its focal length would explain it nearly as well" if named.is_unclear else "this is not a calibration error"
    return f"camera {name}: its matte is {abs(amount):.1f} px too {what} all around; {why}"


def _common_note(shift: FloatArray, error: FloatArray, told: tuple[bool, bool], right: Sequence[str]) -> list[str]:
    parts = [
        f"{abs(value):.2f} +/- {one:.2f} px too far {less if value > 0.0 else more}"
        for value, one, (less, more), is_told in zip(shift, error, SIDES, told, strict=True)
        if is_told
    ]
    if not parts:
        return []
    but = f" but {list_names(right)}" if right else ""
    return [
        f"mattes: the projections of all cameras{but} lie {' and '.join(parts)}: a principal point or a tilt that is "
        "wrong in all cameras alike"
    ]


def _as_seen(shift: FloatArray, error: FloatArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where projections lie, from how far the picture lies from them, and the standard errors."""
    return (-float(shift[0]), -float(shift[1])), (float(error[0]), float(error[1]))


def _marks(mattes: _Mattes, verdict: Verdict, stated: Sequence[Slacks]) -> tuple[ViewMarks, ...]:
    """Show the parts of the contour that conflict, in the first frame of each camera that is named."""
    marks = []
    for one in verdict.named[:MAX_DRAWN]:
        for frame, ident, slacks in zip(mattes.frames, mattes.ids, stated, strict=True):
            silhouette = frame.silhouettes[one.camera]
            if silhouette is None:
                continue
            mine = slacks.camera == one.camera
            slack, points = slacks.table[mine, 0] * silhouette.scale, slacks.points[mine]
            raw = _raw_pixels(mattes.views[ident, mattes.names[one.camera]], silhouette, points, mattes.undistorted)
            conflict = slack < -CONFLICT_PX
            name = mattes.names[one.camera]
            caption = f"camera {name}, frame {ident}: contour that the other mattes contradict by over 1 px (pink): "
            caption += f"{int(conflict.sum())} of {counted(len(points), 'point')}"
            marks.append(ViewMarks(ident, name, caption, good=raw[~conflict], bad=raw[conflict]))
            break
    return tuple(marks)


def _raw_pixels(view: View, silhouette: Silhouette, points: Pixels, undistorted: bool) -> Pixels:
    """Return (n, 2) px of the picture as it was taken."""
    rays = silhouette.camera.unproject(points)
    ideal = view.camera.undistorted() if undistorted else view.camera
    return ideal.project_cam(rays)


EVIDENCE: Final = EvidenceKind(
    name=NAME,
    title="mattes of at least 12 cameras around the subject",
    needs="matte",
    by_itself=True,
    measure=measure_mattes,
)
