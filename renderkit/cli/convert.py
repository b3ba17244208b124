"""renderkit convert: convert cameras between formats, exactly or by request approximately."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from renderkit.cli.arguments import size_option
from renderkit.cli.command import PATH, argument, command
from renderkit.cli.option_rules import refuse_typed
from renderkit.cli.rig_arguments import check_format, from_option, read_cameras
from renderkit.cli.tables import json_option, print_json, say
from renderkit.errors import DatasetError
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.formats import FitResidual, WriteReport

_MOST = 20
_SHADES = " .:-=+*#%@"


@command()
@argument("source", "SRC", "Camera file or folder.", type=PATH)
@argument("target", "DST", "File (or folder) to write.", type=PATH)
@click.option("--to", metavar="FORMAT", required=True, help="Format to write.")
@from_option
@click.option("--approximate", is_flag=True, help="Fit the nearest camera if the format cannot express the exact one.")
@size_option
@click.option("--picture-suffix", default=".png", help="Picture suffix, for formats that name cameras by picture.")
@click.option("--overwrite", is_flag=True, help="Replace DST if it is there.")
@json_option
@click.pass_context
def convert(
    context: click.Context,
    /,
    source: Path,
    target: Path,
    to: str,
    from_: str | None,
    approximate: bool,
    size: tuple[int, int] | None,
    picture_suffix: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert cameras between formats, exact to 1e-9 px; refuse if the format cannot express a camera."""
    from renderkit.formats import WriteOptions, formats, write_rig

    check_format(to, "--to", written=True)
    if not formats()[to].names_pictures:
        refuse_typed(context, ("picture_suffix",), f"with --to {to}, which names cameras without pictures")
    raw = read_cameras(source, from_, size)
    if target.exists() and target.resolve() == source.resolve():
        raise DatasetError(target, None, "SRC and DST are the same; choose another DST")
    if target.exists() and not overwrite and not (target.is_dir() and not any(target.iterdir())):
        raise DatasetError(target, None, "is there already; choose another DST or give --overwrite")
    for note in raw.notes:
        say(f"note: {note}", err=True)
    options = WriteOptions(picture_suffix=picture_suffix)
    report = write_rig(raw.to_rig(), target, format=to, approximate=approximate, options=options)
    if as_json:
        print_json(_as_json(report, raw.format))
    else:
        _print_report(report, raw.format)


def _as_json(report: WriteReport, source: str) -> dict[str, object]:
    return {
        "path": str(report.path),
        "from": source,
        "to": report.format,
        "num_cameras": report.num_cameras,
        "notes": list(report.notes),
        "approximated": {
            name: {"model": one.model, "max_px": one.max_px, "rms_px": one.rms_px, "lost_share": one.lost_share}
            for name, one in report.residuals.items()
        },
    }


def _print_report(report: WriteReport, source: str) -> None:
    for note in report.notes:
        say(f"note: {note}", err=True)
    exact = report.num_cameras - len(report.residuals)
    say(f"{report.path}: {counted(report.num_cameras, 'camera')}, {source} -> {report.format}, {exact} exact")
    if not report.residuals:
        return
    worst_first = sorted(report.residuals.items(), key=lambda item: -item[1].max_px)
    say(f"{len(worst_first)} approximated, residual over the image:")
    say(f"  {'camera':<20} {'fitted model':<20} {'max px':>10} {'RMS px':>10} {'without ray':>12}")
    for name, residual in worst_first[:_MOST]:
        lost = f"{100.0 * residual.lost_share:.1f}%"
        numbers = f"{residual.max_px:>10.4g} {residual.rms_px:>10.4g} {lost:>12}"
        say(f"  {name:<20} {residual.model:<20} {numbers}")
    if len(worst_first) > _MOST:
        say(f"  and {len(worst_first) - _MOST} more")
    _print_map(*worst_first[0])


def _print_map(name: str, residual: FitResidual) -> None:
    """Print where in the image the worst camera's residual is, '?' where there is no ray."""
    top = residual.max_px if residual.max_px > 0.0 else 1.0
    say(f"map of camera {name} (' ' 0 to '@' {residual.max_px:.3g} px, '?' no ray):")
    for row in residual.error_px:
        cells = ("?" if value != value else _SHADES[min(int(10.0 * value / top), 9)] for value in row.tolist())  # noqa: PLR0124 - NaN
        say("  " + "".join(cells))
