"""A JSON Schema of renderkit.toml, for editors; it lists the metrics that this version has."""

from __future__ import annotations

from typing import Any, Final

from renderkit.results.kinds import METRICS

_SELECTORS: Final = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
_NAME: Final = {"type": "string", "minLength": 1, "description": "What reports call the gate."}


def gate_schema() -> dict[str, Any]:
    """Return the schema: draft-07, which TOML editors (Taplo, Even Better TOML) support."""
    groups = {
        "type": "object",
        "additionalProperties": _SELECTORS,
        "description": "Camera groups: names, ranges (18-32), patterns (front_*), exclusions (!25).",
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "renderkit.gates/1",
        "title": "renderkit.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "baseline": {
                "type": "string",
                "minLength": 1,
                "description": "Run folder to compare with; a relative path starts at this file's folder.",
            },
            "groups": groups,
            "gates": {"type": "array", "items": _gate()},
            "overlay": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "presets": {
                        "type": "object",
                        "additionalProperties": {"type": "object"},
                        "description": "Looks of pictures by name: layers, opacity, crop ...; docs/guide/overlays.md.",
                    }
                },
            },
        },
    }


def _gate() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["check"],
        "properties": {
            "check": _check(),
            "name": _NAME,
            "cameras": _SELECTORS
            | {"description": "Groups, names, ranges, patterns, exclusions; default: every camera."},
            "meshes": _SELECTORS | {"description": "Mesh names; default: every mesh."},
            "allowed_failures": {"type": "integer", "minimum": 0, "description": "So many cameras may fail."},
            "known_failures": _SELECTORS | {"description": "Cameras whose failure does not count."},
            "coverage": _coverage(),
        },
    }


def _check() -> dict[str, Any]:
    names = "|".join(METRICS)
    return {
        "type": "string",
        "pattern": rf"^\s*(?:\w+(?:\.\d+)?\s*\(\s*(?:{names})\s*\)|(?:{names}))\s*(<=|>=)\s*\S.*$",
        "examples": _examples(),
        "description": "METRIC <= LIMIT; worst(), median(), p95() of the rig; coverage(METRIC) >= 55 of 60.",
    }


def _coverage() -> dict[str, Any]:
    text = {"type": "string", "pattern": r"^\s*[0-9.]+\s*(%|of\s+[0-9]+)?\s*$"}
    return {
        "anyOf": [{"type": "integer", "minimum": 1}, text],
        "description": "How many cameras must be computable: 55, '55 of 60' or '90 %'; default: every one.",
    }


def _examples() -> list[str]:
    limits = {"px": "1.5 px", "ratio": "98 %"}
    return [
        f"{metric.name} {'<=' if metric.better == 'lower' else '>='} {limits.get(metric.unit, '10')}"
        for metric in METRICS.values()
    ]
