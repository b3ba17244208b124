"""renderkit init: look at a folder, propose where its pictures are, write capture.toml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from renderkit.cli.arguments import annotation_files, camera_files, size_option
from renderkit.cli.command import PATH, PATH_OR_TEXT, argument, as_mapping, command, together
from renderkit.cli.rig_arguments import check_format, from_option
from renderkit.cli.tables import json_option, print_json, say
from renderkit.wording import list_names

if TYPE_CHECKING:
    from renderkit.formats.folder import FolderCapture

_mesh_option = click.option(
    "--mesh", metavar="FILE|PATTERN", type=PATH_OR_TEXT, help="Mesh file, or 'meshes/{frame}.obj'."
)


@command()
@argument("scene", "SCENE", "The folder with cameras and pictures.", type=PATH)
@as_mapping("beside", together(_mesh_option, annotation_files, camera_files, size_option, section="Inputs"))
@from_option
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--overwrite", is_flag=True, help="Replace capture.toml if it is there.")
@json_option
def init(
    scene: Path,
    beside: Mapping[str, Any],
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
    rig, others = beside["rig"], {name: value for name, value in beside.items() if name != "rig"}
    given = state_parts(scene if rig is None else root / scene_path(rig, root), root, **others, format=from_)
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
    say(text, nl=False)
    say(f"\n{counts.sentence}")
    for title, names in (
        ("pictures without a camera", strays),
        ("cameras without a picture", counts.cameras_without_image),
    ):
        if names:
            say(f"{title}: {list_names(names)}")
    if counts.meshes == 0:
        say("no mesh: give one with --mesh FILE here or to validate")
    if not dry_run:
        say(f"wrote {target}; next: renderkit validate {capture.path}")
