"""Camera-only formats of the field, read and written through one exact camera."""

from renderkit.formats.approximate import FitResidual
from renderkit.formats.as_stated import RawCamera, RawRig, raw_from_rig
from renderkit.formats.format import RigFormat, WriteOptions
from renderkit.formats.format_capability import InexpressibleError
from renderkit.formats.registry import FORMATS, WriteReport, detect_format, read_raw_rig, read_rig, write_rig

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
