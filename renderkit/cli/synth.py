"""renderkit synth: write a capture whose truth is known, with or without planted faults."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.tables import JsonOption, print_json

if TYPE_CHECKING:
    from renderkit.synth.faults import Fault
    from renderkit.synth.truth import SynthTruth


class LikeChoice(StrEnum):
    """The dataset whose on-disk format is written."""

    RENDERME360 = "renderme360"
    FACESCAPE = "facescape"


class LensChoice(StrEnum):
    """Strength of the lens distortion."""

    NONE = "none"
    MODEST = "modest"
    FOLDING = "folding"


FramesOption = Annotated[
    int | None,
    typer.Option(
        "--frames",
        metavar="N",
        help="Number of frames (FaceScape: tuples); 1, or 20 for a board.",
        show_default=False,
    ),
]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="NAME@CAMERA[,CAMERA][=AMOUNT]",
        help="Fault to plant, such as rotated@25=0.3 or half-pixel@18-32; may be repeated.",
        show_default=False,
    ),
]
BoardOption = Annotated[
    str,
    typer.Option(
        "--board",
        metavar="SPEC",
        help="Photograph a calibration board instead of a head, such as charuco:11x8:0.020:0.015:DICT_5X5.",
        show_default=False,
    ),
]

_BOARD_FRAMES = 20
_SIZE, _BOARD_SIZE = "612x512", "1224x1024"


def _print_faults(*, as_json: bool) -> None:
    from renderkit.synth.faults import FAULTS

    if as_json:
        print_json(
            [{"name": k.name, "amount": k.amount, "unit": k.unit, "meaning": k.meaning} for k in FAULTS.values()]
        )
        return
    for kind in FAULTS.values():
        amount = f"{kind.amount:g} {kind.unit}" if kind.unit else "-"
        typer.echo(f"{kind.name:22}{amount:14}{kind.meaning}")


def synth(
    out: Annotated[Path | None, typer.Argument(metavar="OUT", help="Folder to write into.", show_default=False)] = None,
    like: Annotated[LikeChoice, typer.Option("--like", help="Format of the files.")] = LikeChoice.RENDERME360,
    cameras: Annotated[int, typer.Option("--cameras", metavar="N", help="Number of cameras.")] = 12,
    frames: FramesOption = None,
    size: Annotated[
        str, typer.Option("--size", metavar="WxH", help="Picture size in px; 612x512, or 1224x1024 for a board.")
    ] = "",
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="S", help="Seed of the person, the rig and the noise; equal seeds give equal bytes."
        ),
    ] = 0,
    fault: FaultOption = None,
    faces: Annotated[
        int, typer.Option("--faces", metavar="N", help="Number of faces of the scan, approximately.")
    ] = 60_000,
    lens: Annotated[LensChoice, typer.Option("--lens", help="Lens distortion.")] = LensChoice.MODEST,
    board: BoardOption = "",
    landmark_noise: Annotated[
        float, typer.Option("--landmark-noise", metavar="PX", help="Noise of the detected landmarks, px per axis.")
    ] = 0.3,
    no_mesh: Annotated[
        bool, typer.Option("--no-mesh", help="Pictures, mattes and 2D landmarks only: no mesh, no 3D landmarks.")
    ] = False,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="List the faults and exit.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a synthetic capture in a dataset's own format, with the truth beside it in truth.json."""
    from renderkit.cli.progress import Progress
    from renderkit.pipeline.synth import SynthOptions, synthesize

    if list_faults:
        _print_faults(as_json=as_json)
        return
    if out is None:
        raise typer.BadParameter("expected a folder to write into", param_hint="OUT")
    try:
        options = SynthOptions(
            like=like.value,
            num_cameras=cameras,
            num_frames=frames or (_BOARD_FRAMES if board else 1),
            board=board,
            size=_parse_size(size or (_BOARD_SIZE if board else _SIZE)),
            seed=seed,
            faults=_parse_faults(fault or []),
            scan_faces=faces,
            lens=lens.value,
            landmark_noise_px=landmark_noise,
            no_mesh=no_mesh,
        )
        with Progress() as progress:
            truth = synthesize(out, options, progress.update)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
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


def _parse_size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ValueError(f"--size: expected WIDTHxHEIGHT such as 612x512, got {text!r}")
    return int(width), int(height)


def _parse_faults(texts: list[str]) -> tuple[Fault, ...]:
    from renderkit.synth.faults import parse_fault

    return tuple(parse_fault(text) for text in texts)


def _print_result(truth: SynthTruth) -> None:
    """Print what was written and how to validate it."""
    for planted in truth.faults:
        typer.echo(f"planted {planted.name} in camera {', '.join(planted.cameras)}: {planted.kind.meaning}")
    extras = {"--flame": truth.flame_topology, "--masks": truth.masks, "--landmarks": truth.landmarks}
    options = "".join(f" {name} {path}" for name, path in extras.items() if path is not None)
    options += f" --board {truth.board}" if truth.board else ""
    typer.echo(f"truth: {truth.path}")
    for capture in truth.captures:
        typer.echo(f"validate it with: renderkit validate {capture}{options}")
