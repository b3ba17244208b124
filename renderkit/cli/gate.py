"""renderkit gate: check a finished run, or say what would be checked."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.gate_arguments import BaselineOption, ConfigOption, GateOption, read_gates
from renderkit.cli.tables import JsonOption, print_json


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
    as_json: JsonOption = False,
) -> None:
    """Check a finished run against gates; nothing is computed again and nothing is written."""
    if schema:
        from renderkit.gates.schema import gate_schema

        print_json(gate_schema())
        return
    inputs = read_gates(checks, config, baseline, with_baseline=not explain)
    if not inputs.gates:
        raise typer.BadParameter("no gates: give --gate CHECK, or a renderkit.toml (docs/gates.md)")
    if explain:
        from renderkit.gates.explain import explain_gate

        if as_json:
            print_json([{"gate": one.name, "explanation": explain_gate(one)} for one in inputs.gates])
            return
        for one in inputs.gates:
            typer.echo(f"{one.name}\n    {explain_gate(one)}")
        return
    if run is None:
        raise typer.BadParameter("which run? Give its folder, or --explain to see what would be checked")
    from renderkit.gates.verdicts import judge
    from renderkit.results.json_report import read_report
    from renderkit.results.text import verdict_lines

    found = read_report(run)
    verdicts = judge(found, inputs.gates, inputs.baseline)
    if as_json:
        print_json([asdict(verdict) for verdict in verdicts])
    if inputs.config is not None and not as_json:
        typer.echo(f"gates of {inputs.config}")
    for line in () if as_json else verdict_lines(replace(found, gates=verdicts)):
        typer.echo(line)
    raise typer.Exit(EXIT_GATE_FAILED if any(verdict.blocks for verdict in verdicts) else EXIT_PASS)
