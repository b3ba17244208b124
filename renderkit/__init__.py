"""Rendering and projection validation for calibrated multi-view captures.

Names are loaded when they are first used, so that importing renderkit stays cheap.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from renderkit.capture import Capture as Capture
    from renderkit.capture import Frame as Frame
    from renderkit.capture import View as View
    from renderkit.diagnose.diff import diff_rigs as diff_rigs
    from renderkit.diagnose.lint import lint as lint
    from renderkit.errors import CalibrationError as CalibrationError
    from renderkit.errors import ContextError as ContextError
    from renderkit.errors import DatasetError as DatasetError
    from renderkit.errors import MissingExtraError as MissingExtraError
    from renderkit.errors import RenderkitError as RenderkitError
    from renderkit.errors import ShaderError as ShaderError
    from renderkit.flame.embedding import read_landmark_embeddings as read_landmark_embeddings
    from renderkit.flame.model import FlameModel as FlameModel
    from renderkit.formats import read_rig as read_rig
    from renderkit.formats import write_rig as write_rig
    from renderkit.formats.captures import open_capture as open_capture
    from renderkit.formats.supplement import SupplementedCapture as SupplementedCapture
    from renderkit.geometry.camera import Camera as Camera
    from renderkit.geometry.distortion import BrownConrady as BrownConrady
    from renderkit.geometry.distortion import KannalaBrandt as KannalaBrandt
    from renderkit.geometry.distortion import NoDistortion as NoDistortion
    from renderkit.geometry.landmarks import Landmarks as Landmarks
    from renderkit.geometry.mesh import Mesh as Mesh
    from renderkit.geometry.pose import Pose as Pose
    from renderkit.geometry.rig import Rig as Rig
    from renderkit.metrics.boundary import score_boundary as score_boundary
    from renderkit.metrics.mask import score_mask as score_mask
    from renderkit.metrics.reprojection import score_reprojection as score_reprojection
    from renderkit.pipeline.options import ValidationOptions as ValidationOptions
    from renderkit.pipeline.synth import synthesize as synthesize
    from renderkit.pipeline.synth_options import SynthOptions as SynthOptions
    from renderkit.pipeline.validate import validate as validate
    from renderkit.render.base import Renderer as Renderer
    from renderkit.render.base import Rendering as Rendering
    from renderkit.render.base import RenderPass as RenderPass
    from renderkit.render.choose import make_renderer as make_renderer
    from renderkit.results.json_report import read_report as read_report
    from renderkit.results.json_report import write_report as write_report
    from renderkit.results.rows import Report as Report
    from renderkit.results.rows import ViewResult as ViewResult

__version__ = "0.1.0"

_HOMES = {
    "BrownConrady": "renderkit.geometry.distortion",
    "CalibrationError": "renderkit.errors",
    "Camera": "renderkit.geometry.camera",
    "ContextError": "renderkit.errors",
    "DatasetError": "renderkit.errors",
    "FlameModel": "renderkit.flame.model",
    "Frame": "renderkit.capture",
    "KannalaBrandt": "renderkit.geometry.distortion",
    "Landmarks": "renderkit.geometry.landmarks",
    "Mesh": "renderkit.geometry.mesh",
    "MissingExtraError": "renderkit.errors",
    "NoDistortion": "renderkit.geometry.distortion",
    "Pose": "renderkit.geometry.pose",
    "Capture": "renderkit.capture",
    "RenderPass": "renderkit.render.base",
    "Renderer": "renderkit.render.base",
    "Rendering": "renderkit.render.base",
    "RenderkitError": "renderkit.errors",
    "Report": "renderkit.results.rows",
    "Rig": "renderkit.geometry.rig",
    "ShaderError": "renderkit.errors",
    "SupplementedCapture": "renderkit.formats.supplement",
    "SynthOptions": "renderkit.pipeline.synth_options",
    "ValidationOptions": "renderkit.pipeline.options",
    "View": "renderkit.capture",
    "ViewResult": "renderkit.results.rows",
    "diff_rigs": "renderkit.diagnose.diff",
    "lint": "renderkit.diagnose.lint",
    "make_renderer": "renderkit.render.choose",
    "open_capture": "renderkit.formats.captures",
    "read_landmark_embeddings": "renderkit.flame.embedding",
    "read_report": "renderkit.results.json_report",
    "read_rig": "renderkit.formats",
    "score_boundary": "renderkit.metrics.boundary",
    "score_mask": "renderkit.metrics.mask",
    "score_reprojection": "renderkit.metrics.reprojection",
    "synthesize": "renderkit.pipeline.synth",
    "validate": "renderkit.pipeline.validate",
    "write_report": "renderkit.results.json_report",
    "write_rig": "renderkit.formats",
}

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
