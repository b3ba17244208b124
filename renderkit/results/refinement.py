"""What `renderkit refine` changed in a rig, and what data that were held out say about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from renderkit.arrays import FloatArray, frozen
from renderkit.geometry.rig import Rig
from renderkit.metrics.score_json import finite_or_none
from renderkit.results.diagnosis import RigFit
from renderkit.wording import counted

Reference: TypeAlias = Literal["cameras", "mesh"]
HeldOutKind: TypeAlias = Literal["frames", "landmarks", "outlines", "landmarks and outlines", "nothing"]
Compared: TypeAlias = Literal["landmarks", "outlines"]

SCHEMA: Final = "renderkit.refinement/1"

WORLD: Final = "world"
"""Stands for the world unit."""

_UNITS: Final = {
    **dict.fromkeys(("turn_x", "turn_y", "roll"), "deg"),
    **dict.fromkeys(("step_x", "step_y", "step_z"), WORLD),
    **dict.fromkeys(("cx", "cy"), "px"),
    **dict.fromkeys(("log_focal", "log_aspect"), "%"),
}
_TITLES: Final = {"log_focal": "focal length", "log_aspect": "fx / fy"}


def shown_in(parameter: str) -> tuple[float, str]:
    """Return what a camera's parameter is multiplied by to be shown, and the unit then; "" for plain numbers.

    >>> shown_in("log_focal"), shown_in("step_x"), shown_in("k1")
    ((100.0, '%'), (1.0, 'world'), (1.0, ''))
    """
    unit = _UNITS.get(parameter, "")
    return {"deg": math.degrees(1.0), "%": 100.0}.get(unit, 1.0), unit


def world_unit_text(unit: str) -> str:
    """Return a world unit for people: "world units" where it is unknown."""
    return "world units" if unit == "unknown" else unit


def amount_text(parameter: str, value: float, error: float, world_unit: str = "unknown") -> str:
    """Return a parameter with its standard error and unit: turns in deg, focal length and aspect in per cent.

    >>> amount_text("step_z", 0.0123, 0.0021, "m")
    'step z +0.0123 +/- 0.0021 m'
    """
    factor, unit = shown_in(parameter)
    shown, spread = factor * value, factor * error
    digits = min(9, max(0, 1 - math.floor(math.log10(spread)))) if 0.0 < spread < math.inf else 6
    text = f"{_TITLES.get(parameter, parameter.replace('_', ' '))} {shown:+.{digits}f} +/- {spread:.{digits}f}"
    return f"{text} {world_unit_text(world_unit) if unit == WORLD else unit}".rstrip()


@dataclass(frozen=True)
class HeldOut:
    """What data that took no part in an estimate say about it; summed over folds.

    Attributes:
        kind: What was held out.
        num_views: Views that were held out.
        compared: What the distances are of: landmarks; the mattes' outlines from the drawn ones where there are none.
        before_px: Median distance in them with the camera as written.
        after_px: The same with the camera as estimated from the other data.
        support: Share of the change that they ask for; 1 is all of it, 0 none.
        support_error: Its standard error; infinite where nothing was held out.
    """

    kind: HeldOutKind
    compared: Compared
    num_views: int
    before_px: float
    after_px: float
    support: float
    support_error: float


@dataclass(frozen=True, eq=False)
class CameraRefinement:
    """The change of one camera.

    Attributes:
        camera: Camera name.
        cause: The slip whose parameters are changed.
        cannot_tell: Slips that explain the evidence about as well, `cause` first.
        change: What is added, by parameter: turns in rad and steps in world units, in the camera's own axes; cx and cy
            in px; log_focal, log_aspect (fx / fy) and k1 are numbers.
        errors: Standard errors, given that `cause` is right.
        covariance: (14, 14) of all parameters with `cause` left open, in the order of `parameters`.
        parameters: Names of the rows of `covariance`.
        moved_px: RMS displacement of the subject by the change.
        left_px: RMS displacement that is left with at most 5 % probability to be larger, given that `cause` is right.
        held_out: The test on held-out data.
        supported: Whether it holds.
        reason: Why not; "" if it does.
        unit: World unit, of steps.
    """

    camera: str
    cause: str
    cannot_tell: tuple[str, ...]
    change: Mapping[str, float]
    errors: Mapping[str, float]
    covariance: FloatArray
    parameters: tuple[str, ...]
    moved_px: float
    left_px: float
    held_out: HeldOut
    supported: bool
    reason: str
    unit: str = "unknown"

    def __post_init__(self) -> None:
        """Freeze."""
        object.__setattr__(self, "covariance", frozen(self.covariance))
        for name in ("change", "errors"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def change_text(self) -> str:
        """The change with its standard errors, in units for people."""
        return ", ".join(amount_text(name, value, self.errors[name], self.unit) for name, value in self.change.items())


@dataclass(frozen=True)
class WholeRig:
    """A misreading of all cameras that was undone before single cameras were looked at.

    Attributes:
        readings: Names of the readings of docs/diagnosis.md under which the rig fits.
        sentence: What was wrong, in one sentence.
        before: Fit as stated.
        after: Fit of the corrected cameras.
    """

    readings: tuple[str, ...]
    sentence: str
    before: RigFit
    after: RigFit


@dataclass(frozen=True, eq=False)
class Refinement:
    """A rig with the changes that held-out data support.

    Attributes:
        rig: All cameras; those of `cameras` that are supported are changed, all others are as they were.
        forced_rig: The same with the changes that are not supported as well.
        cameras: Cameras that the joint estimate names, worst first, supported or not.
        reference: What holds the world in place: the cameras that are not named, or the mesh with its landmarks.
        num_cameras: Cameras with evidence.
        alpha: Probability that a camera of a rig without fault is named.
        reason: Why nothing is better; "" where something is.
        notes: What the user should know, such as cameras that could not be read.
        whole: What was corrected in all cameras alike; `rig` and `forced_rig` are corrected so. None where nothing was.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     found = rk.refine(rk.synthesize(folder, options).capture)
        >>> isinstance(found, rk.Refinement), found.better
        (True, False)
    """

    rig: Rig
    forced_rig: Rig
    cameras: tuple[CameraRefinement, ...]
    reference: Reference
    num_cameras: int
    alpha: float
    reason: str = ""
    notes: tuple[str, ...] = ()
    whole: WholeRig | None = None

    @property
    def better(self) -> bool:
        """Whether all cameras were corrected alike, or held-out data support at least one change."""
        return self.whole is not None or any(one.supported for one in self.cameras)

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        if self.whole is None:
            return self._of_cameras or f"nothing is better: {self.reason}"
        return f"corrected: {self.whole.sentence}; then {self._of_cameras or f'nothing more: {self.reason}'}"

    @property
    def _of_cameras(self) -> str:
        """What single cameras gained; "" where none did."""
        if not any(one.supported for one in self.cameras):
            return ""
        good = [one for one in self.cameras if one.supported]
        names = ", ".join(one.camera for one in good)
        kind = good[0].held_out.kind
        left = len(self.cameras) - len(good)
        rest = f"; {left} more named, not supported" if left else ""
        verb = "is" if len(good) == 1 else "are"
        return f"{len(good)} of {counted(self.num_cameras, 'camera')} {verb} better on held-out {kind}: {names}{rest}"


def refinement_json(refinement: Refinement) -> dict[str, Any]:
    """Return the refinement as plain values; numbers that are not finite are None."""
    return {
        "schema": SCHEMA,
        "better": refinement.better,
        "sentence": refinement.sentence,
        "reference": refinement.reference,
        "num_cameras": refinement.num_cameras,
        "alpha": refinement.alpha,
        "notes": list(refinement.notes),
        "whole": None if refinement.whole is None else _whole_json(refinement.whole),
        "cameras": [_camera_json(one) for one in refinement.cameras],
    }


def _whole_json(whole: WholeRig) -> dict[str, Any]:
    fits = {"before": whole.before, "after": whole.after}
    return {
        "readings": list(whole.readings),
        "sentence": whole.sentence,
        **{name: {key: finite_or_none(value) for key, value in vars(fit).items()} for name, fit in fits.items()},
    }


def _camera_json(one: CameraRefinement) -> dict[str, Any]:
    held = {name: finite_or_none(v) if isinstance(v, float) else v for name, v in vars(one.held_out).items()}
    return {
        "camera": one.camera,
        "supported": one.supported,
        "reason": one.reason,
        "cause": one.cause,
        "cannot_tell": list(one.cannot_tell),
        "change": dict(one.change),
        "errors": dict(one.errors),
        "moved_px": one.moved_px,
        "left_px": one.left_px,
        "held_out_test": held,
        "parameters": list(one.parameters),
        "covariance": one.covariance.tolist(),
    }
