"""Headlines about mattes: those that say nothing, those that are wrong, and outlines that do not lie together."""

from __future__ import annotations

from collections import Counter
from typing import Final

from renderkit.results.causes import list_cameras
from renderkit.results.diagnosis import UNUSABLE, Diagnosis, unusable_words
from renderkit.results.headline_kind import Headline, sentence
from renderkit.wording import counted

_WORDS: Final = {"empty": "EMPTY", "all inside": "ALL INSIDE"}

_STEPS: Final = {
    "empty": "Look at a matte: inside it must reach the threshold (--matte-threshold), 128 of 255 by default.",
    "all inside": "Look at a matte: outside it must be below the threshold (--matte-threshold), 128 of 255 by default.",
}

_CAUSES: Final = {
    **{cause: unusable_words(cause, 2) for cause in UNUSABLE},
    "inverted": "are inverted: 255 is outside",
    "too large": "are too large all around",
    "too small": "are too small all around",
    "turned": "are turned or mirrored, or their pictures are",
    "other pieces": "hold other pieces than the subject",
    "part missing": "have a hole or lack a part",
    "of another camera": "are those of other cameras",
    "exchanged": "are exchanged with each other's, or the calibrations are",
}


def lacking_mattes(diagnosis: Diagnosis) -> Headline:
    """Return the headline of a run most of whose mattes say nothing."""
    unusable = diagnosis.unusable_mattes
    causes = Counter(one.cause for one in unusable)
    cause, _ = causes.most_common(1)[0]
    cameras = list(dict.fromkeys(one.camera for one in unusable))
    what = "; ".join(f"{count} {unusable_words(cause, count)}" for cause, count in causes.items())
    every = len(unusable) == diagnosis.num_mattes
    word = _WORDS.get(cause, "UNUSABLE") if len(causes) == 1 else "UNUSABLE"
    rest = " The landmarks fit." if diagnosis.before.residual_px == diagnosis.before.residual_px else ""
    rest = rest if diagnosis.verdict == "fits" else ""
    return Headline(
        state="bad",
        word=f"{'' if every else 'MOST '}MATTES {word}",
        verdict=f"{len(unusable)} of {counted(diagnosis.num_mattes, 'matte')} say nothing about the cameras.{rest}",
        camera="",
        who=sentence(list_cameras(cameras)),
        size=f"Of {counted(diagnosis.num_mattes, 'matte')}, {what}.",
        why=sentence(diagnosis.sentence),
        next_step=f"{_STEPS.get(cause, 'Make the mattes again.')} Or validate without mattes.",
    )


def bad_mattes(diagnosis: Diagnosis, size: str) -> Headline:
    """Return the headline of a run in which some mattes are wrong, and no camera is found to be off.

    Args:
        diagnosis: The run's diagnosis, with bad mattes.
        size: How far the worst of their cameras disagrees.
    """
    cameras = list(dict.fromkeys(one.camera for one in diagnosis.mattes))
    by_cause: dict[str, list[str]] = {}
    for one in diagnosis.mattes:
        by_cause.setdefault(one.cause, []).append(one.camera)
    why = "; ".join(f"the mattes of {list_cameras(names)} {_CAUSES[cause]}" for cause, names in by_cause.items())
    fits = "; the rig as a whole fits" if diagnosis.verdict == "fits" else ""
    num = len({(one.camera, one.frame) for one in diagnosis.mattes})
    step = f"Make the mattes of {list_cameras(cameras)} again"
    if set(by_cause) == {"turned"}:
        step = f"Turn the pictures or the mattes of {list_cameras(cameras)} back: see the pictures' EXIF orientation"
    return Headline(
        state="bad",
        word=f"{num} BAD MATTE{'S' * (num > 1)}",
        verdict=f"{num} of {counted(diagnosis.num_mattes, 'matte')} {'is' if num == 1 else 'are'} wrong, and no camera "
        f"is found to be off{fits}.",
        camera=cameras[0],
        who=sentence(list_cameras(cameras)),
        size=size,
        why=sentence(why),
        next_step=f"{step}, or leave {'it' if len(cameras) == 1 else 'them'} out (--cameras).",
    )


def outlines_apart(diagnosis: Diagnosis | None) -> tuple[str, str] | None:
    """Return word and verdict of a rig that fits by mattes alone whose outlines lie apart; None elsewhere."""
    if diagnosis is None or not diagnosis.by_mattes_alone or diagnosis.outlines is None or diagnosis.outlines.is_close:
        return None
    outlines = diagnosis.outlines
    if outlines.is_close_once_moved:
        verdict = (
            f"No single camera is off: the outlines of mesh and mattes lie {outlines.words} apart, and "
            f"{outlines.left_px:.1f} px once the mesh is moved. The mesh is off, or all cameras are."
        )
        return "FITS, MESH OFF", verdict
    verdict = (
        f"The mesh overlaps with the mattes (coarse IoU {diagnosis.before.iou:.2f}), and their outlines differ by "
        f"{outlines.gap_words}: whether by the mesh, the mattes or the cameras cannot be told."
    )
    return "OVERLAPS", verdict


APART_STEP: Final = (
    "Look at overlays, and give landmarks (--landmarks) or an exact mesh: they tell cameras from the mesh and mattes."
)
