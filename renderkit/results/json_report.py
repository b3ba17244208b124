"""report.json: the whole run, readable by anything, equal byte for byte across equal runs but for its timings.

The format is versioned ("renderkit.report/1") and described by schema/report-1.schema.json beside this file and by
docs/report.md. Numbers that could not be computed are null and have their reason beside them.
"""

from __future__ import annotations

import json
import math
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.containment import ContainmentScore
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.cameras import WorstCamera, worst_camera
from renderkit.results.capture_check import CaptureCheck
from renderkit.results.catalogue import METRICS, asked_metrics
from renderkit.results.explanation import CameraExplanation
from renderkit.results.intervals import MetricInterval, headline_intervals, rig_summaries
from renderkit.results.optional_scores import REQUESTED_JSON, nme_from, nme_json
from renderkit.results.rows import (
    Failure,
    GateVerdict,
    InputFile,
    Provenance,
    Report,
    Scores,
    ViewKey,
    ViewResult,
)
from renderkit.results.surface_comparison import DistanceSummary, SurfaceComparison
from renderkit.writing import write_text

SCHEMA: Final = "renderkit.report/1"
FILE_NAME: Final = "report.json"
_WAYS: Final = ("forward", "backward")
MAX_REPORT_BYTES: Final = 1 << 30
"""Reports above this size are refused before memory is taken."""


def write_report(report: Report, folder: Path) -> Path:
    """Write report.json into a run folder and return its path.

    Raises:
        DatasetError: If it cannot be written.
    """
    return write_text(folder / FILE_NAME, dump_report(report))


def read_report(path: str | Path) -> Report:
    """Read report.json, given the file or its run folder.

    Raises:
        DatasetError: If it is missing, too large, or not a report of a version that this renderkit reads.
    """
    file = Path(path)
    file = file / FILE_NAME if file.is_dir() else file
    try:
        if file.stat().st_size > MAX_REPORT_BYTES:
            raise DatasetError(file, None, f"report of {file.stat().st_size} bytes is over {MAX_REPORT_BYTES}")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(file, None, f"the report cannot be read: {error}") from error
    return parse_report(text, file)


def dump_report(report: Report) -> str:
    """Return report.json's text. Keys are sorted; only the value of "timings" differs between two equal runs."""
    document = {
        "schema": SCHEMA,
        "provenance": _provenance_json(report.provenance),
        "summary": _summary_json(report),
        "rows": [_row_json(row) for row in report.rows],
        "skipped_cameras": dict(report.skipped_cameras),
        "gates": [_gate_json(gate) for gate in report.gates],
        "checks": [_check_json(check) for check in report.checks],
        "surfaces": [_surface_json(surface) for surface in report.surfaces],
        "explanations": [{k: _float_or(v) for k, v in vars(one).items()} for one in report.explanations],
        "intervals": [interval_json(one) for one in headline_intervals(report.rows)] if report.with_intervals else None,
        "timings": {
            "started": report.started,
            "seconds": report.seconds,
            "row_seconds": [row.seconds for row in report.rows],
        },
    }
    return json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n"


def parse_report(text: str, source: Path) -> Report:
    """Read report.json's text; `source` is named in errors.

    Raises:
        DatasetError: If it is not a report of a version that this renderkit reads.
    """
    try:
        document = json.loads(text)
        version = document["schema"]
        if version == SCHEMA:
            return _report_from(document)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        why = f"not a renderkit report: {type(error).__name__}: {error}"
        raise DatasetError(source, None, why) from error
    raise DatasetError(source, "schema", f"expected {SCHEMA!r}, found {version!r}; read it with the matching renderkit")


def read_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of report.json."""
    schema = resources.files("renderkit.results").joinpath("schema", "report-1.schema.json")
    result: dict[str, Any] = json.loads(schema.read_text(encoding="utf-8"))
    return result


def _provenance_json(provenance: Provenance) -> dict[str, Any]:
    return {
        "command": provenance.command,
        "capture": provenance.capture,
        "dataset": provenance.dataset,
        "unit": provenance.unit,
        "versions": dict(provenance.versions),
        "renderer": dict(provenance.renderer),
        "options": dict(provenance.options),
        "inputs": [vars(file) for file in provenance.inputs],
    }


def _summary_json(report: Report) -> dict[str, Any]:
    computable = {
        metric.name: sum(not math.isnan(metric.value(row.scores)) for row in report.rows)
        for metric in asked_metrics(report.rows)
    }
    worst = worst_camera(report)
    return {
        "num_rows": len(report.rows),
        "num_failed": len(report.failures),
        "computable": computable,
        "rig": {
            mesh: {name: {key: _float_or(value) for key, value in vars(one).items()} for name, one in found.items()}
            for mesh, found in rig_summaries(report.rows).items()
        },
        "worst_camera": None if worst is None else _worst_json(worst),
    }


def _worst_json(worst: WorstCamera) -> dict[str, Any]:
    return {key: _number(value) if isinstance(value, float) else value for key, value in vars(worst).items()} | {
        "stands_out": worst.stands_out
    }


def _gate_json(gate: GateVerdict) -> dict[str, Any]:
    return vars(gate) | {"value": None if gate.value is None else _number(gate.value)}


def _float_or(value: object) -> object:
    if isinstance(value, float):
        return _number(value)
    return list(value) if isinstance(value, tuple) else value


def _surface_json(surface: SurfaceComparison) -> dict[str, Any]:
    ways = {name: {k: _float_or(v) for k, v in vars(getattr(surface, name)).items()} for name in _WAYS}
    return vars(surface) | ways


def _explanation_from(value: dict[str, Any]) -> CameraExplanation:
    before = math.inf if value["before"] is None else value["before"]
    return CameraExplanation(
        **{**value, "before": before, "after": math.nan if value["after"] is None else value["after"]}
    )


def _distances_from(value: dict[str, Any]) -> DistanceSummary:
    median, p95, largest = (math.nan if value[k] is None else value[k] for k in ("median", "p95", "max"))
    return DistanceSummary(median, p95, largest, value["num_points"])


def _surface_from(value: dict[str, Any]) -> SurfaceComparison:
    ways = {name: _distances_from(value[name]) for name in _WAYS}
    return SurfaceComparison(**{**value, **ways})


def interval_json(one: MetricInterval) -> dict[str, Any]:
    """Return a camera's number with its interval."""
    ends = {key: _float_or(value) for key, value in vars(one.interval).items()}
    return {"camera": one.camera, "mesh": one.mesh, "metric": one.metric, **ends}


def _check_json(check: CaptureCheck) -> dict[str, Any]:
    return {key: _number(value) if isinstance(value, float) else value for key, value in vars(check).items()}


def _check_from(value: dict[str, Any]) -> CaptureCheck:
    margins = {name: math.nan if value[name] is None else value[name] for name in ("margin", "margin_standard_error")}
    return CaptureCheck(**{**value, **margins})


def _row_json(row: ViewResult) -> dict[str, Any]:
    values = {name: metric.value(row.scores) for name, metric in METRICS.items() if metric.is_asked(row)}
    return {
        **vars(row.key),
        "image_size": None if row.image_size is None else list(row.image_size),
        "metrics": {name: _number(value) for name, value in values.items()},
        "missing": {name: METRICS[name].missing_reason(row) for name, value in values.items() if math.isnan(value)},
        "scores": _scores_json(row.scores),
        "not_computable": dict(row.not_computable),
        "landmark_pixels": _points_json(row.landmark_pixels),
        "warnings": list(row.warnings),
        "failure": None if row.failure is None else vars(row.failure),
        "overlay": row.overlay,
    }


def _scores_json(scores: Scores) -> dict[str, Any]:
    reprojection = scores.reprojection
    requested = {kind: getattr(scores, kind) for kind in REQUESTED_JSON}
    return {
        **{kind: REQUESTED_JSON[kind][0](score) for kind, score in requested.items() if score is not None},
        **({} if scores.nme is None else {"nme": nme_json(scores.nme)}),
        "mask": None if scores.mask is None else vars(scores.mask),
        "boundary": None if scores.boundary is None else vars(scores.boundary),
        "containment": None if scores.containment is None else vars(scores.containment),
        "reprojection": None
        if reprojection is None
        else {
            "residuals_px": _points_json(reprojection.residuals),
            "num_hidden": reprojection.num_hidden,
            "num_missing": reprojection.num_missing,
            "hidden": None if reprojection.hidden is None else np.flatnonzero(reprojection.hidden).tolist(),
        },
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _points_json(points: FloatArray | None) -> list[list[float] | None] | None:
    if points is None:
        return None
    return [[float(x), float(y)] if math.isfinite(x) and math.isfinite(y) else None for x, y in points]


def _points_from(value: list[list[float] | None]) -> FloatArray:
    return np.array([(math.nan, math.nan) if point is None else point for point in value], np.float64).reshape(-1, 2)


def _report_from(document: dict[str, Any]) -> Report:
    timings = document["timings"]
    seconds = timings["row_seconds"]
    provenance = document["provenance"]
    return Report(
        tuple(_row_from(row, time) for row, time in zip(document["rows"], seconds, strict=True)),
        document["skipped_cameras"],
        tuple(GateVerdict(**gate) for gate in document["gates"]),
        Provenance(**{**provenance, "inputs": tuple(InputFile(**file) for file in provenance["inputs"])}),
        timings["started"],
        timings["seconds"],
        tuple(_check_from(check) for check in document.get("checks", ())),
        tuple(_surface_from(surface) for surface in document.get("surfaces", ())),
        tuple(_explanation_from(one) for one in document.get("explanations", ())),
        document.get("intervals") is not None,
    )


def _row_from(row: dict[str, Any], seconds: float) -> ViewResult:
    size, pixels = row["image_size"], row["landmark_pixels"]
    return ViewResult(
        ViewKey(row["capture"], row["frame"], row["camera"], row["mesh"]),
        _scores_from(row["scores"]),
        row["not_computable"],
        tuple(row["warnings"]),
        None if row["failure"] is None else Failure(**row["failure"]),
        None if size is None else (int(size[0]), int(size[1])),
        None if pixels is None else _points_from(pixels),
        row["overlay"],
        seconds,
    )


def _scores_from(scores: dict[str, Any]) -> Scores:
    landmarks = None if scores["reprojection"] is None else _reprojection_from(scores["reprojection"])
    requested = {kind: read(scores[kind]) for kind, (_, read) in REQUESTED_JSON.items() if kind in scores}
    return Scores(
        None if scores["mask"] is None else MaskScore(**scores["mask"]),
        None if scores["boundary"] is None else BoundaryScore(**scores["boundary"]),
        None if scores["containment"] is None else ContainmentScore(**scores["containment"]),
        landmarks,
        nme_from(scores["nme"], landmarks) if landmarks is not None and "nme" in scores else None,
        **requested,
    )


def _reprojection_from(value: dict[str, Any]) -> ReprojectionScore:
    residuals = _points_from(value["residuals_px"])
    hidden = None
    if value["hidden"] is not None:
        hidden = np.zeros(len(residuals), dtype=np.bool_)
        hidden[value["hidden"]] = True
    return ReprojectionScore(residuals, value["num_hidden"], value["num_missing"], hidden)
