"""The rig half of `renderkit inspect`: lint a camera file, and plot it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from renderkit.cli.exit_codes import EXIT_BAD_INPUT
from renderkit.cli.rig_arguments import read_cameras
from renderkit.cli.tables import print_json, say
from renderkit.errors import DatasetError
from renderkit.selection import natural_sorted
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.diagnosis.lint import Finding
    from renderkit.formats import RawRig
    from renderkit.geometry.rig import Rig


def is_rig(path: Path) -> bool:
    """Return True if `path` is a camera file or folder in a format of `renderkit.formats`.

    An SMC capture and a FaceScape folder are camera files as well as captures: try the capture first.
    """
    from renderkit.formats import detect_format

    try:
        detect_format(path)
    except DatasetError:
        return False
    return True


def inspect_rig(
    path: Path,
    *,
    as_json: bool = False,
    plot: Path | None = None,
    source: str | None = None,
    size: tuple[int, int] | None = None,
    beside: Mapping[str, object] | None = None,
) -> int:
    """Lint the cameras of a file, print what was found, and plot the rig if requested.

    Args:
        path: Camera file or folder.
        as_json: Print JSON instead of text.
        plot: An .html or .png to draw into.
        source: Format to read; detected by default.
        size: (width, height) for formats that state none.
        beside: What the JSON document holds beside the findings.

    Returns:
        0 when nothing is wrong (warnings allowed), 1 when a finding is an error, 2 when the file holds no camera.

    Raises:
        DatasetError: If the file cannot be read.
    """
    from renderkit.diagnosis.lint import exit_code, lint

    if plot is not None and plot.suffix.lower() not in {".html", ".png"}:
        raise click.BadParameter(f"a rig is plotted as .html or .png, not {plot.name!r}", param_hint="--plot")
    raw = read_cameras(path, source, size)
    if not raw.cameras:
        raise DatasetError(path, None, "the file holds no camera")
    findings = lint(raw)
    if as_json:
        print_json({**_as_json(raw, findings), **(beside or {})})
    else:
        _print_text(raw, findings)
    if plot is not None:
        from renderkit.export.rig_plot import plot_rig

        rig, left_out = usable_cameras(raw)
        if not len(rig):
            say("no camera can be plotted", err=True)
            return EXIT_BAD_INPUT
        if left_out:
            say(f"not plotted, because they are invalid: {', '.join(left_out[:20])}", err=True)
        plot_rig(rig, plot, findings)
    return exit_code(findings)


def usable_cameras(raw: RawRig) -> tuple[Rig, tuple[str, ...]]:
    """Return the valid cameras, and the names of the invalid ones."""
    from renderkit.geometry.rig import Rig

    cameras, left_out = {}, []
    for one in raw.cameras:
        try:
            cameras[one.name] = one.to_camera()
        except ValueError:
            # Named by the lint, with the numbers.
            left_out.append(one.name)
    return Rig(cameras, raw.unit, str(raw.path)), tuple(left_out)


def _counts(findings: tuple[Finding, ...]) -> dict[str, int]:
    return {level: sum(one.severity == level for one in findings) for level in ("error", "warning", "info")}


def _as_json(raw: RawRig, findings: tuple[Finding, ...]) -> dict[str, object]:
    return {
        "path": str(raw.path),
        "format": raw.format,
        "num_cameras": len(raw.cameras),
        "unit": raw.unit,
        "counts": _counts(findings),
        "findings": [one.as_json() for one in findings],
    }


def _print_text(raw: RawRig, findings: tuple[Finding, ...]) -> None:
    sizes = sorted({one.size for one in raw.cameras if one.size is not None})
    shown = ", ".join(f"{width} x {height}" for width, height in sizes[:3]) + (" ..." if len(sizes) > 3 else "")
    say(f"{raw.path}: {raw.format}, {counted(len(raw.cameras), 'camera')}, {shown} px, unit {raw.unit}")
    for of_one_rule, group in groupby(findings, lambda one: one.camera is not None and (one.severity, one.code)):
        if of_one_rule:
            _print_cameras(tuple(group))
        else:
            for one in group:
                _print_finding(one, "")
    counts = _counts(findings)
    say(
        f"{counted(counts['error'], 'error')}, "
        f"{counted(counts['warning'], 'warning')}, {counted(counts['info'], 'note')}"
    )


def _print_cameras(group: Sequence[Finding]) -> None:
    """Print what one rule found in cameras; of several the numbers of the first. --json has them all."""
    from renderkit.results.causes import list_cameras

    cameras = natural_sorted({one.camera for one in group if one.camera is not None})
    where = f" {list_cameras(cameras)}"
    if len(cameras) > 1:
        where = f": {counted(len(cameras), 'camera')} ({list_cameras(cameras)}); camera {group[0].camera}"
    _print_finding(group[0], where)


def _print_finding(finding: Finding, where: str) -> None:
    say(f"{finding.severity}: {finding.code}{where}: {finding.evidence}")
    say(f"    -> {finding.advice}")
