"""An option that would be ignored is refused with exit code 2, and what it was given with is named."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from command_result import Result

from renderkit.cli.app import COMMANDS, app
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]

WITH_RESUME = "validate --resume run"
REFUSED = [
    *(
        (f"{WITH_RESUME} {option}", f"{option.split()[0]} has no effect with --resume: a run goes on with its own")
        for option in (
            "--gate 'iou > 0.9'", "--masks m", "--out other", "--cameras 25", "--frames 0", "--mesh scan", "--config c",
            "--baseline b", "--no-checks", "--no-sanity", "--shard 0/2", "--reports all", "--sample 3", "--census",
            "--metrics full", "--overlays all", "--renderer cpu", "--undistort", "--false-alarms 0.1", "--rig r.json",
        )
    ),
    (f"{WITH_RESUME} capture", "CAPTURE has no effect with --resume"),
    ("validate x --seed 3", "--seed has no effect without --sample"),
    ("validate x --sample 3 --address here", "--address has no effect without --engine ray"),
    ("validate x --engine serial --address here", "--address has no effect without --engine ray"),
    ("validate x --miss 0.1", "--miss has no effect without --census"),
    ("validate x --false-alarm 0.1", "--false-alarm has no effect without --census"),
    ("validate x --census --gate 'iou > 0.9'", "--gate has no effect with --census"),
    ("validate x --census --sample 9", "--sample has no effect with --census"),
    ("validate x --census --no-checks", "--no-checks has no effect with --census"),
    ("validate x y --overlays all", "--overlays has no effect over many captures"),
    ("validate x y --no-overlays", "--no-overlays has no effect over many captures"),
    ("validate x --no-overlays --overlays all", "--overlays has no effect with --no-overlays"),
    ("validate x --quiet --verbose", "--verbose has no effect with --quiet"),
    ("validate --rig r.json --flame f.obj", "--flame has no effect without a capture"),
    ("diagnose --rig r.json --mesh-root m", "--mesh-root has no effect without a capture"),
    ("refine x --to colmap", "--to has no effect without --out"),
    ("refine x --force", "--force has no effect without --out"),
    ("refine x --overwrite", "--overwrite has no effect without --out"),
    ("gate --schema --gate 'iou > 0.9'", "--gate has no effect with --schema"),
    ("gate run --schema", "RUN has no effect with --schema"),
    ("gate run --explain --gate 'iou > 0.9'", "RUN has no effect with --explain: it needs no run"),
    ("gate --explain --baseline b --gate 'iou > 0.9'", "--baseline has no effect with --explain"),
    ("overlay x --fps 3", "--fps has no effect without --video"),
    ("overlay x --video time --sheet", "--sheet has no effect with --video"),
    ("overlay x --video time --worst-first", "--worst-first has no effect with --video"),
    ("overlay x --video time --name '{camera}'", "--name has no effect with --video"),
    ("overlay x --video time --format png", "--format has no effect with --video"),
    ("overlay x --video grid --no-caption", "--no-caption has no effect with --video grid"),
    ("overlay x --sheet --name '{camera}'", "--name has no effect with --sheet"),
    ("overlay x --sheet --side-by-side", "--side-by-side has no effect with --sheet"),
    ("render m.ply --frames 0", "--frames has no effect on a bare mesh, which is no capture"),
    ("render m.ply --mesh scan", "--mesh has no effect on a bare mesh"),
    ("render m.ply --rig r.json --undistort", "--undistort has no effect on a bare mesh"),
    ("render m.ply --cameras 3", "--cameras has no effect on a bare mesh without --rig FILE"),
    ("render m.ply --rig r.json --views 3", "--views has no effect with cameras"),
    ("render x --views 3", "--views has no effect with cameras"),
    ("inspect x --plot p.png --masks m", "--masks has no effect with --cameras-only, --plot, --from or --size"),
    ("inspect x --cameras-only --no-checks", "--no-checks has no effect with --cameras-only"),
    ("inspect x --from colmap --mesh m.ply", "--mesh has no effect with --cameras-only"),
    ("inspect x --cameras-only --rig r.json", "--rig has no effect beside the camera file that is inspected"),
    ("convert a b --to krt --picture-suffix .jpg", "--picture-suffix has no effect with --to krt"),
    ("diff a b --raw", "--raw has no effect without --plot"),
    ("export-gltf run o.glb --flame f.obj", "--flame has no effect without --capture"),
    ("export-gltf run o.glb --mesh-root m", "--mesh-root has no effect without --capture"),
    ("synth --list-faults out", "OUT has no effect with --list-faults"),
    ("synth --list-faults --seed 3", "--seed has no effect with --list-faults"),
    ("synth o --board chessboard:9x6:0.02 --no-mesh", "--no-mesh has no effect with --board: there is no head"),
    ("synth o --board chessboard:9x6:0.02 --like facescape", "--like has no effect with --board"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "why"), REFUSED, ids=[line for line, _ in REFUSED])
def test_what_would_be_ignored_is_refused(run: Run, tmp_path: Path, line: str, why: str) -> None:
    result = run(*shlex.split(line))
    assert (result.code, result.out) == (2, "")
    assert f"Error: {why}" in result.err
    # Before anything is read or written.
    assert list(tmp_path.iterdir()) == []


def test_rules_are_about_options_that_are_there() -> None:
    for name in COMMANDS:
        found = app.get_command(click.Context(app), name)
        assert found is not None
        known = {str(one.name) for one in found.params}
        for rule in getattr(found.callback, "__renderkit_rules__", ()):
            named = {*(rule.names or ()), *rule.kept}
            # A group of options may stand in a command without all of those that its rules are about.
            assert named <= known or (name == "init" and named == {"flame", "mesh_root"})


def test_what_belongs_together_is_taken(run: Run, capture: SynthTruth) -> None:
    """The usual combinations, as documented; defaults break no rule."""
    assert run("gate", "--explain", "--gate", "iou >= 0.9", "--json").code == 0
    assert run("synth", "--list-faults", "--json", "--quiet").code == 0
    assert run("inspect", capture.capture, "--mesh", "scan", "--size", "640x480").code == 2  # it states its sizes
    assert "names its own pictures" in run("inspect", capture.capture, "--mesh", "scan", "--size", "640x480").err
