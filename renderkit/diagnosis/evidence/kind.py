"""What a kind of evidence is: how the views of a rig are judged together, without a mesh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray, Pixels, as_array, frozen
from renderkit.capture import Unit, View
from renderkit.results.diagnosis import ALPHA
from renderkit.results.findings import LIMIT_PX, JudgedCamera, RigFindings, RigVerdict
from renderkit.wording import cameras_off

if TYPE_CHECKING:
    from renderkit.boards.board import Board

ViewPart: TypeAlias = Literal["landmarks", "matte", "photograph"]
ViewOf: TypeAlias = tuple[str, str]
"""Frame id and camera name."""


@dataclass(frozen=True)
class EvidenceOptions:
    """How evidence is measured.

    Attributes:
        undistorted_mattes: The mattes belong to undistorted pictures.
        board: The calibration board in the photographs, where one is named.
        unit: The rig's world unit.
        false_alarms: Probability that a camera of a rig without fault is named by points or a board; the tests of
            mattes have rates of their own.
        threads: Worker threads; 0 for one per core. The result does not depend on it.
    """

    undistorted_mattes: bool = False
    threads: int = 0
    board: Board | None = None
    unit: Unit = "unknown"
    false_alarms: float = ALPHA


@dataclass(frozen=True, eq=False)
class ViewMarks:
    """What is drawn over one view's photograph, or over its matte where there is none.

    Attributes:
        frame: Frame id.
        camera: Camera name.
        caption: One line.
        good: (N, 2) px of the raw picture: points that agree.
        bad: (M, 2) px: points that do not.
        arrows: (K, 4) px, from (u, v) to (u, v).
        labels: (N) a short text beside each good point; () for none.
    """

    frame: str
    camera: str
    caption: str
    good: Pixels = field(default_factory=lambda: np.empty((0, 2)))
    bad: Pixels = field(default_factory=lambda: np.empty((0, 2)))
    arrows: FloatArray = field(default_factory=lambda: np.empty((0, 4)))
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If a shape is wrong.
        """
        for name, columns in (("good", 2), ("bad", 2), ("arrows", 4)):
            object.__setattr__(self, name, frozen(as_array(getattr(self, name), np.float64, (None, columns), name)))


@dataclass(frozen=True, eq=False)
class MeasuredEvidence:
    """What a kind of evidence measured in the views of one capture.

    Attributes:
        findings: What it says about the rig.
        scores: By frame and camera, the view's scores by the name of their `ScoreKind`, whose group is the evidence's
            name; or a `Missing` in a score's place.
        marks: Pictures that show the findings, the worst first.
    """

    findings: RigFindings
    scores: Mapping[ViewOf, Mapping[str, Any]] = field(default_factory=dict)
    marks: tuple[ViewMarks, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))


@dataclass(frozen=True)
class EvidenceKind:
    """A kind of evidence that judges a rig from many views at once.

    Attributes:
        name: Its name in --evidence, and the group of its scores in `renderkit.results.kinds`.
        title: What it is, for help and docs.
        needs: What a view must have; views without it are not handed to `measure`.
        by_itself: Whether it is used without being asked for, where a capture has no mesh.
        measure: Judges the views, all frames of all chosen cameras. Never raises for what a capture lacks: its
            findings then are "cannot tell" with what is missing. Views are read lazily: what cannot be read is left
            out, the view's own row says why.
    """

    name: str
    title: str
    needs: ViewPart
    by_itself: bool
    measure: Callable[[Sequence[View], EvidenceOptions], MeasuredEvidence]


def verdict_of(cameras: Sequence[JudgedCamera]) -> RigVerdict:
    """Return "does not fit" where a camera is off by more than `LIMIT_PX`, else "fits"."""
    return "does not fit" if any(one.off and not one.size_px <= LIMIT_PX for one in cameras) else "fits"


def off_sentence(cameras: Sequence[JudgedCamera], count: int) -> str:
    """Return which of so many cameras are off, and where they are off by little, that the rig fits all the same."""
    off = [one for one in cameras if one.off]
    words = cameras_off([one.camera for one in off], count)
    if not off or verdict_of(cameras) != "fits":
        return words
    each = "by" if len(off) == 1 else "each by"
    return f"{words}, {each} {LIMIT_PX:g} px or less: named, and the run does not fail by it"
