# Written by `python tests/test_package.py` from the table in __init__.py.

from renderkit.capture import Capture as Capture
from renderkit.capture import Frame as Frame
from renderkit.capture import View as View
from renderkit.diagnose.diff import diff_rigs as diff_rigs
from renderkit.diagnose.lint import lint as lint
from renderkit.errors import ArgumentError as ArgumentError
from renderkit.errors import CalibrationError as CalibrationError
from renderkit.errors import ContextError as ContextError
from renderkit.errors import DatasetError as DatasetError
from renderkit.errors import MissingExtraError as MissingExtraError
from renderkit.errors import RenderkitError as RenderkitError
from renderkit.errors import ShaderError as ShaderError
from renderkit.flame.model import FlameModel as FlameModel
from renderkit.formats.captures import open_capture as open_capture
from renderkit.formats.registry import read_rig as read_rig
from renderkit.formats.registry import write_rig as write_rig
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
from renderkit.pictures.overlay import OverlayStyle as OverlayStyle
from renderkit.pipeline.options import ValidationOptions as ValidationOptions
from renderkit.pipeline.run import validate as validate
from renderkit.pipeline.single_view import Overlay as Overlay
from renderkit.pipeline.single_view import load_mesh as load_mesh
from renderkit.pipeline.single_view import overlay as overlay
from renderkit.pipeline.single_view import project as project
from renderkit.pipeline.single_view import render as render
from renderkit.pipeline.synth import synthesize as synthesize
from renderkit.pipeline.synth_options import SynthOptions as SynthOptions
from renderkit.pipeline.validate import validate_views as validate_views
from renderkit.render.base import RenderPass as RenderPass
from renderkit.render.base import Renderer as Renderer
from renderkit.render.base import Rendering as Rendering
from renderkit.render.choose import make_renderer as make_renderer
from renderkit.results.json_report import read_report as read_report
from renderkit.results.json_report import write_report as write_report
from renderkit.results.report import Report as Report
from renderkit.results.rows import ViewResult as ViewResult

__all__: list[str]
__version__: str
