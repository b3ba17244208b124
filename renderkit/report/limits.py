"""A section of summary.md: which faults would be found in each camera, and which the gates let pass."""

from __future__ import annotations

import math
from pathlib import Path

from renderkit.report.markdown_text import escaped, table
from renderkit.results.detection_limits import FILE_NAME, DetectionLimits, FaultLimit, read_limits
from renderkit.wording import counted

_MOST_ROWS = 20


def limits_section(folder: Path) -> list[str]:
    """Return the section's lines; none where the run folder has no limits.json.

    Raises:
        DatasetError: If limits.json is something else.
    """
    limits = read_limits(folder)
    if limits is None:
        return []
    lines = ["### What would be found", "", escaped(limits.sentence, 400), ""]
    known = [camera for camera in limits.cameras if camera.faults]
    if known:
        header = ["camera", *(f"{escaped(one.kind)}{_unit(one)}" for one in known[0].faults)]
        lines += table(header, [[escaped(one.camera), *map(limit_cell, one.faults)] for one in known[:_MOST_ROWS]])
        lines += ["", _explanation(limits)]
    if len(known) > _MOST_ROWS:
        lines += ["", f"and {counted(len(known) - _MOST_ROWS, 'more camera')}, all in {FILE_NAME}"]
    return [*lines, *(f"- {escaped(note, 400)}" for note in limits.notes), ""]


def limit_cell(fault: FaultLimit) -> str:
    """Return a fault's limits: found with 50 %, with 99 %, and what the gates let pass."""
    passes = [] if math.isnan(fault.passes) else ["any" if math.isinf(fault.passes) else f"{fault.passes:.3g}"]
    return " / ".join([*(f"{value:.2g}" if math.isfinite(value) else "-" for value in _found(fault)), *passes])


def _found(fault: FaultLimit) -> tuple[float, float]:
    return fault.found_50, fault.found_99


def _unit(fault: FaultLimit) -> str:
    return f", {escaped(fault.unit)}" if fault.unit else ""


def _explanation(limits: DetectionLimits) -> str:
    words = "Sizes that are found with 50 % / 99 % probability"
    gates = ", ".join(limits.gates)
    words += f" / the largest that passes the gates: {gates}" if gates else ""
    return escaped(f"{words}; false alarm rate {100 * limits.alpha:g} % per rig.", 600)
