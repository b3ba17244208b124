"""What a headline is: the verdict of a run and the answers to four questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["good", "bad", "unsure"]


@dataclass(frozen=True)
class Headline:
    """What a person reads first.

    Attributes:
        state: "bad" where a gate failed, the rig does not fit, a camera or a matte is wrong, a view failed or nothing
            was computed; "good" where the gates pass, or without gates where the rig fits and no camera is off; else
            "unsure".
        word: The verdict in capitals, such as "PASS" or "1 CAMERA OFF".
        verdict: The verdict as a sentence.
        camera: Name of the camera to look at first; "" where it is all of them or none.
        who: Which cameras, as a sentence.
        size: How bad it is, with numbers where something was measured.
        why: The likeliest cause, or that none is known.
        next_step: What to do now.
    """

    state: State
    word: str
    verdict: str
    camera: str
    who: str
    size: str
    why: str
    next_step: str

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """The parts after the verdict, each with its title."""
        return (
            ("which camera", self.who),
            ("how bad", self.size),
            ("why, probably", self.why),
            ("what next", self.next_step),
        )


def sentence(text: str) -> str:
    """Return a text as a sentence; "" for none."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
