"""renderkit synth: write a capture whose truth is known, with or without planted faults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from renderkit.cli.arguments import parse_size
from renderkit.cli.command import PATH, argument, command
from renderkit.cli.command_log import log_options
from renderkit.cli.option_rules import excludes
from renderkit.cli.tables import json_option, print_json, say

if TYPE_CHECKING:
    from renderkit.pipeline.synth_options import DatasetLike
    from renderkit.synth.faults import Fault
    from renderkit.synth.rig import LensKind
    from renderkit.synth.truth import SynthTruth


LIKES: Final[tuple[DatasetLike, ...]] = ("renderme360", "facescape")
LENSES: Final[tuple[LensKind, ...]] = ("none", "modest", "folding")


_BOARD_FRAMES = 20
_SIZE, _BOARD_SIZE = (612, 512), (1224, 1024)


def _print_faults(*, as_json: bool) -> None:
    from renderkit.synth.faults import FAULTS

    if as_json:
        print_json(
            [{"name": k.name, "amount": k.amount, "unit": k.unit, "meaning": k.meaning} for k in FAULTS.values()]
        )
        return
    for kind in FAULTS.values():
        amount = f"{kind.amount:g} {kind.unit}" if kind.unit else "-"
        say(f"{kind.name:22}{amount:14}{kind.meaning}")


@command()
@argument("out", "[OUT]", "Folder to write into.", type=PATH, required=False)
@click.option("--like", type=click.Choice(LIKES), default="renderme360", help="Format of the files.")
@click.option("--cameras", metavar="N", type=int, default=12, help="Number of cameras.")
@click.option("--frames", metavar="N", type=int, help="Number of frames (FaceScape: tuples); 1, or 20 for a board.")
@click.option(
    "--size", metavar="WIDTHxHEIGHT", type=parse_size, help="Picture size in px; 612x512, or 1224x1024 for a board."
)
@click.option(
    "--seed",
    metavar="S",
    type=int,
    default=0,
    help="Seed of the person, the rig and the noise; equal seeds give equal bytes.",
)
@click.option(
    "--fault",
    metavar="NAME@CAMERA[,CAMERA][=AMOUNT]",
    multiple=True,
    help="Fault to plant, such as rotated@25=0.3 or half-pixel@18-32; may be repeated.",
)
@click.option("--faces", metavar="N", type=int, default=60_000, help="Number of faces of the scan, approximately.")
@click.option("--lens", type=click.Choice(LENSES), default="modest", help="Lens distortion.")
@click.option(
    "--board",
    metavar="SPEC",
    help="Photograph a calibration board instead of a head, such as charuco:11x8:0.020:0.015:DICT_5X5.",
)
@click.option(
    "--landmark-noise", metavar="PX", type=float, default=0.3, help="Noise of the detected landmarks, px per axis."
)
@click.option("--no-mesh", is_flag=True, help="Pictures, mattes and 2D landmarks only: no mesh, no 3D landmarks.")
@click.option("--list-faults", is_flag=True, help="List the faults and exit.")
@excludes("list_faults", kept=("as_json", "quiet", "verbose", "log_file"))
@excludes("board", "like", "faces", "landmark_noise", "no_mesh", why="there is no head")
@json_option
@log_options
def synth(
    out: Path | None,
    like: DatasetLike,
    cameras: int,
    frames: int | None,
    size: tuple[int, int] | None,
    seed: int,
    fault: tuple[str, ...],
    faces: int,
    lens: LensKind,
    board: str | None,
    landmark_noise: float,
    no_mesh: bool,
    list_faults: bool,
    as_json: bool,
) -> None:
    """Write a synthetic capture in a dataset's own format, with the truth beside it in truth.json."""
    from renderkit.cli.progress import Progress
    from renderkit.pipeline.synth import SynthOptions, synthesize

    if list_faults:
        _print_faults(as_json=as_json)
        return
    if out is None:
        raise click.BadParameter("expected a folder to write into", param_hint="OUT")
    try:
        options = SynthOptions(
            like=like,
            num_cameras=cameras,
            num_frames=frames or (_BOARD_FRAMES if board else 1),
            board=board or "",
            size=size or (_BOARD_SIZE if board else _SIZE),
            seed=seed,
            faults=_parse_faults(fault),
            scan_faces=faces,
            lens=lens,
            landmark_noise_px=landmark_noise,
            no_mesh=no_mesh,
        )
        with Progress() as progress:
            truth = synthesize(out, options, progress.update)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if as_json:
        print_json(_as_json(truth))
    else:
        _print_result(truth)


def _as_json(truth: SynthTruth) -> dict[str, object]:
    extras = {"flame": truth.flame_topology, "masks": truth.masks, "landmarks": truth.landmarks}
    return {
        "truth": str(truth.path),
        "captures": [str(capture) for capture in truth.captures],
        **{name: None if path is None else str(path) for name, path in extras.items()},
        "faults": [{"name": one.name, "cameras": list(one.cameras), "amount": one.amount} for one in truth.faults],
    }


def _parse_faults(texts: Sequence[str]) -> tuple[Fault, ...]:
    from renderkit.synth.faults import parse_fault

    return tuple(parse_fault(text) for text in texts)


def _print_result(truth: SynthTruth) -> None:
    """Print what was written and how to validate it."""
    for planted in truth.faults:
        say(f"planted {planted.name} in camera {', '.join(planted.cameras)}: {planted.kind.meaning}")
    extras = {"--flame": truth.flame_topology, "--masks": truth.masks, "--landmarks": truth.landmarks}
    options = "".join(f" {name} {path}" for name, path in extras.items() if path is not None)
    options += f" --board {truth.board}" if truth.board else ""
    say(f"truth: {truth.path}")
    for capture in truth.captures:
        say(f"validate it with: renderkit validate {capture}{options}")
