"""Metashape camera XML: camera-to-world, OpenCV axes; cx, cy from the image's centre, pixel (0, 0) at the corner.

The lens is in `metashape_sensor`. A camera's transform is in the frame of its component (Metashape 1.5 and later) or of
the chunk, whose own transform takes it to the world: x_world = scale * R x + t. In a rig, a slave camera (master_id)
has no transform: its pose is its master camera's times its sensor's rotation and location, from slave to master.
Source: Agisoft Metashape Professional manual and Python reference (Sensor, Camera, Component).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.metashape_sensor import SENSOR_HARMLESS, SENSOR_READ, Sensor, read_sensor, write_sensor
from renderkit.formats.metashape_xml import stated, values_of
from renderkit.formats.names import names_from_pictures
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rig import Rig, Unit
from renderkit.untrusted.content import Content, exact, flag_at
from renderkit.untrusted.xml_text import parse_xml
from renderkit.wording import counted, list_names
from renderkit.writing import write_text

_LIMITS = Expressible(brown_conrady=5, kannala_brandt=True, fold_over=False)
_CHUNK_READ = {"sensors", "components", "cameras", "transform"}
_CHUNK_HARMLESS = {
    "enabled", "version", "next_id", "reference", "region", "settings", "markers", "scalebars", "meta", "frames",
    "masks", "depth_maps_sets", "thumbnails", "camera_groups", "camera_track", "images", "layers",
}  # fmt: skip
_CAMERA_READ = {"id", "sensor_id", "component_id", "master_id", "enabled", "transform"}
_CAMERA_HARMLESS = {
    "orientation", "reference", "rotation_covariance", "location_covariance", "layer_index", "meta", "frames", "photo",
    "used", "group_id",
}  # fmt: skip
"""`orientation` is the picture's EXIF tag; Metashape's cameras are of the picture as it is stored."""


@dataclass(frozen=True, eq=False)
class _Placement:
    """The transform of a chunk or component: x_world = scale * rotation x + translation."""

    rotation: FloatArray
    translation: FloatArray
    scale: float
    unit: Unit


_NO_PLACEMENT = _Placement(np.eye(3), np.zeros(3), 1.0, "unknown")


def matches(content: Content) -> bool:
    """Return True for XML whose root is <document> with a <chunk> or <sensors>."""
    head = content.head.lstrip()
    return head.startswith(b"<") and b"<document" in head and (b"<chunk" in head or b"<sensors" in head)


def read(content: Content) -> RawRig:
    """Read a camera export: its enabled and aligned cameras, in the world of their component or chunk."""
    path = content.path
    root = parse_xml(path, content.data)
    chunks = root.findall("chunk")
    chunk = chunks[0] if chunks else root
    sensors = _sensors(chunk, path)
    every = list(chunk.iter("camera"))
    enabled = [flag_at(camera.get("enabled", "1"), path, f"camera {camera.get('label')}, enabled") for camera in every]
    by_id = {camera.get("id"): camera for camera in every}
    aligned = {camera: pose for camera in every if (pose := _local_pose(camera, by_id, path)) is not None}
    used = [camera for camera, is_on in zip(every, enabled, strict=True) if is_on and camera in aligned]
    placements = _placements(chunk, path)
    lenses = _read_sensors(sensors, used, path)
    cameras: list[RawCamera] = []
    failed: dict[str, DatasetError] = {}
    names = names_from_pictures(_labels(used, chunk))
    for name, camera in zip(names, used, strict=True):
        sensor = lenses[str(camera.get("sensor_id"))]
        if isinstance(sensor, DatasetError):
            failed[name] = sensor
        else:
            cameras.append(_placed(name, sensor, aligned[camera], placements[_component(camera, placements)]))
    unit = {placement.unit for placement in placements.values()}
    notes = (
        *_left_out(every, enabled, aligned),
        *_notes_on_worlds(used, placements, chunk),
        *_unread(chunks, chunk, list(sensors.values()), every),
    )
    return RawRig(
        tuple(cameras), path, unit.pop() if len(unit) == 1 else "unknown", notes=notes, failed=failed, order=names
    )


def _label(camera: Element) -> str:
    return str(camera.get("label"))


def _sensors(chunk: Element, path: Path) -> dict[str, Element]:
    """Return the sensors by id.

    Raises:
        DatasetError: If two have one id.
    """
    sensors: dict[str, Element] = {}
    for sensor in chunk.iter("sensor"):
        identity = str(sensor.get("id"))
        if identity in sensors:
            raise DatasetError(path, f"sensor {identity}", "two sensors have this id")
        sensors[identity] = sensor
    return sensors


def _labels(cameras: Sequence[Element], chunk: Element) -> list[str]:
    """Return the cameras' labels; where some repeat, as in a folder for each camera, behind that of their group."""
    labels = [_label(camera) for camera in cameras]
    groups = {camera: _label(group) for group in chunk.iter("group") for camera in group.iter("camera")}
    if len(set(labels)) == len(labels) or not groups:
        return labels
    return [f"{groups[one]}/{label}" if one in groups else label for one, label in zip(cameras, labels, strict=True)]


def _local_pose(camera: Element, by_id: Mapping[str | None, Element], path: Path) -> FloatArray | None:
    """Return (3, 4) of the camera's own transform, or its master's; None where there is none."""
    master = camera.get("master_id")
    source = camera if master is None or camera.find("transform") is not None else by_id.get(master)
    if source is None or source.find("transform") is None:
        return None
    where = f"camera {_label(source)}"
    return extrinsics_at(values_of(source, "transform", 16, path, where), path, f"{where}.transform")


def _read_sensors(
    sensors: Mapping[str, Element], used: Sequence[Element], path: Path
) -> dict[str, Sensor | DatasetError]:
    """Read the sensors that cameras use, each once; one that cannot be read fails for its own cameras."""
    known: dict[str, Sensor | DatasetError] = {}
    for camera in used:
        sensor_id = str(camera.get("sensor_id"))
        if sensor_id in known:
            continue
        if sensor_id not in sensors:
            raise DatasetError(path, f"camera {_label(camera)}", f"its sensor {sensor_id!r} is not in the file")
        try:
            known[sensor_id] = read_sensor(sensors[sensor_id], path, f"sensor {sensor_id}")
        except DatasetError as error:
            known[sensor_id] = error
    return known


def _placed(name: str, sensor: Sensor, pose: FloatArray, world: _Placement) -> RawCamera:
    in_rig = sensor.master_from_sensor
    # What overflows becomes NaN, and is refused with the camera's name.
    with np.errstate(over="ignore", invalid="ignore"):
        rotation, center = pose[:, :3] @ in_rig[:, :3], pose[:, :3] @ in_rig[:, 3] + pose[:, 3]
        placed = world.rotation @ np.column_stack([rotation, world.scale * center])
        placed[:, 3] += world.translation
    return replace(sensor.lens, name=name, pose=placed)


def _placements(chunk: Element, path: Path) -> dict[str | None, _Placement]:
    """Return the transforms by component id; that of the chunk, which older files have, under None."""
    of_chunk = _placement(chunk.find("transform"), path, "chunk transform")
    components = chunk.find("components")
    placements: dict[str | None, _Placement] = {None: of_chunk}
    for component in [] if components is None else components.findall("component"):
        own = component.find("transform")
        key = f"component {component.get('id')}, transform"
        placements[component.get("id")] = of_chunk if own is None else _placement(own, path, key)
    active = None if components is None else components.get("active_id")
    # Cameras without a component are those of the active one.
    fallback = active if active in placements else next((one for one in placements if one is not None), None)
    return placements | {None: placements[fallback]}


def _placement(transform: Element | None, path: Path, key: str) -> _Placement:
    if transform is None:
        return _NO_PLACEMENT
    rotation, translation, scale = np.eye(3), np.zeros(3), 1.0
    if transform.find("rotation") is not None:
        rotation = values_of(transform, "rotation", 9, path, key).reshape(3, 3)
    if transform.find("translation") is not None:
        translation = values_of(transform, "translation", 3, path, key)
    if transform.find("scale") is not None:
        scale = float(values_of(transform, "scale", 1, path, key)[0])
    # A scaled chunk is in metres.
    return _Placement(rotation, translation, scale, "m")


def _component(camera: Element, placements: Mapping[str | None, _Placement]) -> str | None:
    component = camera.get("component_id")
    return component if component in placements else None


def _left_out(every: Sequence[Element], enabled: Sequence[bool], aligned: Mapping[Element, FloatArray]) -> list[str]:
    off = [_label(camera) for camera, is_on in zip(every, enabled, strict=True) if not is_on]
    lost = [_label(camera) for camera, is_on in zip(every, enabled, strict=True) if is_on and camera not in aligned]
    notes = [f"disabled in Metashape, left out: {list_names(off)}"] if off else []
    return notes + ([f"not aligned, left out: {list_names(lost)}"] if lost else [])


def _notes_on_worlds(used: Sequence[Element], placements: Mapping[str | None, _Placement], chunk: Element) -> list[str]:
    own = {component: placements[component] for component in {_component(camera, placements) for camera in used}}
    unplaced = sum(placement is _NO_PLACEMENT for placement in own.values())
    if len(own) > 1 and unplaced:
        return [
            f"{counted(len(own), 'component')}, {unplaced} without a transform: their cameras do not share one world"
        ]
    asked = {camera.get("component_id") for camera in used} - {None, *placements}
    if asked and chunk.find("components") is not None:
        return [f"component {list_names(sorted(map(str, asked)))} is not in the file; the active one is used"]
    return []


def _unread(
    chunks: Sequence[Element], chunk: Element, sensors: Sequence[Element], cameras: Sequence[Element]
) -> list[str]:
    several = [f"{len(chunks)} chunks: only the first is read"] if len(chunks) > 1 else []
    return [
        *several,
        *unread_notes([stated(chunk)], _CHUNK_READ, _CHUNK_HARMLESS, per=None),
        *unread_notes(map(stated, sensors), SENSOR_READ, SENSOR_HARMLESS, per="sensor"),
        *unread_notes(map(stated, cameras), _CAMERA_READ, _CAMERA_HARMLESS),
    ]


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write a camera export with one sensor per camera."""
    document = Element("document", version="1.2.0")
    chunk = SubElement(document, "chunk", label="renderkit", enabled="true")
    sensors, cameras = SubElement(chunk, "sensors"), SubElement(chunk, "cameras")
    for number_, (name, camera) in enumerate(rig.cameras.items()):
        write_sensor(sensors, camera, str(number_), name)
        entry = SubElement(cameras, "camera", id=str(number_), sensor_id=str(number_), label=name)
        matrix = camera.cam_from_world.inverse().matrix
        SubElement(entry, "transform").text = " ".join(map(exact, matrix.ravel()))
    indent(document)
    write_text(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(document, encoding="unicode") + "\n")
    return ()


FORMAT = Format(
    name="metashape",
    title="Metashape camera XML",
    layout=picture_layout.METASHAPE,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
)
