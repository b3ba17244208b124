"""renderkit prove: which faults would be found in each camera, and which the gates let pass."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renderkit.cli.arguments import judges_rig, out_option
from renderkit.cli.command import command, together
from renderkit.cli.command_log import log_options
from renderkit.cli.gate_arguments import config_option, gate_option, read_gates
from renderkit.cli.tables import json_option, print_json, print_table, say

if TYPE_CHECKING:
    from renderkit.results.detection_limits import DetectionLimits


@command()
@judges_rig
@together(gate_option, config_option, section="Gates")
@out_option("RUN", "Write limits.json into a run folder, and a section into its pages.")
@json_option
@log_options
def prove(gate: tuple[str, ...], config: Path | None, out: Path | None, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - options of any type
    """Say which faults would be found in each camera of a capture, and which the gates let pass."""
    from renderkit.pipeline import prove as pipeline
    from renderkit.results.detection_limits import limits_json
    from renderkit.results.run_takeover import check_run_folder

    gates = read_gates(gate, config, None, with_baseline=False).gates
    if out is not None:
        check_run_folder(out)
    limits = pipeline.prove(**given, gates=gates)
    if out is not None:
        _write(limits, out)
    if as_json:
        print_json(limits_json(limits))
    else:
        _print(limits)


def _write(limits: DetectionLimits, out: Path) -> None:
    """Write the limits into a folder; a run's summary.md and report.html get their sections."""
    from renderkit.report.registry import write_formats
    from renderkit.results.detection_limits import write_limits
    from renderkit.results.json_report import FILE_NAME, read_report
    from renderkit.results.run_folder import make_writable

    write_limits(limits, make_writable(out))
    if (out / FILE_NAME).is_file():
        write_formats(read_report(out), out, ("markdown", "html"))


def _print(limits: DetectionLimits) -> None:

    say(limits.sentence)
    if limits.kinds:
        _print_sizes(limits, "smallest fault that is found with 99 % probability", "found_99")
        if limits.gates:
            _print_sizes(limits, f"largest fault that passes {', '.join(limits.gates)}", "passes")
            if any(math.isnan(fault.passes) for one in limits.cameras for fault in one.faults):
                say("-: the camera has no landmarks, which these gates are about")
        noise = "" if math.isnan(limits.noise_px) else f"; landmark noise {limits.noise_px:.2f} px"
        say(f"false alarm rate {100 * limits.alpha:g} % per rig{noise}")
    blind = [one.camera for one in limits.cameras if not one.faults]
    if blind:
        say(f"no landmarks or outlines: {', '.join(blind)}")
    if limits.faulty:
        say(f"already off, and treated as such: {', '.join(limits.faulty)}")
    for note in limits.notes:
        say(f"note: {note}")


def _print_sizes(limits: DetectionLimits, title: str, which: str) -> None:
    known = [one for one in limits.cameras if one.faults]
    heads = [f"{one.kind} {one.unit}".rstrip() for one in known[0].faults]
    rows = [[one.camera, *(_size(getattr(fault, which)) for fault in one.faults)] for one in known]
    print_table(["camera", *heads], rows, right=range(1, len(heads) + 1), title=title)


def _size(value: float) -> str:
    if math.isnan(value):
        return "-"
    return "any" if math.isinf(value) else f"{value:.2g}" if value > 0.0 else "fails"
