"""Rendering and projection validation for calibrated multi-view captures.

Names are loaded when they are first used, so that importing renderkit stays cheap.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from renderkit.datasets import open_recording as open_recording
    from renderkit.errors import CalibrationError as CalibrationError
    from renderkit.errors import ContextError as ContextError
    from renderkit.errors import DatasetError as DatasetError
    from renderkit.errors import MissingExtraError as MissingExtraError
    from renderkit.errors import RenderkitError as RenderkitError
    from renderkit.errors import ShaderError as ShaderError
    from renderkit.geometry.camera import Camera as Camera
    from renderkit.geometry.distortion import BrownConrady as BrownConrady
    from renderkit.geometry.distortion import KannalaBrandt as KannalaBrandt
    from renderkit.geometry.distortion import NoDistortion as NoDistortion
    from renderkit.geometry.landmarks import Landmarks as Landmarks
    from renderkit.geometry.mesh import Mesh as Mesh
    from renderkit.geometry.pose import Pose as Pose
    from renderkit.geometry.rig import Rig as Rig
    from renderkit.recording import Frame as Frame
    from renderkit.recording import Recording as Recording
    from renderkit.recording import View as View
    from renderkit.render.base import Renderer as Renderer
    from renderkit.render.base import Rendering as Rendering
    from renderkit.render.base import RenderPass as RenderPass

__version__ = "0.1.0"

_HOMES = {
    "BrownConrady": "renderkit.geometry.distortion",
    "CalibrationError": "renderkit.errors",
    "Camera": "renderkit.geometry.camera",
    "ContextError": "renderkit.errors",
    "DatasetError": "renderkit.errors",
    "Frame": "renderkit.recording",
    "KannalaBrandt": "renderkit.geometry.distortion",
    "Landmarks": "renderkit.geometry.landmarks",
    "Mesh": "renderkit.geometry.mesh",
    "MissingExtraError": "renderkit.errors",
    "NoDistortion": "renderkit.geometry.distortion",
    "Pose": "renderkit.geometry.pose",
    "Recording": "renderkit.recording",
    "RenderPass": "renderkit.render.base",
    "Renderer": "renderkit.render.base",
    "Rendering": "renderkit.render.base",
    "RenderkitError": "renderkit.errors",
    "Rig": "renderkit.geometry.rig",
    "ShaderError": "renderkit.errors",
    "View": "renderkit.recording",
    "open_recording": "renderkit.datasets",
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
