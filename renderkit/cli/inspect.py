"""renderkit inspect: what is in a capture, and what is missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from renderkit.cli.arguments import (
    CaptureArgument,
    CaptureInputs,
    FlameOption,
    LandmarksOption,
    MasksOption,
    MeshRootOption,
)
from renderkit.errors import RenderkitError

if TYPE_CHECKING:
    from renderkit.recording import Inventory, Recording

_LISTED = 16


def inspect(
    capture: CaptureArgument,
    masks: MasksOption = None,
    landmarks: LandmarksOption = None,
    flame: FlameOption = None,
    mesh_root: MeshRootOption = None,
) -> None:
    """Say what is in a capture: cameras, frames, annotations, units, and what is missing."""
    inputs = CaptureInputs(capture, (), masks, landmarks, flame, mesh_root)
    with inputs.open() as recording:
        inventory = recording.inventory()
        _print_facts(inventory, recording)
        _print_annotations(inventory)
        _print_cameras(recording)
        for title, lines in (("skipped cameras", _skipped(recording)), ("missing", inventory.missing)):
            if lines:
                typer.echo(f"\n{title}:")
                for line in lines:
                    typer.echo(f"  {line}")


def _print_facts(inventory: Inventory, recording: Recording) -> None:
    facts = {
        "capture": str(recording.path),
        "dataset": inventory.dataset,
        "unit": inventory.unit,
        "frames": f"{len(inventory.frames)}: {_listed(inventory.frames)}",
        "cameras": f"{len(inventory.cameras)}: {_listed(inventory.cameras)}",
        **{f"  {name}": value for name, value in inventory.attributes.items()},
    }
    width = max(map(len, facts))
    for name, value in facts.items():
        typer.echo(f"{name.ljust(width)}  {value}")


def _print_annotations(inventory: Inventory) -> None:
    rows = [
        (kind, f"{len(have)} of {len(inventory.cameras)} cameras", _listed(have))
        for kind, have in inventory.annotations.items()
    ]
    rows += [
        (kind, f"{len(have)} of {len(inventory.frames)} frames", _listed(have))
        for kind, have in inventory.frame_annotations.items()
    ]
    _print_table(("annotation", "there for", "which"), rows)


def _print_cameras(recording: Recording) -> None:
    """Print each camera's numbers; one whose calibration is no camera says why."""
    rows = []
    for name in recording.camera_names:
        try:
            camera = recording.camera(name)
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
    _print_table(("camera", "size px", "fx, fy", "cx, cy", "lens"), rows)


def _skipped(recording: Recording) -> list[str]:
    return [f"{camera.name}: {camera.why}" for camera in recording.skipped_cameras]


def _print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headers, box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        # Text, not str: what a file says is data, not markup.
        table.add_row(*(Text(cell) for cell in row))
    typer.echo("")
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _LISTED:
        return ", ".join(names)
    return f"{', '.join(names[: _LISTED - 2])} ... {names[-1]}"
