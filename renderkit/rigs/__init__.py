"""Camera-only formats of the field, read and written through one exact camera."""

from renderkit.rigs.approximate import FitResidual
from renderkit.rigs.express import InexpressibleError
from renderkit.rigs.format import RigFormat, WriteOptions
from renderkit.rigs.raw import RawCamera, RawRig, raw_from_rig
from renderkit.rigs.registry import FORMATS, WriteReport, detect_format, read_raw_rig, read_rig, write_rig

__all__ = [
    "FORMATS",
    "FitResidual",
    "InexpressibleError",
    "RawCamera",
    "RawRig",
    "RigFormat",
    "WriteOptions",
    "WriteReport",
    "detect_format",
    "raw_from_rig",
    "read_raw_rig",
    "read_rig",
    "write_rig",
]
