"""`renderkit testkit`: test vectors for people who write projection code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderkit.cli.arguments import SizeOption
from renderkit.cli.rig_arguments import FromOption, read_cameras
from renderkit.wording import counted


def testkit(
    rig: Annotated[Path, typer.Argument(metavar="RIG", help="A camera file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write into.", show_default=False)],
    source: FromOption = None,  # noqa: PT028 - a command, not a test
    size: SizeOption = None,  # noqa: PT028
) -> None:
    """Write test vectors of a rig: world points and their exact pixels, as JSON, CSV and npz."""
    from renderkit.testkit.files import write_kit
    from renderkit.testkit.vectors import make_kit

    kit = make_kit(read_cameras(rig, source, size).to_rig())
    write_kit(kit, out)
    num_points = sum(len(vectors.points_world) for vectors in kit.cameras.values())
    typer.echo(f"written: {out} ({counted(len(kit.cameras), 'camera')}, {counted(num_points, 'point')})")
    typer.echo(f"run your own function: pytest --renderkit-kit {out} --loader mymodule:project")
