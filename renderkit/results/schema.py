"""The JSON Schema of report.json, built from the registry of scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from renderkit.metrics.score_json import (
    COUNT,
    NUMBER,
    NUMBER_OR_NULL,
    TEXT,
    array_schema,
    object_schema,
    points_schema,
)
from renderkit.results.capture_check import CheckVerdict
from renderkit.results.explanation import Measure
from renderkit.results.findings import RigVerdict, findings_schema
from renderkit.results.kinds import KINDS
from renderkit.results.report import HashMethod, Verdict

SCHEMA: Final = "renderkit.report/2"
"""Version of the format, in every report.json."""

_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_TEXT_OR_NULL: Final[dict[str, Any]] = {"type": ["string", "null"]}


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of report.json, with the scores that are installed here."""
    schema = object_schema(
        "What `renderkit validate` found, view by view. Everything but `timings` is equal byte for byte across equal "
        "runs.",
        schema={"const": SCHEMA},
        provenance=_provenance(),
        summary=_summary(),
        rows=array_schema(_row()),
        skipped_cameras=_by_name(TEXT, "By camera, why the dataset marks it as unusable"),
        gates=array_schema(_gate()),
        checks=array_schema(_check()),
        surfaces=array_schema(_surface()),
        explanations=array_schema(_explanation()),
        intervals=_intervals(),
        diagnosis=_diagnosis(),
        timings=object_schema(
            "The only part that differs between two equal runs",
            started=TEXT,
            seconds=NUMBER,
            row_seconds=array_schema(NUMBER),
        ),
    )
    # A report of this version that was written before there was a diagnosis has no such key.
    schema["required"].remove("diagnosis")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, "title": "renderkit report"}
    return head | schema


def _provenance() -> dict[str, Any]:
    file = object_schema(
        path=TEXT,
        bytes=COUNT,
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
        method={"enum": list(get_args(HashMethod))},
    )
    provenance = object_schema(
        "Where the numbers come from",
        command=TEXT,
        config=TEXT | {"description": "The renderkit.toml that gates came from; empty without one"},
        capture=TEXT,
        dataset=TEXT,
        unit={"enum": ["m", "mm", "unknown"]},
        versions=_by_name(TEXT),
        renderer=_by_name(TEXT),
        options=_by_name(TEXT),
        inputs=array_schema(file),
    )
    # Reports that were written before it was stated have no such key.
    provenance["required"].remove("config")
    return provenance


def _summary() -> dict[str, Any]:
    worst = object_schema(
        "The camera that agrees least with the others",
        camera=TEXT,
        metric=TEXT,
        value=NUMBER_OR_NULL,
        rig_median=NUMBER_OR_NULL,
        deviation=NUMBER_OR_NULL,
        runner_up=_TEXT_OR_NULL,
        runner_up_deviation=NUMBER_OR_NULL,
        runner_up_value=NUMBER_OR_NULL,
        stands_out=_FLAG,
    )
    rig = object_schema(
        worst_camera=_TEXT_OR_NULL,
        worst=NUMBER_OR_NULL,
        p95=NUMBER_OR_NULL,
        median=NUMBER_OR_NULL,
        num_cameras=COUNT,
        not_computable=array_schema(TEXT),
    )
    return object_schema(
        "The rows summed up",
        num_rows=COUNT,
        num_failed=COUNT,
        computable=_by_name(COUNT, "For every metric, the number of rows in which it could be computed"),
        rig=_by_name(
            _by_name(rig),
            "By mesh and metric: the worst camera, the value that 95 % of the cameras are no worse than, the median",
        ),
        worst_camera=_or_null(worst),
    )


def _row() -> dict[str, Any]:
    return object_schema(
        "One mesh in one view",
        capture=TEXT,
        frame=TEXT,
        camera=TEXT,
        mesh=TEXT,
        image_size=_or_null(array_schema({"type": "integer", "minimum": 1}, 2) | {"description": "[width, height] px"}),
        metrics=_metrics(),
        missing=_by_name(TEXT, "For every null metric, why"),
        scores=_scores(),
        not_computable=_by_name(TEXT, "For every score that is missing, why"),
        landmark_pixels=_or_null(points_schema("Detected landmarks in px, aligned with residuals_px")),
        warnings=array_schema(TEXT),
        failure=_or_null(object_schema("Why the view has no scores at all", type=TEXT, message=TEXT)),
        overlay=_TEXT_OR_NULL | {"description": "Overlay picture, POSIX path relative to the run folder"},
    )


def _metrics() -> dict[str, Any]:
    """Every metric by name; those on request may be absent."""
    metrics = [metric for kind in KINDS.values() for metric in kind.metrics]
    unit = {"ratio": "share", "factor": "plain number"}
    return {
        "type": "object",
        "description": "Every metric by name; null where it is not computable, absent where it was not asked for",
        "additionalProperties": False,
        "required": sorted(metric.name for metric in metrics if not metric.on_request),
        "properties": {
            metric.name: NUMBER_OR_NULL
            | {"description": f"{metric.meaning} Unit: {unit.get(metric.unit, metric.unit)}."}
            for metric in metrics
        },
    }


def _scores() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What metrics are computed and pooled from; null where missing, absent where not asked for",
        "additionalProperties": False,
        "required": sorted(name for name, kind in KINDS.items() if not kind.on_request),
        "properties": {
            name: kind.json_schema if kind.on_request else _or_null(kind.json_schema) for name, kind in KINDS.items()
        },
    }


def _gate() -> dict[str, Any]:
    return object_schema(
        "What one gate said about one camera or the rig",
        gate=TEXT,
        subject=TEXT,
        mesh=TEXT,
        verdict={"enum": list(get_args(Verdict))},
        value=NUMBER_OR_NULL,
        message=TEXT,
        tolerated=_FLAG | {"description": "The gate's own allowance forgives this camera; it is still not a pass"},
    )


def _check() -> dict[str, Any]:
    return object_schema(
        "What the capture's conventions turned out to be, before anything was scored",
        name=TEXT,
        verdict={"enum": list(get_args(CheckVerdict))},
        choice=TEXT | {"description": "What the evidence speaks for; empty when skipped"},
        margin=NUMBER_OR_NULL | {"description": "How far it is ahead of the next candidate"},
        margin_standard_error=NUMBER_OR_NULL,
        margin_unit=TEXT,
        decided=_FLAG,
        sentence=TEXT,
    )


def _surface() -> dict[str, Any]:
    distances = object_schema(median=NUMBER_OR_NULL, p95=NUMBER_OR_NULL, max=NUMBER_OR_NULL, num_points=COUNT)
    return object_schema(
        "Two meshes of a frame compared in space, world units; only where depth was asked for",
        frame=TEXT,
        first=TEXT,
        second=TEXT,
        forward=distances,
        backward=distances,
        colored=_TEXT_OR_NULL,
    )


def _explanation() -> dict[str, Any]:
    return object_schema(
        "Why a camera stands out: `before` is its disagreement (null: it sees nothing), `after` what would be left "
        "without the cause",
        camera=TEXT,
        mesh=TEXT,
        cause=TEXT,
        sentence=TEXT,
        before=NUMBER_OR_NULL,
        after=NUMBER_OR_NULL,
        measure={"enum": list(get_args(Measure))},
    )


def _diagnosis() -> dict[str, Any]:
    fit = object_schema(
        "Medians over views; null without such evidence",
        residual_px=NUMBER_OR_NULL,
        relative=NUMBER_OR_NULL | {"description": "The residual as a share of the landmarks' spread in the picture"},
        iou=NUMBER_OR_NULL | {"description": "On a coarse grid"},
        inside=NUMBER_OR_NULL | {"description": "Share of the mesh's vertices inside the matte"},
    )
    camera = object_schema(
        "A camera that is off",
        camera=TEXT,
        cause=TEXT,
        cannot_tell=array_schema(TEXT) | {"description": "All slips that explain the evidence about as well"},
        family=TEXT,
        size_px=NUMBER_OR_NULL,
        size_error_px=NUMBER_OR_NULL,
        explained=_FLAG,
        sentence=TEXT,
    )
    matte = object_schema("A matte that is wrong whatever the cameras are", camera=TEXT, frame=TEXT, cause=TEXT)
    outlines = object_schema(
        "How far outlines of mesh and mattes lie apart, RMS, median over views",
        stated_px=NUMBER_OR_NULL,
        left_px=NUMBER_OR_NULL | {"description": "Once the mesh is moved, turned and scaled as fits best"},
        radius_px=NUMBER_OR_NULL,
        found=NUMBER_OR_NULL | {"description": "Share of the drawn outlines beside which one of a matte was found"},
        missing=NUMBER_OR_NULL | {"description": "Share of the drawn inside that the mattes lack"},
    )
    diagnosis = object_schema(
        "Whether the rig as a whole fits, and which cameras are off; null where it was not asked for",
        verdict={"enum": list(get_args(RigVerdict))},
        sentence=TEXT,
        readings=array_schema(TEXT) | {"description": "What makes the rig fit; empty if it fits as stated"},
        alternatives=array_schema(array_schema(TEXT)) | {"description": "Other readings that fit as well"},
        before=fit,
        after=fit,
        margin=NUMBER_OR_NULL | {"description": "By how much the log likelihood prefers the readings"},
        num_tried=COUNT,
        num_views=COUNT,
        cameras=array_schema(camera),
        cameras_sentence=TEXT,
        others=array_schema(TEXT) | {"description": "What is wrong and no camera's fault: mesh, mattes"},
        mesh=TEXT | {"description": "How the mesh is off against all cameras; empty where it is not"},
        amiss=array_schema(TEXT) | {"description": "What the readings correct: calibration, pictures, mesh ..."},
        evidence=array_schema(findings_schema()),
        common=_or_null(camera) | {"description": "An error that all cameras share; null where there is none"},
        mattes=array_schema(matte),
        num_mattes=COUNT | {"description": "Views with a matte of a mesh"},
        outlines=_or_null(outlines) | {"description": "null where they were not measured in enough cameras"},
    )
    # A report that was written before these were known has no such keys.
    later = {"evidence", "common", "mesh", "amiss", "mattes", "num_mattes", "outlines"}
    diagnosis["required"] = [name for name in diagnosis["required"] if name not in later]
    return _or_null(diagnosis)


def _intervals() -> dict[str, Any]:
    interval = object_schema(
        camera=TEXT,
        mesh=TEXT,
        metric=TEXT,
        estimate=NUMBER_OR_NULL,
        low=NUMBER_OR_NULL,
        high=NUMBER_OR_NULL,
        level=NUMBER,
        num_used=COUNT,
        num_draws=COUNT,
    )
    words = "95 % bootstrap intervals of each camera's headline numbers; null where they were not asked for"
    return _or_null(array_schema(interval) | {"description": words})


def _by_name(values: Mapping[str, Any], description: str = "") -> dict[str, Any]:
    schema = {"type": "object", "additionalProperties": dict(values)}
    return schema | ({"description": description} if description else {})


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}
