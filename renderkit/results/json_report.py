"""report.json: the whole run, readable by anything, equal byte for byte across equal runs but for its timings.

The format is versioned ("renderkit.report/2") and described by `schema.report_schema` and by docs/report.md. Numbers
that could not be computed are null and have their reason beside them.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from renderkit.arguments import as_kind, as_path
from renderkit.errors import DatasetError
from renderkit.metrics.score_json import listed_points, nan_if_none, values_json
from renderkit.results.capture_check import CaptureCheck
from renderkit.results.diagnosis import diagnosis_from_json, diagnosis_json
from renderkit.results.explanation import CameraExplanation
from renderkit.results.intervals import MetricInterval
from renderkit.results.reading import check_report
from renderkit.results.report import GateVerdict, InputFile, Provenance, Report
from renderkit.results.row_json import row_from_json, row_json
from renderkit.results.run_folder import REPORT
from renderkit.results.schema import SCHEMA
from renderkit.results.summary import Summary
from renderkit.untrusted.files import read_text
from renderkit.untrusted.json_text import parse_json
from renderkit.writing import write_text

if TYPE_CHECKING:
    from renderkit.results.surface_comparison import SurfaceComparison

FILE_NAME: Final = REPORT
_FIRST_VERSION: Final = "renderkit.report/1"
_WAYS: Final = ("forward", "backward")
MAX_REPORT_BYTES: Final = 1 << 30
"""Reports above this size are refused before memory is taken."""
MAX_REPORT_MEMORY: Final = 1 << 31
"""Reports whose values would take more bytes in memory are refused: those of some 300,000 views."""


def write_report(report: Report, folder: Path) -> Path:
    """Write report.json into a run folder and return its path.

    Raises:
        DatasetError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = rk.write_report(rk.Report(()), Path(folder))
        ...     len(rk.read_report(Path(folder)).rows)
        0
    """
    return write_text(as_path("folder", folder) / FILE_NAME, dump_report(as_kind("report", report, Report)))


def read_report(path: str | Path) -> Report:
    """Read report.json, given the file or its run folder.

    Raises:
        DatasetError: If it is missing, too large, or not a report of a version that this renderkit reads.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = rk.write_report(rk.Report(()), Path(folder))
        ...     len(rk.read_report(Path(folder)).rows)
        0
    """
    file = as_path("path", path)
    file = file / FILE_NAME if file.is_dir() else file
    return parse_report(read_text(file, MAX_REPORT_BYTES), file)


def dump_report(report: Report) -> str:
    """Return report.json's text. Keys are sorted; only the value of "timings" differs between two equal runs."""
    document = {
        "schema": SCHEMA,
        "provenance": _provenance_json(report.provenance),
        "summary": _summary_json(report.summary),
        "rows": [row_json(row) for row in report.rows],
        "skipped_cameras": dict(report.skipped_cameras),
        "gates": [values_json(gate) for gate in report.gates],
        "checks": [values_json(check) for check in report.checks],
        "surfaces": [_surface_json(surface) for surface in report.surfaces],
        "explanations": [values_json(one) for one in report.explanations],
        "diagnosis": None if report.diagnosis is None else diagnosis_json(report.diagnosis),
        "intervals": [_interval_json(one) for one in report.summary.intervals] if report.with_intervals else None,
        "timings": {
            "started": report.started,
            "seconds": report.seconds,
            "row_seconds": [row.seconds for row in report.rows],
        },
    }
    return json.dumps(document, indent=1, sort_keys=True, allow_nan=False, default=listed_points) + "\n"


def parse_report(text: str, source: Path) -> Report:
    """Read report.json's text; `source` is named in errors.

    Raises:
        DatasetError: If it is not a report of a version that this renderkit reads, with the path of the first value
            that is wrong.
    """
    try:
        document = parse_json(source, text, MAX_REPORT_MEMORY)
    except DatasetError as error:
        raise DatasetError(source, None, f"not a renderkit report: {error.why}") from error
    try:
        version = document["schema"]
        if version == SCHEMA:
            check_report(document, source)
            return _report_from(document)
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        why = f"not a renderkit report: {type(error).__name__}: {error}"
        raise DatasetError(source, None, why) from error
    hint = (
        "it is of renderkit 0.1: run `renderkit validate` again, or read it with that version"
        if version == _FIRST_VERSION
        else "read it with the renderkit that wrote it"
    )
    raise DatasetError(source, "schema", f"expected {SCHEMA!r}, found {version!r}; {hint}")


def _provenance_json(provenance: Provenance) -> dict[str, Any]:
    return {
        "command": provenance.command,
        "config": provenance.config,
        "capture": provenance.capture,
        "dataset": provenance.dataset,
        "unit": provenance.unit,
        "versions": dict(provenance.versions),
        "renderer": dict(provenance.renderer),
        "options": dict(provenance.options),
        "inputs": [vars(file) for file in provenance.inputs],
    }


def _summary_json(summary: Summary) -> dict[str, Any]:
    worst = summary.worst
    return {
        "num_rows": len(summary.rows),
        "num_failed": sum(row.failure is not None for row in summary.rows),
        "computable": dict(summary.computable),
        "rig": {mesh: {name: values_json(one) for name, one in found.items()} for mesh, found in summary.rig.items()},
        "worst_camera": None if worst is None else values_json(worst) | {"stands_out": worst.stands_out},
    }


def _surface_json(surface: SurfaceComparison) -> dict[str, Any]:
    return vars(surface) | {name: values_json(getattr(surface, name)) for name in _WAYS}


def _explanation_from(value: dict[str, Any]) -> CameraExplanation:
    before = math.inf if value["before"] is None else value["before"]
    return CameraExplanation(**{**value, "before": before, "after": nan_if_none(value["after"])})


def _surface_from(value: dict[str, Any]) -> SurfaceComparison:
    from renderkit.results.surface_comparison import DistanceSummary, SurfaceComparison  # noqa: PLC0415 - few runs have one

    ways = {}
    for name in _WAYS:
        median, p95, largest = (nan_if_none(value[name][key]) for key in ("median", "p95", "max"))
        ways[name] = DistanceSummary(median, p95, largest, value[name]["num_points"])
    return SurfaceComparison(**{**value, **ways})


def _interval_json(one: MetricInterval) -> dict[str, Any]:
    return {"camera": one.camera, "mesh": one.mesh, "metric": one.metric, **values_json(one.interval)}


def _check_from(value: dict[str, Any]) -> CaptureCheck:
    return CaptureCheck(**{**value, **{name: nan_if_none(value[name]) for name in ("margin", "margin_standard_error")}})


def _report_from(document: dict[str, Any]) -> Report:
    timings = document["timings"]
    seconds = timings["row_seconds"]
    provenance = document["provenance"]
    diagnosis = document.get("diagnosis")
    return Report(
        rows=tuple(row_from_json(row, time) for row, time in zip(document["rows"], seconds, strict=True)),
        skipped_cameras=document["skipped_cameras"],
        gates=tuple(GateVerdict(**gate) for gate in document["gates"]),
        provenance=Provenance(**{**provenance, "inputs": tuple(InputFile(**file) for file in provenance["inputs"])}),
        started=timings["started"],
        seconds=timings["seconds"],
        checks=tuple(_check_from(check) for check in document.get("checks", ())),
        surfaces=tuple(_surface_from(surface) for surface in document.get("surfaces", ())),
        explanations=tuple(_explanation_from(one) for one in document.get("explanations", ())),
        with_intervals=document.get("intervals") is not None,
        diagnosis=None if diagnosis is None else diagnosis_from_json(diagnosis),
    )
