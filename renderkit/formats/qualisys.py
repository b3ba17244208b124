"""Qualisys Track Manager calibration .qca.txt (XML): millimetres; numbers of the image in 1/64 px.

transform holds the camera's centre x, y, z and r11 .. r33, world-to-camera row by row with x right, y UP, z BACKWARD.
intrinsic holds focalLengthU, focalLengthV, centerPointU, centerPointV and the distortion in 1/64 px; the centre counts
from the sensor's corner, of which fov_video names the part that is filmed (left .. right inclusive). Source: Pose2Sim,
calibration.py (read_qca, calib_qca_fun), whose reading of the numbers is taken over: the coefficients divided by 64 as
OpenCV's k1 k2 p1 p2, and pixel (0, 0) as the CENTRE of the top-left pixel, as Pose2Sim hands them to OpenCV.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics, pose_from_center, read_each
from renderkit.formats.format import Format
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, field, number, size_at
from renderkit.untrusted.xml_text import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SUBPIXELS = 64.0
_TRANSFORM = {"x", "y", "z", *(f"r{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3))}
_INTRINSIC = {
    "focalLengthU", "focalLengthV", "centerPointU", "centerPointV", "skew", "radialDistortion1", "radialDistortion2",
    "radialDistortion3", "tangentalDistortion1", "tangentalDistortion2",
}  # fmt: skip
_INTRINSIC_HARMLESS = {"focallength", "sensorMinU", "sensorMaxU", "sensorMinV", "sensorMaxV"}
_CAMERA_HARMLESS = {
    "active", "avg-residual", "point-count", "model", "supports_hwsync", "calibrated", "id", "message", "color",
}  # fmt: skip


def matches(content: Content) -> bool:
    """Return True for XML with a <calibration> of cameras with fov_video or intrinsic sensor limits."""
    head = content.head.lstrip()
    return head.startswith(b"<") and b"<calibration" in head and (b"fov_video" in head or b"focalLengthU" in head)


def read(content: Content) -> RawRig:
    """Read all cameras of the file; those of markers are kept beside those of video, and counted."""
    path = content.path
    root = parse_xml(path, content.data)
    nodes = root.findall("cameras/camera")
    if not nodes:
        raise DatasetError(path, "cameras", "expected <cameras> with <camera> elements; the file has none")
    by_name = {node.get("serial") or str(index): node for index, node in enumerate(nodes)}
    if len(by_name) < len(nodes):
        raise DatasetError(path, "cameras", "two cameras have one serial number")
    cameras, failed = read_each(by_name, lambda name: _read_camera(name, by_name[name], path))
    video = sum("video" in (node.get("model") or "").lower() for node in nodes)
    notes = (f"video cameras by their model: {video} of {len(nodes)}", *_unread(nodes))
    return RawRig(cameras, path, "mm", notes=notes, failed=failed, order=tuple(by_name))


def _attributes(node: Element, name: str, path: Path, where: str) -> Mapping[str, str]:
    child = node.find(name)
    if child is None:
        raise DatasetError(path, f"{where}{name}", f"<{name}> is missing")
    return child.attrib


def _read_camera(name: str, node: Element, path: Path) -> RawCamera:
    where = f"camera {name}."
    fov = _attributes(node, "fov_video", path, where)
    left, top, right, bottom = (_number(fov, key, path, where) for key in ("left", "top", "right", "bottom"))
    inner = _attributes(node, "intrinsic", path, where)
    value = {key: _number(inner, key, path, where) / _SUBPIXELS for key in _INTRINSIC if key in inner}
    for key in ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV"):
        field(inner, key, path, where)
    if value.get("radialDistortion3", 0.0):
        why = "a third radial coefficient is not documented; expected 0"
        raise CalibrationError(path, f"{where}radialDistortion3", why)
    keys = ("radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2")
    lens = tuple(value.get(key, 0.0) for key in keys)
    center = value["centerPointU"] - left, value["centerPointV"] - top
    K = intrinsics(value["focalLengthU"], value["focalLengthV"], *center, value.get("skew", 0.0))
    outer = _attributes(node, "transform", path, where)
    rotation = np.array([[_number(outer, f"r{i}{j}", path, where) for j in (1, 2, 3)] for i in (1, 2, 3)])
    position = np.array([_number(outer, key, path, where) for key in ("x", "y", "z")])
    pose = pose_from_center(rotation, position)
    size = size_at(right - left + 1, bottom - top + 1, path, f"{where}fov_video")
    return RawCamera(name, K, pose, axes="opengl", coefficients=lens, size=size)


def _number(values: Mapping[str, str], key: str, path: Path, where: str) -> float:
    return number(field(values, key, path, where), path, f"{where}{key}")


def _unread(nodes: list[Element]) -> tuple[str, ...]:
    def children(name: str) -> list[Mapping[str, str]]:
        return [child.attrib for node in nodes for child in node.findall(name)]

    return (
        *unread_notes([node.attrib for node in nodes], {"serial"}, _CAMERA_HARMLESS),
        *unread_notes(children("transform"), _TRANSFORM, where="transform."),
        *unread_notes(children("intrinsic"), _INTRINSIC, _INTRINSIC_HARMLESS, where="intrinsic."),
    )


FORMAT = Format(
    name="qualisys",
    title="Qualisys .qca.txt",
    matches=matches,
    read_cameras=read,
    unit="mm",
)
