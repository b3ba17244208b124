"""renderkit export-rerun and export-gltf: a finished run for other viewers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from renderkit.cli.arguments import flame_option, mesh_root_option
from renderkit.cli.command import PATH, argument, command
from renderkit.cli.command_log import log_options
from renderkit.cli.option_rules import needs
from renderkit.cli.tables import say
from renderkit.errors import DatasetError
from renderkit.wording import counted

run_argument = argument("run", "RUN", "A run folder.", type=PATH)


@command()
@run_argument
@argument("out", "OUT.rrd", "The file to write.", type=PATH)
@click.option("--capture", metavar="PATH", type=PATH, help="Path of the capture, if it has moved.")
@flame_option
@mesh_root_option
@log_options
def export_rerun(run: Path, out: Path, capture: Path | None, flame: Path | None, mesh_root: Path | None) -> None:
    """Write a run for Rerun: cameras, pictures, masks, meshes, landmarks and residuals on one time line."""
    from renderkit.export.rerun_export import RerunFile
    from renderkit.pipeline.inputs import CaptureInputs
    from renderkit.pipeline.rerun_run import log_run
    from renderkit.results.json_report import read_report

    report = read_report(run)
    place = capture or Path(report.provenance.capture)
    if not place.exists():
        raise DatasetError(place, None, "the run's capture is not there; give --capture PATH")
    with CaptureInputs(place, flame=flame, mesh_root=mesh_root).open() as opened, RerunFile(out) as file:
        problems = log_run(report, opened, file)
    for problem in problems:
        sys.stderr.write(f"left out: {problem}\n")
    say(f"written: {out}")


@command()
@run_argument
@argument("out", "OUT.glb", "The file to write.", type=PATH)
@click.option(
    "--capture", metavar="PATH", type=PATH, help="Use the full meshes of the capture, not the run's previews."
)
@flame_option
@mesh_root_option
@needs("capture", "flame", "mesh_root")
@log_options
def export_gltf(run: Path, out: Path, capture: Path | None, flame: Path | None, mesh_root: Path | None) -> None:
    """Write a run's rig and meshes as glTF."""
    from renderkit.export.gltf import write_gltf
    from renderkit.pipeline.capture_scene import read_meshes_of
    from renderkit.pipeline.inputs import CaptureInputs
    from renderkit.results.json_report import read_report
    from renderkit.results.run_scene import read_mesh_previews, read_run_rig

    report = read_report(run)
    rig = read_run_rig(run)
    if rig is None:
        raise DatasetError(run, None, "the run folder holds no rig.json")
    if capture is None:
        meshes = read_mesh_previews(run)
    else:
        with CaptureInputs(capture, flame=flame, mesh_root=mesh_root).open() as opened:
            meshes = read_meshes_of(opened, report.frames, report.meshes)
    write_gltf(rig, meshes, out)
    say(f"written: {out} ({counted(len(rig), 'camera')}, {counted(len(meshes), 'mesh')})")
