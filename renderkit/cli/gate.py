"""renderkit gate: check a finished run, or say what would be checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from renderkit.cli import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.gate_arguments import BaselineOption, ConfigOption, GateOption, read_gates


def gate(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="RUN", help="A run folder or its report.json.", show_default=False),
    ] = None,
    checks: GateOption = None,
    config: ConfigOption = None,
    baseline: BaselineOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what would be checked; needs no run.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of renderkit.toml.")] = False,
) -> None:
    """Check a finished run against gates; nothing is computed again and nothing is written."""
    if schema:
        from renderkit.gates.schema import gate_schema

        typer.echo(json.dumps(gate_schema(), indent=2))
        return
    inputs = read_gates(checks, config, baseline, with_baseline=not explain)
    if not inputs.gates:
        raise typer.BadParameter("no gates: give --gate CHECK, or a renderkit.toml (docs/gates.md)")
    if explain:
        from renderkit.gates.explain import explain_gate

        for one in inputs.gates:
            typer.echo(f"{one.name}\n    {explain_gate(one)}")
        return
    if run is None:
        raise typer.BadParameter("which run? Give its folder, or --explain to see what would be checked")
    from renderkit.gates.verdicts import judge
    from renderkit.results.json_report import read_report
    from renderkit.results.text import verdict_lines

    verdicts = judge(read_report(run), inputs.gates, inputs.baseline)
    for line in verdict_lines(verdicts):
        typer.echo(line)
    raise typer.Exit(EXIT_GATE_FAILED if any(verdict.blocks for verdict in verdicts) else EXIT_PASS)
