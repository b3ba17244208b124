"""The arguments that say which gates to check and against which baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from renderkit.cli.command import PATH, together

if TYPE_CHECKING:
    from renderkit.gates.gate import Gate
    from renderkit.results.report import Report

gate_option = click.option(
    "--gate",
    metavar="CHECK",
    multiple=True,
    help='Such as "reprojection_rms_px <= 1.5 px" or "iou >= baseline - 3 se for 18-32"; may be repeated.',
)
config_option = click.option(
    "--config", metavar="FILE", type=PATH, help="Gates; renderkit.toml of this folder by default, if it is there."
)
baseline_option = click.option(
    "--baseline", metavar="RUN", type=PATH, help="Run to compare with; overrules the config's."
)
gate_options = together(gate_option, config_option, baseline_option, section="Gates")


@dataclass(frozen=True, eq=False)
class GateInputs:
    """What is checked.

    Attributes:
        gates: Those of the config, then those of the command line.
        baseline: The run to compare with, or None.
        config: The file that gates came from, or None.
    """

    gates: tuple[Gate, ...] = ()
    baseline: Report | None = None
    config: Path | None = None

    @property
    def config_text(self) -> str:
        """The file as text; "" without one."""
        return "" if self.config is None else str(self.config)


def read_gates(
    checks: Sequence[str], config: Path | None, baseline: Path | None, *, with_baseline: bool = True
) -> GateInputs:
    """Read the gates and the baseline run, before anything is computed.

    Args:
        checks: As typed after --gate.
        config: As given, or None for renderkit.toml where it exists.
        baseline: As given, or None for the config's.
        with_baseline: False leaves the baseline unread.

    Raises:
        GateError: If a gate is invalid, or needs a baseline and there is none.
        DatasetError: If the baseline is no report.
    """
    from renderkit.gates import CONFIG_FILE

    here = Path(CONFIG_FILE)
    file = config if config is not None else here if here.is_file() else None
    if file is None and not checks and baseline is None:
        return GateInputs()
    from renderkit.gates.config import GateConfig, read_gate_config
    from renderkit.gates.gate import check_baseline
    from renderkit.gates.language import parse_gate
    from renderkit.results.json_report import read_report

    read = GateConfig() if file is None else read_gate_config(file)
    gates = (*read.gates, *(parse_gate(text) for text in checks))
    run = baseline or read.baseline
    if with_baseline:
        check_baseline(gates, has_baseline=run is not None)
    # A baseline that no gate asks for is drawn behind the histograms.
    return GateInputs(gates, read_report(run) if run is not None and with_baseline else None, file)
