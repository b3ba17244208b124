"""Vicon .xcp (XML): millimetres, world-to-camera quaternion x y z w, centre of the camera, OpenCV axes.

Per Camera the first KeyFrame holds FOCAL_LENGTH (px), PRINCIPAL_POINT, ORIENTATION, POSITION, and VICON_RADIAL2
("ViconRadial2 cx cy k1 k2 k3") or VICON_RADIAL (k1 k2); fy is FOCAL_LENGTH / PIXEL_ASPECT_RATIO. Sources: Pose2Sim's
read_vicon and OpenCap's Vicon reader, which hand these numbers to OpenCV (pixel (0, 0) is the CENTRE of the top-left
pixel, coefficients as k1 k2 k3); Vicon documents no formula of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics, pose_from_center, read_each
from renderkit.formats.format import Format
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rotation import matrix_from_quaternion
from renderkit.untrusted.content import Content, field, number, numbers, size_at
from renderkit.untrusted.xml_text import parse_xml
from renderkit.wording import counted

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RADIAL2 = "ViconRadial2"
_FRAME = {"FOCAL_LENGTH", "PRINCIPAL_POINT", "ORIENTATION", "POSITION", "VICON_RADIAL", "VICON_RADIAL2"}
_FRAME_HARMLESS = {"FRAME", "IMAGE_ERROR", "WORLD_ERROR"}
_CAMERA = {"DEVICEID", "SENSOR_SIZE", "PIXEL_ASPECT_RATIO"}
_CAMERA_HARMLESS = {"ACTIVE_THRESHOLD", "DISPLAY_TYPE", "ISDV", "NAME", "SENSOR", "SYSTEM", "TYPE", "USERID"}


def matches(content: Content) -> bool:
    """Return True for XML with <Cameras> of <Camera DEVICEID=...>."""
    head = content.head.lstrip()
    return head.startswith(b"<") and b"<Cameras" in head and b"DEVICEID=" in head


def read(content: Content) -> RawRig:
    """Read all cameras that have a KeyFrame; marker cameras are kept beside video cameras, and counted."""
    path = content.path
    nodes = parse_xml(path, content.data).findall("Camera")
    by_name = {node.get("DEVICEID") or str(index): node for index, node in enumerate(nodes)}
    if not nodes or len(by_name) < len(nodes):
        raise DatasetError(path, "Camera", "expected Camera elements, each with its own DEVICEID")
    cameras, failed = read_each(by_name, lambda name: _read_camera(name, by_name[name], path))
    video = sum("video" in (node.get("TYPE") or "").lower() for node in nodes)
    notes = [f"video cameras by their TYPE: {video} of {len(nodes)}"]
    if any(any(camera.coefficients) for camera in cameras):
        notes.append("distortion is read as OpenCV's k1 k2 k3, as Pose2Sim and OpenCap do; Vicon documents no formula")
    frames = [frame.attrib for node in nodes for frame in node.findall("KeyFrames/KeyFrame")[:1]]
    more = sum(len(node.findall("KeyFrames/KeyFrame")) > 1 for node in nodes)
    notes += [f"only the first KeyFrame is used ({counted(more, 'camera')} with more)"] if more else []
    notes += unread_notes([node.attrib for node in nodes], _CAMERA, _CAMERA_HARMLESS)
    notes += unread_notes(frames, _FRAME, _FRAME_HARMLESS, where="KeyFrame.")
    return RawRig(cameras, path, "mm", notes=tuple(notes), failed=failed, order=tuple(by_name))


def _read_camera(name: str, node: Element, path: Path) -> RawCamera:
    where = f"Camera {name}."
    frame = node.find("KeyFrames/KeyFrame")
    if frame is None:
        raise DatasetError(path, f"{where}KeyFrame", "the camera is not calibrated: it has no KeyFrame")
    width, height = _values(node.attrib, "SENSOR_SIZE", 2, path, where)
    size = size_at(width, height, path, f"{where}SENSOR_SIZE")
    focal = number(field(frame.attrib, "FOCAL_LENGTH", path, where), path, f"{where}FOCAL_LENGTH")
    aspect = number(node.get("PIXEL_ASPECT_RATIO", 1.0), path, f"{where}PIXEL_ASPECT_RATIO")
    if not aspect > 0.0:
        raise DatasetError(path, f"{where}PIXEL_ASPECT_RATIO", f"expected a positive number, found {aspect:g}")
    center = _values(frame.attrib, "PRINCIPAL_POINT", 2, path, where)
    x, y, z, w = _values(frame.attrib, "ORIENTATION", 4, path, where)
    rotation = matrix_from_quaternion(np.array([w, x, y, z]))
    position = _values(frame.attrib, "POSITION", 3, path, where)
    K = intrinsics(focal, focal / aspect, float(center[0]), float(center[1]))
    lens = _lens(frame.attrib, path, where)
    return RawCamera(name, K, pose_from_center(rotation, position), coefficients=lens, size=size)


def _values(values: Mapping[str, str], key: str, count: int, path: Path, where: str) -> FloatArray:
    return numbers(field(values, key, path, where).split(), [(count,)], path, f"{where}{key}")


def _lens(values: Mapping[str, str], path: Path, where: str) -> tuple[float, ...]:
    """Return k1 k2 0 0 k3; none where the file has none."""
    radial = values.get("VICON_RADIAL2", "").removeprefix(_RADIAL2).split()
    if radial:
        k = numbers(radial, [(4,), (5,)], path, f"{where}VICON_RADIAL2")[2:]
    elif values.get("VICON_RADIAL", "").split():
        k = numbers(values["VICON_RADIAL"].split(), [(2,)], path, f"{where}VICON_RADIAL")
    else:
        return ()
    k1, k2, k3 = [*k.tolist(), 0.0][:3]
    return k1, k2, 0.0, 0.0, k3


FORMAT = Format(
    name="vicon",
    title="Vicon .xcp",
    matches=matches,
    read_cameras=read,
    unit="mm",
)
