"""renderkit gate: check a finished run, or say what would be checked."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click
from click.exceptions import Exit

from renderkit.cli.command import PATH, argument, command
from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.gate_arguments import gate_options, read_gates
from renderkit.cli.option_rules import excludes
from renderkit.cli.tables import json_option, print_json, say


@command()
@argument("run", "[RUN]", "A run folder or its report.json.", type=PATH, required=False)
@gate_options
@click.option("--explain", is_flag=True, help="Say what would be checked; needs no run.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of renderkit.toml.")
@excludes("schema", kept=("as_json",))
@excludes("explain", "run", "baseline", why="it needs no run")
@json_option
def gate(
    run: Path | None,
    gate: tuple[str, ...],
    config: Path | None,
    baseline: Path | None,
    explain: bool,
    schema: bool,
    as_json: bool,
) -> None:
    """Check a finished run against gates; nothing is computed again and nothing is written."""
    if schema:
        from renderkit.gates.schema import gate_schema

        print_json(gate_schema())
        return
    inputs = read_gates(gate, config, baseline, with_baseline=not explain)
    if not inputs.gates:
        raise click.BadParameter("no gates: give --gate CHECK, or a renderkit.toml (docs/gates.md)")
    if explain:
        from renderkit.gates.explain import explain_gate

        if as_json:
            print_json([{"gate": one.name, "explanation": explain_gate(one)} for one in inputs.gates])
            return
        for one in inputs.gates:
            say(f"{one.name}\n    {explain_gate(one)}")
        return
    if run is None:
        raise click.BadParameter("which run? Give its folder, or --explain to see what would be checked")
    from renderkit.gates.verdicts import judge
    from renderkit.results.json_report import read_report
    from renderkit.results.text import verdict_lines

    found = read_report(run)
    verdicts = judge(found, inputs.gates, inputs.baseline)
    if as_json:
        print_json([asdict(verdict) for verdict in verdicts])
    else:
        if inputs.config is not None:
            say(f"gates of {inputs.config}")
        for line in verdict_lines(replace(found, gates=verdicts)):
            say(line)
    raise Exit(EXIT_GATE_FAILED if any(verdict.blocks for verdict in verdicts) else EXIT_PASS)
