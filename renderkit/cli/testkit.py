"""renderkit testkit: test vectors for people who write projection code."""

from __future__ import annotations

from pathlib import Path

from renderkit.cli.arguments import out_option, size_option
from renderkit.cli.command import PATH, argument, command
from renderkit.cli.command_log import log_options
from renderkit.cli.rig_arguments import from_option, read_cameras
from renderkit.cli.tables import say
from renderkit.wording import counted


@command()
@argument("rig", "RIG", "A camera file.", type=PATH)
@out_option("DIR", "Folder to write into.", required=True)
@from_option
@size_option
@log_options
def testkit(rig: Path, out: Path, from_: str | None, size: tuple[int, int] | None) -> None:
    """Write test vectors of a rig: world points and their exact pixels, as JSON, CSV and npz."""
    from renderkit.testkit.files import write_kit
    from renderkit.testkit.vectors import make_kit

    kit = make_kit(read_cameras(rig, from_, size).to_rig())
    write_kit(kit, out)
    num_points = sum(len(vectors.points_world) for vectors in kit.cameras.values())
    say(f"written: {out} ({counted(len(kit.cameras), 'camera')}, {counted(num_points, 'point')})")
    say(f"run your own function: pytest --renderkit-kit {out} --loader mymodule:project")
