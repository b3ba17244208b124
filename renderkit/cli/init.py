"""renderkit init: look at a folder, propose where its pictures are, write capture.toml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from renderkit.cli.arguments import (
    camera_names_option,
    images_option,
    landmarks_option,
    masks_option,
    min_confidence_option,
    rig_option,
    size_option,
)
from renderkit.cli.command import PATH, PATH_OR_TEXT, argument, command
from renderkit.cli.rig_arguments import check_format, from_option
from renderkit.cli.tables import json_option, print_json
from renderkit.wording import list_names

if TYPE_CHECKING:
    from renderkit.formats.folder import CameraNames, FolderCapture


@command()
@argument("scene", "SCENE", "The folder with cameras and pictures.", type=PATH)
@rig_option
@images_option
@masks_option
@click.option("--mesh", metavar="FILE|PATTERN", type=PATH_OR_TEXT, help="Mesh file, or 'meshes/{frame}.obj'.")
@landmarks_option
@min_confidence_option
@camera_names_option
@size_option
@from_option
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--overwrite", is_flag=True, help="Replace capture.toml if it is there.")
@json_option
def init(
    scene: Path,
    rig: Path | None,
    images: str | None,
    masks: str | None,
    mesh: str | None,
    landmarks: str | None,
    min_confidence: float | None,
    camera_names: CameraNames | None,
    size: tuple[int, int] | None,
    from_: str | None,
    dry_run: bool,
    overwrite: bool,
    as_json: bool,
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
        landmarks=landmarks, min_confidence=min_confidence, camera_names=camera_names,
        size=size, format=from_,
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
    click.echo(text, nl=False)
    click.echo(f"\n{counts.sentence}")
    for title, names in (
        ("pictures without a camera", strays),
        ("cameras without a picture", counts.cameras_without_image),
    ):
        if names:
            click.echo(f"{title}: {list_names(names)}")
    if counts.meshes == 0:
        click.echo("no mesh: give one with --mesh FILE here or to validate")
    if not dry_run:
        click.echo(f"wrote {target}; next: renderkit validate {capture.path}")
