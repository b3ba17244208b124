"""Options that several commands take mean the same everywhere, and are what the library's functions take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module

import click
import pytest
from command_result import Result

from renderkit.cli.app import COMMANDS, app

Run = Callable[..., Result]

FUNCTIONS = {
    "validate": "renderkit.pipeline.run",
    "diagnose": "renderkit.pipeline.diagnosis",
    "prove": "renderkit.pipeline.prove",
    "refine": "renderkit.pipeline.refine",
    "drift": "renderkit.pipeline.drift",
}


def _options(command: str) -> dict[str, click.Option]:
    found = app.get_command(click.Context(app), command)
    assert found is not None
    return {str(one.name): one for one in found.params if isinstance(one, click.Option)}


@pytest.mark.parametrize("command", FUNCTIONS)
def test_defaults_are_those_of_the_function(command: str) -> None:
    function = getattr(import_module(FUNCTIONS[command]), command)
    own = {
        name: one.default
        for name, one in inspect.signature(function).parameters.items()
        if one.default is not one.empty
    }
    found = app.get_command(click.Context(app), command)
    assert found is not None
    given = found.make_context(command, ["one", "other"][: 1 + (command == "drift")]).params
    # None and an empty list of several are "not given"; the library's `renderer` may be an object, and is None.
    stated = {name: given[name] for name in given.keys() & own.keys() if given[name] not in (None, ())}
    stated = {name: value for name, value in stated.items() if name not in {"capture", "renderer"}}
    assert "false_alarms" in stated
    assert stated == {name: own[name] for name in stated}


def test_shared_options_come_in_one_order() -> None:
    orders = {name: list(_options(name)) for name in COMMANDS}
    groups = ("mesh", "flame", "mesh_root", "masks", "landmarks", "min_confidence", "rig", "images", "camera_names")
    for order in orders.values():
        taken = [name for name in order if name in groups]
        assert taken in ([], [name for name in groups if name in taken])


def test_every_output_has_a_short_name() -> None:
    written = {name: options["out"].opts for name in COMMANDS if "out" in (options := _options(name))}
    assert len(written) > 8
    assert {name: opts for name, opts in written.items() if opts != ["--out", "-o"]} == {}


def test_help_lists_options_by_group(run: Run) -> None:
    shown = run("validate", "--help").out
    titles = [line.removesuffix(":") for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [
        *("Arguments", "Inputs", "Selection", "Scores", "Diagnosis", "Gates", "Options", "Renderer"),
        *("Many captures", "Log"),
    ]
    (inputs,) = [part for part in shown.split("\n\n") if part.startswith("Inputs:")]
    assert "  --rig FILE" in inputs
    assert "--frames" not in inputs
