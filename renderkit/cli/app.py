"""The command line as a whole: which commands there are."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

import renderkit
from renderkit.cli.completion import completion_options
from renderkit.cli.exit_codes import EXIT_BAD_INPUT
from renderkit.wording import did_you_mean

COMMANDS: Final[Mapping[str, str]] = {
    "validate": "validate:validate",
    "diagnose": "diagnose:diagnose",
    "prove": "prove:prove",
    "refine": "refine:refine",
    "drift": "drift:drift",
    "gate": "gate:gate",
    "report": "report:report",
    "compare": "compare:compare",
    "merge": "merge:merge",
    "compact": "merge:compact",
    "overlay": "overlay:overlay",
    "render": "render:render",
    "inspect": "inspect:inspect",
    "init": "init:init",
    "convert": "convert:convert",
    "diff": "diff:diff",
    "export-rerun": "export:export_rerun",
    "export-gltf": "export:export_gltf",
    "synth": "synth:synth",
    "demo": "demo:demo",
    "testkit": "testkit:testkit",
    "doctor": "doctor:doctor",
}
"""MODULE:FUNCTION of each command, in the order of the help. A new one is a module and a line here."""


class _Commands(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module, _, function = COMMANDS.get(cmd_name, "").partition(":")
        if not module:
            return None
        found: click.Command = getattr(import_module(f"renderkit.cli.{module}"), function)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return a command and its arguments; for a slip, say which command is near."""
        # Click would look among the commands that are imported already.
        if hint := "" if args[0] in COMMANDS or ctx.resilient_parsing else did_you_mean(args[0], COMMANDS):
            ctx.fail(f"No such command {args[0]!r}: {hint.strip()}")
        return super().resolve_command(ctx, args)


@click.group(
    "renderkit",
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="Exit codes: 0 pass, 1 a gate failed or the rig does not fit, 2 bad input or usage, 3 no renderer.",
)
@click.version_option(renderkit.__version__, message="renderkit %(version)s", help="Print the version and exit.")
@completion_options
@click.pass_context
def app(context: click.Context, /) -> None:
    """Validate the calibration of multi-view captures, camera by camera, by rendering a mesh into every camera."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(EXIT_BAD_INPUT)
