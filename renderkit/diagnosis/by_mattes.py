"""Cameras that the mattes tell to be off by themselves, where a mesh that is not exact does not.

A mesh that was carved from silhouettes, smoothed or scanned on another day has outlines of its own: the places of the
cameras that see them are known no better than the mesh. The mattes against each other know nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.results.diagnosis import CameraFault
from renderkit.results.findings import JudgedCamera, RigFindings

ASKED_FROM_PX: Final = 0.25
"""Mattes are asked where the standard error of a camera's shift is larger: their own is 0.1 to 0.25 px at best."""

_CAUSES: Final = {
    "shift": ("shift", ("principal point", "turn", "sideways step")),
    "roll": ("roll", ("roll", "principal point and roll", "turn with roll")),
    "focal length": ("scale", ("focal length", "step along the axis")),
}


@dataclass(frozen=True)
class ByMattes:
    """Cameras that are off by the mattes alone, and what else the mattes say."""

    faults: tuple[CameraFault, ...] = ()
    notes: tuple[str, ...] = ()


NOTHING: Final = ByMattes()


def by_mattes(measure: Callable[[], RigFindings], known_px: Mapping[str, float], named: Collection[str]) -> ByMattes:
    """Return cameras that are off by the mattes alone; each camera is judged by what knows its place best.

    A camera that differs from the others because it does not share what is wrong with all of them is right as written.

    Args:
        measure: Measures what the mattes say.
        known_px: By camera, the standard error of its shift by mesh and landmarks, px.
        named: Cameras that are known to be off.
    """
    if not any(error > ASKED_FROM_PX for error in known_px.values()):
        return NOTHING
    findings = measure()
    if findings.verdict == "cannot tell":
        return NOTHING
    told = [one for one in findings.off if one.cause in _CAUSES and _knows_better(one, known_px)]
    faults = tuple(_fault(one) for one in told if one.as_written and one.camera not in named)
    return ByMattes(faults, findings.notes)


def _knows_better(one: JudgedCamera, known_px: Mapping[str, float]) -> bool:
    return float(np.hypot(*one.shift_error_px)) / math.sqrt(2.0) < known_px.get(one.camera, math.inf)


def _fault(one: JudgedCamera) -> CameraFault:
    family, causes = _CAUSES[one.cause]
    words = one.sentence.removeprefix(f"camera {one.camera}: ")
    return CameraFault(
        camera=one.camera,
        cause=causes[0],
        cannot_tell=causes,
        family=family,
        size_px=one.size_px,
        size_error_px=one.size_error_px,
        explained=True,
        sentence=f"camera {one.camera}: by the mattes against each other, without the mesh, {words}",
    )
