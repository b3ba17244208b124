"""renderkit refine: correct the cameras that are off, where held-out data support it."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.rig_arguments import check_format
from renderkit.cli.shared_options import judges_rig
from renderkit.cli.tables import JsonOption, print_json, print_table
from renderkit.errors import DatasetError

if TYPE_CHECKING:
    from renderkit.results.refinement import CameraRefinement, Refinement


class ReferenceChoice(StrEnum):
    """What holds the world in place."""

    CAMERAS = "cameras"
    MESH = "mesh"


@judges_rig
def refine(
    given: dict[str, Any],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where to write the corrected cameras.", show_default=False),
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="Format to write, as in `convert`.")] = "rig",
    reference: Annotated[
        ReferenceChoice,
        typer.Option("--reference", help="What stays in place: the mean of the other cameras, or the mesh."),
    ] = ReferenceChoice.CAMERAS,
    force: Annotated[
        bool, typer.Option("--force", help="Write the named cameras' corrections even if held-out data disagree.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Correct the cameras that are off; exit code 1, and no file, where held-out data do not support it."""
    from renderkit.pipeline import refine as pipeline
    from renderkit.results.refinement import refinement_json

    check_format(to, "--to", written=True)
    if out is not None and out.exists() and not overwrite and not (out.is_dir() and not any(out.iterdir())):
        raise DatasetError(out, None, "is there already; choose another file or give --overwrite")
    found = pipeline.refine(
        **given,
        reference=reference.value,
    )
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    written = [] if out is None or not (found.better or force) else _write(found, out, to, force=force)
    if as_json:
        print_json(refinement_json(found) | {"written": [str(path) for path in written]})
    else:
        _print(found)
        for path in written:
            typer.echo(f"written: {path}")
        if out is not None and not written:
            typer.echo("not written; --force writes it all the same")
    raise typer.Exit(EXIT_PASS if found.better else EXIT_GATE_FAILED)


def _write(found: Refinement, out: Path, to: str, *, force: bool) -> list[Path]:
    from renderkit.formats import write_rig
    from renderkit.results.refinement import refinement_json
    from renderkit.writing import write_json

    report = write_rig(found.forced_rig if force else found.rig, out, format=to)
    for note in report.notes:
        typer.echo(f"note: {note}", err=True)
    beside = out.with_name(f"{out.stem}.refinement.json")
    return [out, write_json(beside, refinement_json(found), indent=1)]


def _print(found: Refinement) -> None:
    from renderkit.results.text import printable

    typer.echo(printable(found.sentence))
    if not found.cameras:
        return
    headers = ("camera", "cause", "correction: add", "moved px", "left px", "held-out px", "support", "")
    print_table(headers, [_cells(one) for one in found.cameras], right=(3, 4, 5, 6))
    for one in found.cameras:
        others = [name for name in one.cannot_tell if name != one.cause]
        if others:
            typer.echo(printable(f"camera {one.camera}: cannot be told from {', '.join(others)}"))
    what = "mean pose of the cameras that are not named" if found.reference == "cameras" else "mesh"
    typer.echo(f"reference: the {what}")


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
