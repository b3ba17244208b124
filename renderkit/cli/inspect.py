"""renderkit inspect: what is in a capture, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from renderkit.cli.arguments import capture_inputs, checks_option, scene_inputs
from renderkit.cli.command import PATH, argument, as_mapping, command, names_of
from renderkit.cli.command_log import log_options
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.option_rules import rule
from renderkit.cli.rig_arguments import from_option
from renderkit.cli.tables import json_option, print_json, print_table, say
from renderkit.errors import DatasetError, RenderkitError
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.capture import Capture, Inventory
    from renderkit.results.capture_check import CaptureCheck
    from renderkit.results.report import Report

_LISTED = 16
_FRAMES_CHECKED = 24
_BESIDE = frozenset(names_of(capture_inputs)) - {"size"}
"""Arguments that only a capture has a use for; `rig` may name the camera file itself."""


def _is_lint_only(given: Mapping[str, Any]) -> bool:
    """Whether only cameras are asked for; a size alone is for a camera file that states none."""
    asked = given["cameras_only"] or given["plot"] is not None or given["from_"] is not None
    return asked or (given["size"] is not None and all(given[name] in (None, ()) for name in _BESIDE))


@command()
@argument(
    "source", "[CAPTURE_OR_RIG]", "A capture, or a camera file; not needed with --rig.", type=PATH, required=False
)
@as_mapping("beside", capture_inputs)
@from_option
@click.option("--cameras-only", is_flag=True, help="Lint a capture as a camera file.")
@click.option("--plot", metavar="FILE", type=PATH, help="Plot a camera file's rig as .html or .png.")
@checks_option
@rule(
    lambda context: _is_lint_only(context.params),
    (_BESIDE - {"rig"}) | {"checks"},
    "with --cameras-only, --plot, --from or --size: only the cameras are read",
)
@rule(
    lambda context: _is_lint_only(context.params) and context.params["source"] is not None,
    ("rig",), "beside the camera file that is inspected",
)  # fmt: skip
@json_option
@log_options
@click.pass_context
def inspect(
    context: click.Context,
    /,
    source: Path | None,
    beside: Mapping[str, Any],
    from_: str | None,
    cameras_only: bool,  # noqa: ARG001 - asked for by its rule
    plot: Path | None,
    checks: bool,
    as_json: bool,
) -> None:
    """List what is in a capture and what is missing, and lint its cameras; a camera file is only linted.

    Cameras are checked for conventions, units, outliers and fold-over. The exit code is 1 when a finding is an error
    or the rig as a whole does not fit, 2 when a view of the first frame fails.
    """
    from renderkit.cli.inspect_rig import inspect_rig, is_rig

    inputs = scene_inputs(source, beside)
    source = source or beside["rig"] or Path()
    as_capture = beside["images"] is not None or beside["rig"] is not None
    if _is_lint_only(context.params):
        raise Exit(inspect_rig(source, as_json=as_json, plot=plot, source=from_, size=beside["size"]))
    try:
        capture = inputs.open()
    except DatasetError:
        given = any(value not in (None, ()) for value in beside.values())
        if given or not is_rig(source):
            raise
        raise Exit(inspect_rig(source, as_json=as_json)) from None
    with capture:
        found, views = _looked_at(capture) if checks and _has_views(capture) else ((), None)
        code = EXIT_PASS if views is None else _exit_code(views)
        if not as_json:
            _print_capture(capture, found)
            _print_views(views)
        elif as_capture or not is_rig(source):
            print_json(_as_json(capture, found, views))
            raise Exit(code)
        else:
            whole = {"capture": _as_json(capture, found, views)}
            raise Exit(max(code, inspect_rig(source, as_json=True, beside=whole)))
    if is_rig(source) and not as_capture:
        say("\ncameras:")
        code = max(code, inspect_rig(source))
    raise Exit(code)


def _has_views(capture: Capture) -> bool:
    """Whether anything but the calibration is there: a camera file alone has no view that could fail."""
    return any(have for kind, have in capture.inventory().annotations.items() if kind != "calibration")


def _looked_at(capture: Capture) -> tuple[Sequence[CaptureCheck], Report]:
    """Check what the capture's conventions turn out to be in a few of its views, and examine the first frame's."""
    from renderkit.pipeline.checks import CheckBudget, check_capture
    from renderkit.pipeline.first_views import examine_first_frame
    from renderkit.renderers.choose import make_renderer

    with make_renderer("cpu") as renderer:
        found = check_capture(capture, renderer, budget=CheckBudget(num_frames=_FRAMES_CHECKED))
        return tuple(found), examine_first_frame(capture, renderer)


def _exit_code(views: Report) -> int:
    """Return what `validate` would leave with, but that a capture with nothing to score is none that fails."""
    if views.diagnosis is not None and views.diagnosis.blocks:
        return EXIT_GATE_FAILED
    lacks = views.diagnosis is not None and views.diagnosis.lacks_mattes
    return EXIT_BAD_INPUT if views.failures or lacks else EXIT_PASS


def _as_json(capture: Capture, checks: Sequence[CaptureCheck], views: Report | None) -> dict[str, object]:
    from renderkit.results.text import diagnosis_lines, input_lines

    inventory = capture.inventory()
    cameras: dict[str, object] = {}
    for name in capture.camera_names:
        try:
            camera = capture.camera(name)
        except RenderkitError as error:
            cameras[name] = {"problem": str(error)}
            continue
        cameras[name] = {"size": camera.size, "K": camera.K.tolist(), "lens": camera.distortion.model}
    return {
        "path": str(capture.path),
        "dataset": inventory.dataset,
        "unit": inventory.unit,
        "frames": inventory.frames,
        "attributes": dict(inventory.attributes),
        "annotations": dict(inventory.annotations),
        "frame_annotations": dict(inventory.frame_annotations),
        "cameras": cameras,
        "skipped_cameras": {camera.name: camera.why for camera in capture.skipped_cameras},
        "missing": [str(part) for part in inventory.missing],
        "checks": [{"name": one.name, "verdict": one.verdict, "sentence": one.sentence} for one in checks],
        "first_frame": [] if views is None else [*diagnosis_lines(views), *input_lines(views)],
    }


def _print_capture(capture: Capture, checks: Sequence[CaptureCheck]) -> None:
    inventory = capture.inventory()
    _print_facts(inventory, capture)
    _print_annotations(inventory)
    _print_cameras(capture)
    for title, lines in (
        ("skipped cameras", _skipped(capture)),
        ("missing", [str(part) for part in inventory.missing]),
    ):
        if lines:
            say(f"\n{title}:")
            for line in lines:
                say(f"  {line}")
    if checks:
        say("\nchecks:")
        for check in checks:
            say(f"  {check}")


def _print_views(views: Report | None) -> None:
    """Print what `validate` would say of the first frame's views."""
    from renderkit.results.text import diagnosis_lines, input_lines

    if views is None:
        return
    say("\nfirst frame:")
    for line in (*diagnosis_lines(views), *input_lines(views)):
        say(f"  {line}")


def _print_facts(inventory: Inventory, capture: Capture) -> None:
    facts = {
        "capture": str(capture.path),
        "dataset": inventory.dataset,
        "unit": inventory.unit,
        "frames": f"{len(inventory.frames)}: {_listed(inventory.frames)}",
        "cameras": f"{len(inventory.cameras)}: {_listed(inventory.cameras)}",
        **{f"  {name}": value for name, value in inventory.attributes.items()},
    }
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"{name.ljust(width)}  {value}")


def _print_annotations(inventory: Inventory) -> None:
    rows = [
        (kind, f"{len(have)} of {counted(len(inventory.cameras), 'camera')}", _listed(have))
        for kind, have in inventory.annotations.items()
    ]
    rows += [
        (kind, f"{len(have)} of {counted(len(inventory.frames), 'frame')}", _listed(have))
        for kind, have in inventory.frame_annotations.items()
    ]
    say("")
    print_table(("annotation", "there for", "which"), rows)


def _print_cameras(capture: Capture) -> None:
    """Print each camera's numbers; for an invalid calibration, the reason."""
    rows = []
    for name in capture.camera_names:
        try:
            camera = capture.camera(name)
        except RenderkitError as error:
            rows.append((name, f"no camera: {error}", "", "", ""))
            continue
        radius = camera.distortion.valid_radius
        rows.append(
            (
                name,
                f"{camera.width} x {camera.height}",
                f"{camera.K[0, 0]:.1f}, {camera.K[1, 1]:.1f}",
                f"{camera.K[0, 2]:.1f}, {camera.K[1, 2]:.1f}",
                f"{camera.distortion.model}, valid to {radius:.3g}",
            )
        )
    say("")
    print_table(("camera", "size px", "fx, fy", "cx, cy", "lens"), rows)


def _skipped(capture: Capture) -> list[str]:
    return [f"{camera.name}: {camera.why}" for camera in capture.skipped_cameras]


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _LISTED:
        return ", ".join(names)
    return f"{', '.join(names[: _LISTED - 2])} ... {names[-1]}"
