"""Formats of the field: cameras read and written through one exact camera, captures opened with the same cameras."""

from renderkit.formats.approximate import FitResidual
from renderkit.formats.as_stated import RawCamera, RawRig, raw_from_rig
from renderkit.formats.format import CaptureOptions, Format, WriteOptions
from renderkit.formats.format_capability import InexpressibleError
from renderkit.formats.opening import open_capture
from renderkit.formats.registry import detect_format, formats, read_raw_rig, read_rig
from renderkit.formats.rig_writing import WriteReport, write_rig

__all__ = [
    "CaptureOptions",
    "FitResidual",
    "Format",
    "InexpressibleError",
    "RawCamera",
    "RawRig",
    "WriteOptions",
    "WriteReport",
    "detect_format",
    "formats",
    "open_capture",
    "raw_from_rig",
    "read_raw_rig",
    "read_rig",
    "write_rig",
]
