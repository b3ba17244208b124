"""What the diagnosis of a rig concluded: the rig as a whole first, then single cameras."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from renderkit.metrics.score_json import nan_if_none, values_json
from renderkit.results.findings import RigFindings, RigVerdict, findings_from_json, findings_json

ALPHA: Final = 0.01
"""Probability that a rig without fault has a finding, where no other is asked for."""

NOT_THE_CAMERA: Final = ("matte", "detections")
"""Families of what is wrong with a camera's pictures while the camera is right."""

OTHER_MATTES: Final = "mattes of something else"
"""Why a drawn mesh may not meet the mattes of a camera that is right."""

UNUSABLE: Final = {
    "empty": ("is empty", "are empty", "nothing is inside at this threshold"),
    "all inside": ("covers", "cover", "the whole picture at this threshold"),
    "of another size": ("does not have", "do not have", "the size that the calibration of the camera states"),
    "unreadable": ("cannot be read", "cannot be read", "see its row"),
}
"""Causes for which a matte says nothing about its camera, and what is said of one and of several."""

LACKS: Final = 0.03
"""A matte lacks a part where it lacks at least this share of the drawn inside."""

CLOSE_OUTLINES: Final = 0.02
"""Outlines lie together up to this share of the subject's radius: a mesh that was decimated or smoothed reaches it."""


@dataclass(frozen=True)
class RigFit:
    """How well a whole rig fits; every number is a median over views, NaN without such evidence.

    Attributes:
        residual_px: Median landmark residual, px.
        relative: The same as a share of the landmarks' spread in the picture.
        iou: IoU of the drawn mesh with the matte, on a coarse grid.
        inside: Share of the mesh's vertices inside the matte.
    """

    residual_px: float
    relative: float
    iou: float
    inside: float


@dataclass(frozen=True)
class CameraFault:
    """One camera that is off, found by the joint estimate over all cameras.

    Attributes:
        camera: Camera name.
        cause: The likeliest slip; "far off" where it is too far off for a small error, and no slip explains it.
        cannot_tell: All slips that explain the evidence about as well, `cause` first.
        family: What it looks like: "shift", "roll", "scale", "lens", "aspect" or "several".
        size_px: RMS displacement of the subject, px; NaN if it is not known.
        size_error_px: Its standard error; NaN if it is not known.
        explained: Whether the slip leaves no more than noise.
        sentence: The finding in one sentence.
    """

    camera: str
    cause: str
    cannot_tell: tuple[str, ...]
    family: str
    size_px: float
    size_error_px: float
    explained: bool
    sentence: str


@dataclass(frozen=True)
class BadMatte:
    """A matte that is wrong whatever the cameras are.

    Attributes:
        camera: Camera name.
        frame: The frame's id.
        cause: A key of `UNUSABLE`, "inverted", "turned", "part missing", "other pieces", "too large",
            "too small", "of another camera" or "exchanged".
    """

    camera: str
    frame: str
    cause: str


@dataclass(frozen=True)
class OutlineFit:
    """How far the outlines of mesh and mattes lie apart; RMS along their normals, px, the median over views.

    Attributes:
        stated_px: As stated.
        left_px: Once the mesh is moved, turned and scaled as fits best.
        radius_px: The subject's radius in the picture.
        found: Share of the drawn outlines beside which an outline of a matte was found.
        missing: Share of the drawn inside, away from its outline, that the mattes lack.
    """

    stated_px: float
    left_px: float
    radius_px: float
    found: float
    missing: float = 0.0

    @property
    def is_close(self) -> bool:
        """Whether mesh and mattes agree as stated."""
        return self.stated_px <= self.limit_px and self.is_complete

    @property
    def is_close_once_moved(self) -> bool:
        """Whether they agree once the mesh is moved."""
        return self.left_px <= self.limit_px and self.is_complete

    @property
    def is_complete(self) -> bool:
        """Whether there is a matte wherever there is a mesh, and an outline of it beside the mesh's."""
        return self.found >= 1.0 - _OUTLINES_LOST and self.missing <= LACKS

    @property
    def limit_px(self) -> float:
        """Up to which outlines agree: a pixel is a matter of convention in any matte."""
        return max(CLOSE_OUTLINES * self.radius_px, 1.0)

    @property
    def words(self) -> str:
        """How far they lie apart."""
        return f"{self.stated_px:.1f} px RMS ({100 * self.stated_px / self.radius_px:.0f} % of the subject's radius)"

    @property
    def gap_words(self) -> str:
        """How far they lie apart, and what part of either has no counterpart."""
        lost = f", and {100 * (1.0 - self.found):.0f} % of the mesh's have none of a matte beside them"
        missing = f"; the mattes lack {100 * self.missing:.0f} % of the drawn inside"
        return self.words + lost * (self.found < 1.0 - _OUTLINES_LOST) + missing * (self.missing > LACKS)


_OUTLINES_LOST = 0.1


@dataclass(frozen=True)
class Diagnosis:
    """Whether a rig as a whole fits, what would make it fit, and which cameras are off.

    Attributes:
        verdict: "does not fit" when the rig as stated contradicts its landmarks or mattes, or when another reading of
            its numbers fits better by far; "cannot tell" without evidence, or when causes cannot be told apart.
        sentence: The answer for the rig in one sentence.
        readings: Names of the readings that make the rig fit; () if it fits as stated, or if none does.
        alternatives: Other combinations of readings that fit as well.
        before: The fit as stated.
        after: The fit under `readings`, or under the best one that was tried.
        margin: By how much the log likelihood prefers `readings`; NaN where no reading was tried.
        num_tried: How many readings and pairs of them were tried.
        num_views: Views with evidence.
        cameras: Cameras that are off, the worst first.
        cameras_sentence: The answer for single cameras; says why where there is none.
        others: What is wrong and no camera's fault: the mesh's pose or size, mattes.
        mesh: The one of `others` that says how the mesh is off against all cameras; "" where it is not.
        amiss: What `readings` correct: "calibration", "pictures", "landmarks", "mattes" or "mesh".
        evidence: What evidence that joins many views says, without a mesh: points, mattes, boards.
        common: An error that all cameras share, whose `camera` is ""; sizes of `cameras` count from what is left
            without it.
        mattes: Mattes that are wrong; their sentences are among `others`.
        num_mattes: Views with a matte of a mesh, whether it says anything or not.
        outlines: How far outlines lie apart; None where they were not measured in enough cameras.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     options = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        ...     found = rk.diagnose(rk.synthesize(folder, options).capture)
        >>> isinstance(found, rk.Diagnosis), found.blocks
        (True, False)
    """

    verdict: RigVerdict
    sentence: str
    before: RigFit
    after: RigFit
    readings: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    margin: float = math.nan
    num_tried: int = 0
    num_views: int = 0
    cameras: tuple[CameraFault, ...] = ()
    cameras_sentence: str = ""
    others: tuple[str, ...] = ()
    mesh: str = ""
    amiss: tuple[str, ...] = ()
    evidence: tuple[RigFindings, ...] = ()
    common: CameraFault | None = None
    mattes: tuple[BadMatte, ...] = ()
    num_mattes: int = 0
    outlines: OutlineFit | None = None

    @property
    def unusable_mattes(self) -> tuple[BadMatte, ...]:
        """The mattes that say nothing."""
        return tuple(one for one in self.mattes if one.cause in UNUSABLE)

    @property
    def lacks_mattes(self) -> bool:
        """Whether most mattes that were given say nothing: a run is no pass then, whatever else agrees."""
        return 2 * len(self.unusable_mattes) > self.num_mattes

    @property
    def by_mattes_alone(self) -> bool:
        """Whether the rig was judged by mattes of a mesh, and not by landmarks."""
        return math.isnan(self.before.residual_px) and not math.isnan(self.before.iou)

    @property
    def blocks(self) -> bool:
        """Whether a run fails because of it."""
        return self.verdict == "does not fit"

    @property
    def fits_once_the_mesh_is_moved(self) -> bool:
        """Whether it is the mesh that is off: moved, it agrees with its landmarks, or with the outlines of mattes."""
        if not self.blocks or self.readings:
            return False
        by_landmarks = self.num_tried == 0 and self.after.residual_px < self.before.residual_px
        outlines = self.outlines
        by_outlines = outlines is not None and outlines.is_close_once_moved and not outlines.is_close
        return by_landmarks or (by_outlines and self.common is None)

    @property
    def explains_all(self) -> bool:
        """Whether what is wrong with all cameras is known: then nothing is to be explained about single ones."""
        is_common = self.common is not None and self.common.sentence not in self.others
        return self.blocks and (bool(self.readings) or is_common or self.fits_once_the_mesh_is_moved)

    @property
    def condemns_all(self) -> bool:
        """Whether the rig as a whole does not fit, and not single cameras by evidence without a mesh."""
        unfit = [one for one in self.evidence if one.verdict == "does not fit"]
        has_mesh = not (math.isnan(self.before.residual_px) and math.isnan(self.before.iou))
        return self.blocks and (has_mesh or not unfit or not all(one.off for one in unfit))

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer for the rig, then one line per camera that is off, then what is common to all."""
        further = (line for one in self.evidence for line in one.lines[1:])
        return (f"diagnosis: {self.sentence}", *(one.sentence for one in self.cameras), *self.others, *further)

    def __str__(self) -> str:
        """Return the long form."""
        tried = f"readings tried: {self.num_tried}; views with evidence: {self.num_views}"
        cameras = (f"cameras: {self.cameras_sentence}",) if self.cameras_sentence else ()
        return "\n".join([self.lines[0], *cameras, *self.lines[1:], tried])


def unusable_words(cause: str, count: int) -> str:
    """Return what is said of so many mattes that say nothing for a cause: "are empty: nothing is inside ..."."""
    one, several, rest = UNUSABLE[cause]
    colon = ":" if cause in {"empty", "unreadable"} else ""
    return f"{one if count == 1 else several}{colon} {rest}"


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the diagnosis as plain values; numbers that are not finite are None."""
    plain = values_json(diagnosis)
    outlines = diagnosis.outlines
    return plain | {
        "before": values_json(diagnosis.before),
        "after": values_json(diagnosis.after),
        "alternatives": [list(one) for one in diagnosis.alternatives],
        "cameras": [values_json(one) for one in diagnosis.cameras],
        "evidence": [findings_json(one) for one in diagnosis.evidence],
        "common": None if diagnosis.common is None else values_json(diagnosis.common),
        "mattes": [values_json(one) for one in diagnosis.mattes],
        "outlines": None if outlines is None else values_json(outlines),
    }


def diagnosis_from_json(value: dict[str, Any]) -> Diagnosis:
    """Read what `diagnosis_json` wrote.

    Raises:
        KeyError, TypeError: If it is something else.
    """
    cameras = tuple(_camera_from(one) for one in value["cameras"])
    changed = {
        "before": _fit_from(value["before"]),
        "after": _fit_from(value["after"]),
        "readings": tuple(value["readings"]),
        "alternatives": tuple(tuple(one) for one in value["alternatives"]),
        "margin": nan_if_none(value["margin"]),
        "cameras": cameras,
        "others": tuple(value.get("others", ())),
        "amiss": tuple(value.get("amiss", ())),
        # Reports from before there was such evidence have no such key.
        "evidence": tuple(map(findings_from_json, value.get("evidence", ()))),
        "common": None if value.get("common") is None else _camera_from(value["common"]),
        "mattes": tuple(BadMatte(**one) for one in value.get("mattes", ())),
        "outlines": _outlines_from(value.get("outlines")),
    }
    return Diagnosis(**{**value, **changed})


def _camera_from(value: dict[str, Any]) -> CameraFault:
    sizes = {name: nan_if_none(value[name]) for name in ("size_px", "size_error_px")}
    return CameraFault(**{**value, **sizes, "cannot_tell": tuple(value["cannot_tell"])})


def _outlines_from(value: dict[str, Any] | None) -> OutlineFit | None:
    return None if value is None else OutlineFit(**{name: nan_if_none(number) for name, number in value.items()})


def _fit_from(value: dict[str, Any]) -> RigFit:
    return RigFit(**{name: nan_if_none(number) for name, number in value.items()})
