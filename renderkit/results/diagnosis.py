"""What the diagnosis of a rig concluded: the rig as a whole first, then single cameras."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from renderkit.metrics.score_json import nan_if_none, values_json
from renderkit.results.findings import RigFindings, RigVerdict, findings_from_json, findings_json

ALPHA: Final = 0.01
"""Probability that a rig without fault has a finding, where no other is asked for."""


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

    @property
    def blocks(self) -> bool:
        """Whether a run fails because of it."""
        return self.verdict == "does not fit"

    @property
    def fits_once_the_mesh_is_moved(self) -> bool:
        """Whether it is the mesh that is off: no reading had to be tried to bring it to its landmarks."""
        return self.blocks and self.num_tried == 0 and self.after.residual_px < self.before.residual_px

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


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the diagnosis as plain values; numbers that are not finite are None."""
    plain = values_json(diagnosis)
    return plain | {
        "before": values_json(diagnosis.before),
        "after": values_json(diagnosis.after),
        "alternatives": [list(one) for one in diagnosis.alternatives],
        "cameras": [values_json(one) for one in diagnosis.cameras],
        "evidence": [findings_json(one) for one in diagnosis.evidence],
        "common": None if diagnosis.common is None else values_json(diagnosis.common),
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
    }
    return Diagnosis(**{**value, **changed})


def _camera_from(value: dict[str, Any]) -> CameraFault:
    sizes = {name: nan_if_none(value[name]) for name in ("size_px", "size_error_px")}
    return CameraFault(**{**value, **sizes, "cannot_tell": tuple(value["cannot_tell"])})


def _fit_from(value: dict[str, Any]) -> RigFit:
    return RigFit(**{name: nan_if_none(number) for name, number in value.items()})
