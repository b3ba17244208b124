"""Which stored translation belongs to FLAME's vertices, where the dataset does not say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from renderkit.diagnosis.view_choice import MIN_VIEWS
from renderkit.flame.translation import TranslationChoice
from renderkit.pipeline.checks.subject import CheckKind, CheckSubject, read_or_none
from renderkit.pipeline.spread import spread
from renderkit.results.capture_check import CaptureCheck
from renderkit.wording import counted

NAME: Final = "flame translation"

_CLEAR_FACTOR = 2.0
"""A translation is decided when the next candidate lies at least this many times as far from the evidence."""


def _check_translation(subject: CheckSubject) -> CaptureCheck:
    choose = subject.capture.choose_flame_translation
    if choose is None:
        return CaptureCheck.skipped(NAME, "the dataset has no FLAME fits")
    described = [found for name in subject.frames if (found := read_or_none(subject.capture.frame, name)) is not None]
    with_fit = [frame.id for frame in described if "flame" in frame.mesh_names]
    frames = spread(with_fit, subject.budget.num_frames)
    choices = [choice for frame in frames if (choice := read_or_none(choose, frame)) is not None]
    if not choices:
        return CaptureCheck.skipped(NAME, "no frame has FLAME vertices that can be read")
    first = choices[0]
    if first.evidence == "none":
        return CaptureCheck.skipped(
            NAME, "neither 3D landmarks nor cameras say where the head is; stored vertices are used"
        )
    others = {choice.choice for choice in choices} - {first.choice}
    margin, error = _mean_and_error([choice.margin for choice in choices])
    decided = not others and all(map(_is_clear, choices))
    sentence = f"{_translation_words(first)}, the same in {len(choices)} of {counted(len(frames), 'frame')} looked at"
    if others:
        sentence = f"{first} in frame {frames[0]}, but {', '.join(sorted(others))} in other frames"
    return CaptureCheck(
        NAME,
        "ok" if decided else "undecided",
        first.choice,
        margin,
        error,
        subject.capture.unit,
        decided,
        sentence,
    )


def _is_clear(choice: TranslationChoice) -> bool:
    best = min(choice.scores.values())
    return len(choice.scores) == 1 or choice.margin >= (_CLEAR_FACTOR - 1.0) * best


def _translation_words(choice: TranslationChoice) -> str:
    what = {"none": "nothing is added to the stored vertices", "trans": "trans is added", "cam": "cam[1:4] is added"}
    ranked = sorted(choice.scores.items(), key=lambda item: item[1])
    evidence = {"landmarks3d": "3D landmarks", "optical axes": "point where the optical axes meet"}[choice.evidence]
    distances = ", ".join(f"{name} {1e3 * score:.1f} mm" for name, score in ranked)
    margin = "" if math.isnan(choice.margin) else f" (margin {1e3 * choice.margin:.1f} mm)"
    return f"{what.get(choice.choice, choice.choice)}; distance to the {evidence}: {distances}{margin}"


def _mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) >= MIN_VIEWS else float("nan")
    return float(np.mean(values)), error


CHECK: Final = CheckKind(NAME, _check_translation)
