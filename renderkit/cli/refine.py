"""renderkit refine: correct the cameras that are off, where held-out data support it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.exceptions import Exit

from renderkit.cli.arguments import judges_rig, out_option
from renderkit.cli.command import command
from renderkit.cli.command_log import log_options
from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.option_rules import needs
from renderkit.cli.rig_arguments import check_format
from renderkit.cli.tables import json_option, print_json, print_table, say
from renderkit.errors import DatasetError

if TYPE_CHECKING:
    from renderkit.results.refinement import CameraRefinement, Reference, Refinement


REFERENCES: Final[tuple[Reference, ...]] = ("cameras", "mesh")


@command()
@judges_rig
@out_option("FILE", "Where to write the corrected cameras.")
@click.option("--to", metavar="FORMAT", default="rig", help="Format to write, as in `convert`.")
@click.option(
    "--reference",
    type=click.Choice(REFERENCES),
    default="cameras",
    help="What stays in place: the mean of the other cameras, or the mesh.",
)
@click.option("--force", is_flag=True, help="Write the named cameras' corrections even if held-out data disagree.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@needs("out", "to", "force", "overwrite")
@json_option
@log_options
def refine(
    out: Path | None,
    to: str,
    reference: Reference,
    force: bool,
    overwrite: bool,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - options of any type
) -> None:
    """Correct the cameras that are off; exit code 1, and no file, where held-out data do not support it."""
    from renderkit.pipeline import refine as pipeline
    from renderkit.results.refinement import refinement_json

    check_format(to, "--to", written=True)
    if out is not None and out.exists() and not overwrite and not (out.is_dir() and not any(out.iterdir())):
        raise DatasetError(out, None, "is there already; choose another file or give --overwrite")
    found = pipeline.refine(**given, reference=reference)
    for note in found.notes:
        say(f"note: {note}", err=True)
    written = [] if out is None or not (found.better or force) else _write(found, out, to, force=force)
    if as_json:
        print_json(refinement_json(found) | {"written": [str(path) for path in written]})
    else:
        _print(found)
        for path in written:
            say(f"written: {path}")
        if out is not None and not written:
            say("not written; --force writes it all the same")
    raise Exit(EXIT_PASS if found.better else EXIT_GATE_FAILED)


def _write(found: Refinement, out: Path, to: str, *, force: bool) -> list[Path]:
    from renderkit.formats import write_rig
    from renderkit.results.refinement import refinement_json
    from renderkit.writing import write_json

    report = write_rig(found.forced_rig if force else found.rig, out, format=to)
    for note in report.notes:
        say(f"note: {note}", err=True)
    beside = out.with_name(f"{out.stem}.refinement.json")
    return [out, write_json(beside, refinement_json(found), indent=1)]


def _print(found: Refinement) -> None:

    say(found.sentence)
    if not found.cameras:
        return
    headers = ("camera", "cause", "correction: add", "moved px", "left px", "held-out px", "support", "")
    print_table(headers, [_cells(one) for one in found.cameras], right=(3, 4, 5, 6))
    for one in found.cameras:
        others = [name for name in one.cannot_tell if name != one.cause]
        if others:
            say(f"camera {one.camera}: cannot be told from {', '.join(others)}")
    what = "mean pose of the cameras that are not named" if found.reference == "cameras" else "mesh"
    say(f"reference: the {what}")


def _cells(one: CameraRefinement) -> list[str]:
    held = one.held_out
    return [
        one.camera,
        one.cause,
        one.change_text,
        f"{one.moved_px:.2f}",
        f"< {one.left_px:.2f}",
        "-" if math.isnan(held.before_px) else f"{held.before_px:.2f} -> {held.after_px:.2f}",
        f"{held.support:.2f} +/- {held.support_error:.2f}",
        "" if one.supported else "not supported",
    ]
