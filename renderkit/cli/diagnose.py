"""renderkit diagnose: is a rig read as it was meant, and which cameras are off?"""

from __future__ import annotations

from typing import Any

import typer

from renderkit.cli.arguments import BoardOption, EvidenceOption
from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.shared_options import judges_rig
from renderkit.cli.tables import JsonOption, print_json


@judges_rig
def diagnose(
    given: dict[str, Any],
    evidence: EvidenceOption = None,
    board: BoardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a rig is read as it was meant, which reading would make it fit, and which cameras are off."""
    from renderkit.pipeline import diagnosis
    from renderkit.results.diagnosis import diagnosis_json
    from renderkit.results.text import printable

    found = diagnosis.diagnose(
        **given,
        evidence=evidence,
        board=board,
    )
    if as_json:
        print_json(diagnosis_json(found))
    else:
        for line in str(found).splitlines():
            typer.echo(printable(line))
    raise typer.Exit(EXIT_GATE_FAILED if found.blocks else EXIT_PASS)
