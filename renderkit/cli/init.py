"""renderkit init: look at a folder, propose where its pictures are, write capture.toml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.arguments import (
    CameraNamesOption,
    ImagesOption,
    LandmarksOption,
    MasksOption,
    MinConfidenceOption,
    RigOption,
    SizeOption,
    parse_camera_names,
    parse_size,
)
from renderkit.cli.rig_arguments import FromOption, check_format
from renderkit.cli.tables import JsonOption, print_json
from renderkit.wording import list_names

if TYPE_CHECKING:
    from renderkit.formats.folder import FolderCapture


SceneArgument = Annotated[
    Path, typer.Argument(metavar="SCENE", help="The folder with cameras and pictures.", show_default=False)
]
MeshPatternOption = Annotated[
    str | None,
    typer.Option("--mesh", metavar="FILE|PATTERN", help="Mesh file, or 'meshes/{frame}.obj'.", show_default=False),
]


def init(
    scene: SceneArgument,
    rig: RigOption = None,
    images: ImagesOption = None,
    masks: MasksOption = None,
    mesh: MeshPatternOption = None,
    landmarks: LandmarksOption = None,
    min_confidence: MinConfidenceOption = None,
    camera_names: CameraNamesOption = None,
    size: SizeOption = None,
    from_: FromOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace capture.toml if it is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at a folder, show which pictures belong to which cameras, and write capture.toml for the other commands.

    What is not given is looked for: the cameras, and patterns for pictures, mattes and meshes.
    """
    from renderkit.errors import ArgumentError, DatasetError
    from renderkit.formats.capture_toml import FILE_NAME, write_file, write_parts
    from renderkit.formats.proposal import propose_capture
    from renderkit.formats.scene import scene_path, state_parts

    check_format(from_, "--from")
    root = scene if scene.is_dir() else scene.parent
    given = state_parts(
        scene if rig is None else root / scene_path(rig, root), root, images=images, masks=masks, mesh=mesh,
        landmarks=landmarks, min_confidence=min_confidence, camera_names=parse_camera_names(camera_names),
        size=parse_size(size), format=from_,
    )  # fmt: skip
    try:
        capture = propose_capture(given, search=rig is None and from_ is None)
    except ValueError as error:
        raise ArgumentError(str(error)) from error
    target = capture.path / FILE_NAME
    text = write_parts(target, capture.parts)
    if target.exists() and not (overwrite or dry_run):
        raise DatasetError(target, None, "is there already; give --overwrite, or edit it")
    if not dry_run:
        write_file(target, text)
    _print(capture, target, text, dry_run=dry_run, as_json=as_json)


def _print(capture: FolderCapture, target: Path, text: str, *, dry_run: bool, as_json: bool) -> None:
    """Print what was found and written."""
    from renderkit.formats.scene import count_scene

    counts = count_scene(capture)
    strays = [str(path.relative_to(capture.path)) for path in counts.images_without_camera]
    if as_json:
        print_json(
            {
                "path": str(target),
                "written": not dry_run,
                "capture": text,
                "cameras": counts.cameras,
                "frames": counts.frames,
                "images": counts.images,
                "masks": counts.masks,
                "meshes": counts.meshes,
                "images_without_camera": strays,
                "cameras_without_image": list(counts.cameras_without_image),
            }
        )
        return
    typer.echo(text, nl=False)
    typer.echo(f"\n{counts.sentence}")
    for title, names in (
        ("pictures without a camera", strays),
        ("cameras without a picture", counts.cameras_without_image),
    ):
        if names:
            typer.echo(f"{title}: {list_names(names)}")
    if counts.meshes == 0:
        typer.echo("no mesh: give one with --mesh FILE here or to validate")
    if not dry_run:
        typer.echo(f"wrote {target}; next: renderkit validate {capture.path}")
