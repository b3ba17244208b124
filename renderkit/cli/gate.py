"""renderkit gate: check a finished run, or say what would be checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.gate_arguments import BaselineOption, ConfigOption, GateOption, read_gates

if TYPE_CHECKING:
    from renderkit.results.rows import GateVerdict

_MOST = 50


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

    verdicts = judge(read_report(run), inputs.gates, inputs.baseline)
    for line in verdict_lines(verdicts):
        typer.echo(line)
    raise typer.Exit(EXIT_GATE_FAILED if any(verdict.blocks for verdict in verdicts) else EXIT_PASS)


def verdict_lines(verdicts: Sequence[GateVerdict]) -> list[str]:
    """Return one line per verdict that is no pass, what blocks first, and a line that counts."""
    from renderkit.pictures.drawing import printable

    shown = sorted((v for v in verdicts if not v.passed), key=lambda verdict: not verdict.blocks)
    lines = []
    for verdict in shown[:_MOST]:
        mesh = f" ({verdict.mesh})" if verdict.mesh else ""
        word = f"{verdict.verdict}, tolerated" if verdict.tolerated else verdict.verdict
        lines.append(printable(f"gate {word}: {verdict.gate}: {verdict.subject}{mesh}: {verdict.message}"))
    if len(shown) > _MOST:
        lines.append(f"and {len(shown) - _MOST} more that do not pass")
    tolerated = sum(verdict.tolerated for verdict in verdicts)
    words = f", {tolerated} tolerated" if tolerated else ""
    return [*lines, f"gates: {sum(v.passed for v in verdicts)} of {len(verdicts)} checks pass{words}"]
