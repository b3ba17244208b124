"""renderkit demo: make, validate and explain a small capture with one planted fault."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.cli.arguments import out_option, rendering
from renderkit.cli.command import command
from renderkit.cli.command_log import log_options
from renderkit.cli.progress import Progress
from renderkit.cli.tables import json_option, say
from renderkit.cli.validate import print_report
from renderkit.errors import RenderkitError

if TYPE_CHECKING:
    from renderkit.renderers.choose import RendererKind
    from renderkit.results.report import Report

_NUM_CAMERAS = 10
_SIZE = (612, 512)
_FAULTY = "25"
_ANGLE_DEG = 0.3


@command()
@out_option("DIR", "Output folder.", default=Path("renderkit-demo"))
@json_option
@rendering
@log_options
def demo(out: Path, renderer: RendererKind, device: int | None, as_json: bool) -> None:
    """Make a small capture with one camera turned by 0.3 degrees, validate it, and show which camera it was."""
    from renderkit.pipeline import run
    from renderkit.pipeline.synth import synthesize
    from renderkit.pipeline.synth_options import SynthOptions
    from renderkit.results.run_folder import make_writable
    from renderkit.synth.faults import Fault

    started = time.monotonic()
    run_folder = make_writable(out) / "run"
    sys.stderr.write(
        f"making a capture of {_NUM_CAMERAS} cameras; camera {_FAULTY} is turned by {_ANGLE_DEG} degrees ...\n"
    )
    fault = Fault("rotated", (_FAULTY,), _ANGLE_DEG)
    truth = synthesize(out / "capture", SynthOptions(num_cameras=_NUM_CAMERAS, size=_SIZE, faults=(fault,)))
    with Progress() as progress:
        report = run.validate(
            truth.capture,
            flame=truth.flame_topology,
            out=run_folder,
            renderer=renderer,
            device=device,
            progress=progress.update,
            command=shlex.join(["renderkit", *sys.argv[1:]]),
        )
    print_report(report, run_folder, as_json=as_json)
    worst = report.worst
    if worst is None or worst.camera != _FAULTY or not worst.stands_out:
        raise RenderkitError(
            f"the planted fault in camera {_FAULTY} was not found; `renderkit doctor` checks the renderers"
        )
    if as_json:
        return
    _explain(report, run_folder)
    say(f"\ndone in {time.monotonic() - started:.0f} s")


def _explain(report: Report, run_folder: Path) -> None:
    """Say which files to look at."""
    from renderkit.results.json_report import FILE_NAME
    from renderkit.results.run_folder import OVERLAYS

    overlay = next(row.overlay for row in report.rows if row.key.camera == _FAULTY)
    say(f"\nCamera {_FAULTY} is the one whose calibration was turned. See:")
    for path, what in (
        (run_folder / str(overlay), "its photo, the rendering's outline beside the captured one, landmark errors"),
        (run_folder / OVERLAYS, "the contact sheet of the rig; --overlays all draws every camera"),
        (run_folder / FILE_NAME, "all numbers"),
    ):
        say(f"  {path}\n      {what}")
