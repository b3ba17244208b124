"""renderkit diagnose: is a rig read as it was meant, and which cameras are off?"""

from __future__ import annotations

from typing import Any

from click.exceptions import Exit

from renderkit.cli.arguments import board_option, evidence_option, judges_rig
from renderkit.cli.command import command
from renderkit.cli.command_log import log_options
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.tables import json_option, print_json, say


@command()
@judges_rig
@evidence_option
@board_option
@json_option
@log_options
def diagnose(evidence: str | None, board: str | None, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - options of any type
    """Say whether a rig is read as it was meant, which reading would make it fit, and which cameras are off."""
    from renderkit.pipeline import diagnosis
    from renderkit.results.diagnosis import diagnosis_json

    found = diagnosis.diagnose(**given, evidence=evidence, board=board)
    if as_json:
        print_json(diagnosis_json(found))
    else:
        for line in str(found).splitlines():
            say(line)
    if found.blocks:
        raise Exit(EXIT_GATE_FAILED)
    raise Exit(EXIT_BAD_INPUT if found.lacks_mattes else EXIT_PASS)
