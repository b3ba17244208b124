"""Metashape camera XML: camera-to-world, OpenCV axes; cx, cy from the image's centre, pixel (0, 0) at the corner.

u = w / 2 + cx + x' f + x' b1 + y' b2, v = h / 2 + cy + y' f, with x' = x (1 + k1 r^2 + k2 r^4 + k3 r^6 + k4 r^8)
+ p1 (r^2 + 2 x^2) + 2 p2 x y: p1 and p2 are swapped against OpenCV. Source: Agisoft Metashape Professional manual,
appendix "Camera models"; there the centre of the top-left pixel is (0.5, 0.5). Fisheye sensors use theta for r, which
without p1, p2 is Kannala-Brandt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig, Unit, intrinsics
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import names_from_pictures
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import BrownConrady, ModelName
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, exact, number, numbers, size_at, write_text
from renderkit.untrusted.xml_text import parse_xml

_LIMITS = Expressible(brown_conrady=5, kannala_brandt=True, fold_over=False)
_HALF = 0.5


def matches(content: Content) -> bool:
    """Return True for XML whose root is <document> with a <chunk> or <sensors>."""
    head = content.head.lstrip(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"<") and b"<document" in head and (b"<chunk" in head or b"<sensors" in head)


def read(content: Content) -> RawRig:
    """Read a camera export; the chunk's own transform, where there is one, is applied."""
    path = content.path
    root = parse_xml(path, content.data)
    chunk = root.find("chunk") if root.find("chunk") is not None else root
    if chunk is None:
        raise DatasetError(path, "chunk", "the element is missing")
    sensors = {sensor.get("id"): sensor for sensor in chunk.iter("sensor")}
    rotation, translation, scale, unit = _chunk_transform(chunk, path)
    aligned = [camera for camera in chunk.iter("camera") if camera.find("transform") is not None]
    left_out = [str(camera.get("label")) for camera in chunk.iter("camera") if camera.find("transform") is None]
    cameras = []
    known: dict[str | None, tuple[FloatArray, tuple[int, int], ModelName, tuple[float, ...]]] = {}
    for name, camera in zip(
        names_from_pictures([str(camera.get("label")) for camera in aligned]), aligned, strict=True
    ):
        sensor_id = camera.get("sensor_id")
        if sensor_id not in sensors:
            raise DatasetError(path, f"camera {name}", f"its sensor {sensor_id!r} is not in the file")
        if sensor_id not in known:
            known[sensor_id] = _read_sensor(sensors[sensor_id], path, f"sensor {sensor_id}")
        K, size, model, lens = known[sensor_id]
        matrix = _values(camera, "transform", 16, path, f"camera {name}").reshape(4, 4)[:3]
        pose = np.column_stack([rotation @ matrix[:, :3], scale * (rotation @ matrix[:, 3]) + translation])
        cameras.append(RawCamera(name, K, pose, "world_from_cam", coefficients=lens, model=model, size=size))
    notes = (f"not aligned, left out: {', '.join(left_out[:10])}",) if left_out else ()
    return RawRig(tuple(cameras), path, unit, notes=notes)


def _chunk_transform(chunk: Element, path: Path) -> tuple[FloatArray, FloatArray, float, Unit]:
    """Return rotation, translation and scale of the chunk, and the unit (metres where it is scaled)."""
    transform = chunk.find("transform")
    if transform is None:
        return np.eye(3), np.zeros(3), 1.0, "unknown"
    rotation, translation, scale = np.eye(3), np.zeros(3), 1.0
    if transform.find("rotation") is not None:
        rotation = _values(transform, "rotation", 9, path, "chunk transform").reshape(3, 3)
    if transform.find("translation") is not None:
        translation = _values(transform, "translation", 3, path, "chunk transform")
    if transform.find("scale") is not None:
        scale = float(_values(transform, "scale", 1, path, "chunk transform")[0])
    return rotation, translation, scale, "m"


def _values(parent: Element, tag: str, count: int, path: Path, where: str) -> FloatArray:
    return numbers((parent.findtext(tag) or "").split(), [(count,)], path, f"{where}, {tag}")


def _read_sensor(
    sensor: Element, path: Path, key: str
) -> tuple[FloatArray, tuple[int, int], ModelName, tuple[float, ...]]:
    kind = sensor.get("type", "frame")
    if kind not in {"frame", "fisheye"}:
        raise CalibrationError(path, key, f"sensor type {kind!r} is not supported; expected frame or fisheye")
    calibrations = sensor.findall("calibration")
    adjusted = [one for one in calibrations if one.get("class") == "adjusted"] or calibrations
    if not adjusted:
        raise DatasetError(path, key, "the sensor has no <calibration>")
    calibration = adjusted[0]
    box = calibration.find("resolution") if calibration.find("resolution") is not None else sensor.find("resolution")
    if box is None:
        raise DatasetError(path, key, "the sensor has no <resolution>")
    size = size_at(box.get("width"), box.get("height"), path, f"{key}, resolution")
    value = {
        name: number(calibration.findtext(name) or 0.0, path, f"{key}, {name}")
        for name in ("f", "cx", "cy", "b1", "b2", "k1", "k2", "k3", "k4", "p1", "p2", "p3", "p4")
    }
    blocking = ["p3", "p4"] + (["p1", "p2"] if kind == "fisheye" else ["k4"])
    found = [name for name in blocking if value[name] != 0.0]
    if found:
        what = ", ".join(f"{name} = {value[name]:g}" for name in found)
        raise CalibrationError(
            path, key, f"{what} of a {kind} sensor has no place in OpenCV's models; optimise without it"
        )
    K = intrinsics(
        value["f"] + value["b1"],
        value["f"],
        0.5 * size[0] + value["cx"] - _HALF,
        0.5 * size[1] + value["cy"] - _HALF,
        value["b2"],
    )
    if kind == "fisheye":
        return K, size, "kannala_brandt", (value["k1"], value["k2"], value["k3"], value["k4"])
    return K, size, "brown_conrady", (value["k1"], value["k2"], value["p2"], value["p1"], value["k3"])


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write a camera export with one sensor per camera."""
    document = Element("document", version="1.2.0")
    chunk = SubElement(document, "chunk", label="renderkit", enabled="true")
    sensors, cameras = SubElement(chunk, "sensors"), SubElement(chunk, "cameras")
    for number_, (name, camera) in enumerate(rig.cameras.items()):
        _write_sensor(sensors, camera, str(number_), name)
        entry = SubElement(cameras, "camera", id=str(number_), sensor_id=str(number_), label=name)
        matrix = camera.cam_from_world.inverse().matrix
        SubElement(entry, "transform").text = " ".join(map(exact, matrix.ravel()))
    indent(document)
    write_text(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(document, encoding="unicode") + "\n")
    return ()


def _write_sensor(parent: Element, camera: Camera, number_: str, name: str) -> None:
    fisheye = camera.distortion.model == "kannala_brandt"
    sensor = SubElement(parent, "sensor", id=number_, label=name, type="fisheye" if fisheye else "frame")
    size = {"width": str(camera.width), "height": str(camera.height)}
    SubElement(sensor, "resolution", size)
    calibration = SubElement(sensor, "calibration", {"type": sensor.get("type", "frame"), "class": "adjusted"})
    SubElement(calibration, "resolution", size)
    lens: Any = camera.distortion
    values = {
        "f": camera.K[1, 1],
        "cx": camera.K[0, 2] + _HALF - 0.5 * camera.width,
        "cy": camera.K[1, 2] + _HALF - 0.5 * camera.height,
        "b1": camera.K[0, 0] - camera.K[1, 1],
        "b2": camera.K[0, 1],
    }
    if fisheye:
        values |= dict(zip(("k1", "k2", "k3", "k4"), lens.coefficients, strict=True))
    elif isinstance(lens, BrownConrady):
        values |= dict(zip(("k1", "k2", "p2", "p1", "k3"), lens.padded[:5], strict=True))
    for key, value in values.items():
        SubElement(calibration, key).text = exact(value)


FORMAT = Format(
    name="metashape",
    title="Metashape camera XML",
    layout=picture_layout.METASHAPE,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
)
