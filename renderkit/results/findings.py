"""What evidence that joins many views says about a rig, camera by camera: points, mattes, boards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np

from renderkit.arrays import FloatArray, as_array, frozen
from renderkit.metrics.score_json import (
    NUMBER_OR_NULL,
    TEXT,
    array_schema,
    finite_or_none,
    nan_if_none,
    object_schema,
    values_json,
)

RigVerdict: TypeAlias = Literal["fits", "does not fit", "cannot tell"]

LIMIT_PX: Final = 0.5
"""A rig does not fit where a camera is named as off by more than this: half a pixel is the smallest known slip."""


@dataclass(frozen=True)
class JudgedCamera:
    """What one kind of evidence says about one camera.

    Attributes:
        camera: Camera name.
        off: Whether it is named as off; rare in a rig without fault, see `RigFindings.false_alarm_rate`.
        size_px: RMS displacement of what is seen against what the other cameras predict, px; NaN if unknown.
        size_error_px: Its standard error.
        shift_px: (dx, dy) mean displacement, seen minus predicted, px.
        shift_error_px: Standard errors of both.
        cause: The likeliest cause, such as "shift", "turn", "focal length" or "dilated matte"; "" if it is not off.
        cannot_tell: All causes that explain the evidence about as well, `cause` first.
        as_written: Whether it is off from its calibration as written too, where all pictures are displaced alike.
        num_points: Points that were compared.
        informative: Share of them that constrain the camera, 0 to 1.
        sentence: The finding in one sentence; says what is missing where nothing can be told.
    """

    camera: str
    off: bool
    size_px: float
    size_error_px: float
    shift_px: tuple[float, float]
    shift_error_px: tuple[float, float]
    num_points: int
    informative: float
    sentence: str
    cause: str = ""
    cannot_tell: tuple[str, ...] = ()
    as_written: bool = True


@dataclass(frozen=True, eq=False)
class CameraMatrix:
    """One number for each ordered pair of cameras.

    Attributes:
        title: What the numbers are, such as "share of contour points refuted".
        cameras: (C,) names of rows and columns.
        values: (C, C); row against column, NaN where not known.
    """

    title: str
    cameras: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the values are not (C, C).
        """
        count = len(self.cameras)
        object.__setattr__(self, "values", frozen(as_array(self.values, np.float64, (count, count), "values")))


@dataclass(frozen=True, eq=False)
class RigFindings:
    """What one kind of evidence says about a rig.

    Attributes:
        evidence: Its name, such as "points", "mattes" or "board".
        verdict: "does not fit" where a camera is named as off by more than the limit of docs/guide/no-mesh.md, or
            where the evidence contradicts the rig as a whole; "cannot tell" without enough evidence.
        sentence: The answer for the rig in one sentence; where it cannot be told, what is missing.
        cameras: Every camera with evidence, in the rig's order.
        notes: What is common to all cameras, or what limits the answer, one sentence each.
        numbers: Further numbers by name with their unit at the end, such as "common_shift_x_px".
        matrix: Who contradicts whom; None where there is nothing of the kind.
        num_views: Views with evidence.
        false_alarm_rate: Probability that any camera of a rig without fault is named.
    """

    evidence: str
    verdict: RigVerdict
    sentence: str
    cameras: tuple[JudgedCamera, ...] = ()
    notes: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    matrix: CameraMatrix | None = None
    num_views: int = 0
    false_alarm_rate: float = 0.01

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "numbers", MappingProxyType(dict(self.numbers)))

    @property
    def off(self) -> tuple[JudgedCamera, ...]:
        """The cameras that are named as off, the worst first."""
        return tuple(sorted((one for one in self.cameras if one.off), key=lambda one: -_or_zero(one.size_px)))

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer for the rig, the cameras that are off, and the notes."""
        return (f"{self.evidence}: {self.sentence}", *(one.sentence for one in self.off), *self.notes)


def _or_zero(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def findings_json(findings: RigFindings) -> dict[str, Any]:
    """Return findings as plain values; numbers that are not finite are None."""
    matrix = findings.matrix
    return {
        "evidence": findings.evidence,
        "verdict": findings.verdict,
        "sentence": findings.sentence,
        "cameras": [values_json(one) for one in findings.cameras],
        "notes": list(findings.notes),
        "numbers": {name: finite_or_none(value) for name, value in findings.numbers.items()},
        "matrix": None
        if matrix is None
        else {
            "title": matrix.title,
            "cameras": list(matrix.cameras),
            "values": [[finite_or_none(float(value)) for value in row] for row in matrix.values],
        },
        "num_views": findings.num_views,
        "false_alarm_rate": findings.false_alarm_rate,
    }


def findings_from_json(value: Mapping[str, Any]) -> RigFindings:
    """Read what `findings_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: If it is something else.
    """
    matrix = value["matrix"]
    changed = {
        "cameras": tuple(_camera_from(one) for one in value["cameras"]),
        "notes": tuple(value["notes"]),
        "numbers": {name: nan_if_none(number) for name, number in value["numbers"].items()},
        "matrix": None
        if matrix is None
        else CameraMatrix(
            matrix["title"],
            tuple(matrix["cameras"]),
            np.array([[nan_if_none(number) for number in row] for row in matrix["values"]], dtype=np.float64),
        ),
    }
    return RigFindings(**{**value, **changed})


def findings_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `findings_json` returns."""
    count = {"type": "integer", "minimum": 0}
    pair = array_schema(NUMBER_OR_NULL, 2)
    camera = object_schema(
        "One camera",
        camera=TEXT,
        off={"type": "boolean"},
        size_px=NUMBER_OR_NULL | {"description": "RMS displacement, seen minus predicted by the other cameras"},
        size_error_px=NUMBER_OR_NULL,
        shift_px=pair,
        shift_error_px=pair,
        num_points=count,
        informative=NUMBER_OR_NULL | {"description": "Share of the points that constrain the camera"},
        sentence=TEXT,
        cause=TEXT,
        cannot_tell=array_schema(TEXT) | {"description": "All causes that explain the evidence about as well"},
        as_written={
            "type": "boolean",
            "description": "Off from its calibration as written, not only from the others",
        },
    )
    matrix = object_schema(
        "A number for each ordered pair of cameras",
        title=TEXT,
        cameras=array_schema(TEXT),
        values=array_schema(array_schema(NUMBER_OR_NULL)),
    )
    return object_schema(
        "What one kind of evidence that joins many views says about the rig",
        evidence=TEXT,
        verdict={"enum": list(get_args(RigVerdict))},
        sentence=TEXT,
        cameras=array_schema(camera),
        notes=array_schema(TEXT),
        numbers={"type": "object", "additionalProperties": NUMBER_OR_NULL},
        matrix={**matrix, "type": ["object", "null"]},
        num_views=count,
        false_alarm_rate=NUMBER_OR_NULL,
    )


def _camera_from(value: Mapping[str, Any]) -> JudgedCamera:
    numbers = {name: nan_if_none(value[name]) for name in ("size_px", "size_error_px", "informative")}
    pairs = {name: tuple(map(nan_if_none, value[name])) for name in ("shift_px", "shift_error_px")}
    return JudgedCamera(**{**value, **numbers, **pairs, "cannot_tell": tuple(value["cannot_tell"])})
