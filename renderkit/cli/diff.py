"""renderkit diff: two calibrations of one rig, compared in pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from renderkit.cli.arguments import size_option
from renderkit.cli.command import PATH, argument, command
from renderkit.cli.option_rules import needs
from renderkit.cli.rig_arguments import read_cameras
from renderkit.cli.tables import json_option, print_json, print_table, say
from renderkit.errors import DatasetError
from renderkit.wording import list_names

if TYPE_CHECKING:
    from renderkit.diagnosis.diff import CameraDiff, RigDiff

_ROUNDING = 1e-12
"""Smaller numbers are rounding errors of double precision."""


@command()
@argument("first", "A", "Reference calibration.", type=PATH)
@argument("second", "B", "The other calibration.", type=PATH)
@click.option("--mesh", metavar="FILE", type=PATH, help="Compare on this mesh, in A's world.")
@click.option(
    "--distance",
    metavar="D",
    type=float,
    help="Radius of the sphere to compare on, in A's units; the working distance by default.",
)
@click.option("--plot", metavar="FILE.png", type=PATH, help="Plot the displacement field.")
@click.option("--raw", "raw_field", is_flag=True, help="Plot the field without alignment.")
@click.option("--from-a", metavar="FORMAT", help="A's format.")
@click.option("--from-b", metavar="FORMAT", help="B's format.")
@needs("plot", "raw_field")
@size_option
@json_option
def diff(
    first: Path,
    second: Path,
    mesh: Path | None,
    distance: float | None,
    plot: Path | None,
    raw_field: bool,
    from_a: str | None,
    from_b: str | None,
    size: tuple[int, int] | None,
    as_json: bool,
) -> None:
    """Compare two calibrations in px: as stated, and after the best common rigid motion and scale."""
    from renderkit.diagnosis.diff import diff_rigs
    from renderkit.geometry.mesh import Mesh

    if plot is not None and plot.suffix.lower() != ".png":
        raise click.BadParameter(f"the field is plotted as .png, not {plot.name!r}", param_hint="--plot")
    if mesh is not None and distance is not None:
        raise click.BadParameter("give either --mesh or --distance, not both", param_hint="--distance")
    one, other = read_cameras(first, from_a, size), read_cameras(second, from_b, size)
    for note in dict.fromkeys((*one.notes, *other.notes)):
        say(f"note: {note}", err=True)
    surface = Mesh.read(mesh) if mesh is not None else None
    try:
        result = diff_rigs(one.to_rig(), other.to_rig(), mesh=surface, distance=distance)
    except ValueError as error:
        raise DatasetError(second, None, str(error)) from error
    if as_json:
        print_json(_as_json(result))
    else:
        _print_tables(result, one.to_rig().unit)
    if plot is not None:
        from renderkit.export.rig_plot import plot_diff

        plot_diff(result, plot, aligned=not raw_field)


def _as_json(result: RigDiff) -> dict[str, object]:
    motion = result.alignment
    return {
        "compared_on": result.compared_on,
        "raw": [one.as_json() for one in result.raw],
        "aligned": [one.as_json() for one in result.aligned],
        "alignment": {"scale": motion.scale, "R": motion.R.tolist(), "t": motion.t.tolist()},
        "only_in_first": list(result.only_in_first),
        "only_in_second": list(result.only_in_second),
    }


def _print_tables(result: RigDiff, unit: str) -> None:
    lengths = "" if unit == "unknown" else f", lengths in {unit}"
    headers = ("camera", "max px", "mean px", "rotation deg", "centre")
    intrinsics = ("d fx px", "d fy px", "d cx px", "d cy px", "lost")
    rows = [[one.camera, *_motion_cells(one), *_intrinsics_cells(one), str(one.num_lost)] for one in result.raw]
    title = f"as stated: displacement on {result.compared_on}{lengths}"
    print_table((*headers, *intrinsics), rows, right=range(1, len(headers) + len(intrinsics)), title=title)
    rows = [[one.camera, *_motion_cells(one)] for one in result.aligned]
    title = f"after the best common rigid motion and scale ({result.alignment.scale:.8g})"
    print_table(headers, rows, right=range(1, len(headers)), title=title)
    say(f"worst camera: {result.worst_raw_px:.4g} px as stated, {result.worst_aligned_px:.4g} px aligned")
    for where, names in (("A", result.only_in_first), ("B", result.only_in_second)):
        if names:
            say(f"only in {where}: {list_names(names, 20)}")


def _motion_cells(one: CameraDiff) -> list[str]:
    numbers = (one.max_px, one.mean_px, one.rotation_deg, one.center_distance)
    return ["0" if abs(number) < _ROUNDING else f"{number:.4g}" for number in numbers]


def _intrinsics_cells(one: CameraDiff) -> list[str]:
    numbers = (*one.focal_change_px.tolist(), *one.principal_point_change_px.tolist())
    return [f"{number:+.4g}" for number in numbers]
