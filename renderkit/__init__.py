"""Rendering and projection validation for calibrated multi-view captures.

Names are loaded when they are first used, so that importing renderkit stays cheap. `__init__.pyi` tells type checkers
the same names; it is written from the table below, and a test holds the two equal.
"""

from __future__ import annotations

import importlib
import logging

__version__ = "0.1.0"

_NAMES = {
    "capture": "Capture Frame View",
    "dataset.validate_many": "validate_many",
    "diagnosis.diff": "diff_rigs",
    "diagnosis.lint": "lint",
    "errors": "ArgumentError CalibrationError ContextError DatasetError MissingExtraError RenderkitError ShaderError",
    "flame.embedding": "read_landmark_embeddings",
    "flame.model": "FlameModel",
    "formats": "open_capture read_rig write_rig",
    "formats.facescape_alignment": "read_tu_alignment",
    "formats.supplement": "SupplementedCapture",
    "geometry.camera": "Camera",
    "geometry.brown_conrady": "BrownConrady",
    "geometry.kannala_brandt": "KannalaBrandt",
    "geometry.landmarks": "Landmarks",
    "geometry.lens_model": "NoDistortion",
    "geometry.mesh": "Mesh load_mesh",
    "geometry.pose": "Pose",
    "geometry.rig": "Rig",
    "metrics.boundary": "score_boundary",
    "metrics.mask": "score_mask",
    "metrics.reprojection": "score_reprojection",
    "pictures.style": "OverlayStyle",
    "pipeline.diagnosis": "diagnose",
    "pipeline.drift": "drift",
    "pipeline.options": "ValidationOptions",
    "pipeline.overlay_video": "video",
    "pipeline.prove": "prove",
    "pipeline.refine": "refine",
    "pipeline.run": "validate",
    "pipeline.single_view": "Overlay overlay project render",
    "pipeline.synth": "synthesize",
    "pipeline.synth_options": "SynthOptions",
    "pipeline.validate": "validate_views",
    "renderers.base": "RenderPass Renderer Rendering",
    "renderers.choose": "make_renderer",
    "results.detection_limits": "DetectionLimits",
    "results.dataset": "DatasetReport",
    "results.diagnosis": "Diagnosis",
    "results.drift": "Drift",
    "results.json_report": "read_report write_report",
    "results.refinement": "Refinement",
    "results.report": "Report",
    "results.rows": "ViewResult",
}
"""Module inside renderkit to its public names: the one list of them."""

_HOMES = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted([*_HOMES, "__version__"])  # noqa: PLE0605 - built from the table above

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return list(__all__)
