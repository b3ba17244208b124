"""Metashape's sensors: the lens and the place in a rig.

u = w / 2 + cx + x' f + x' b1 + y' b2, v = h / 2 + cy + y' f, with x' = x (1 + k1 r^2 + k2 r^4 + k3 r^6 + k4 r^8)
+ p1 (r^2 + 2 x^2) + 2 p2 x y: p1 and p2 are swapped against OpenCV. Source: Agisoft Metashape Professional manual,
appendix "Camera models"; there the centre of the top-left pixel is (0.5, 0.5). Fisheye sensors (called
equidistant_fisheye since Metashape 2) use theta for r, which without p1, p2 is Kannala-Brandt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, UnsupportedLensError, intrinsics
from renderkit.formats.metashape_xml import values_of
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.untrusted.content import exact, number, size_at

SENSOR_READ = {"id", "type", "master_id", "resolution", "calibration", "rotation", "location"}
SENSOR_HARMLESS = {
    "property", "bands", "data_type", "covariance", "black_level", "sensitivity", "vignetting", "meta", "reference",
    "rotation_covariance", "location_covariance", "fixed", "fixed_location", "fixed_rotation", "layer_index", "planes",
    "photo_params", "normalize_sensitivity", "film_camera",
}  # fmt: skip

_HALF = 0.5
_FISHEYE = {"fisheye", "equidistant_fisheye"}
_NUMBERS = ("f", "cx", "cy", "b1", "b2", "k1", "k2", "k3", "k4", "p1", "p2", "p3", "p4")
_IDENTITY = np.eye(4)[:3]


@dataclass(frozen=True, eq=False)
class Sensor:
    """One sensor.

    Attributes:
        lens: A camera of this sensor without name and pose.
        master_from_sensor: (3, 4) pose in the rig, which takes points of this sensor's frame to the master's.
    """

    lens: RawCamera
    master_from_sensor: FloatArray


def read_sensor(sensor: Element, path: Path, key: str) -> Sensor:
    """Read a sensor with its adjusted calibration, or the initial one where it has no other.

    Raises:
        UnsupportedLensError: If its projection is none of ours, with the formula or the term in the way.
        DatasetError: If an entry is missing or malformed.
    """
    kind = sensor.get("type", "frame")
    if kind == "equisolid_fisheye":
        why = "sensor type 'equisolid_fisheye' has r = 2 sin(theta / 2); only r = theta is supported"
        raise UnsupportedLensError(path, key, f"{why} (equidistant_fisheye)")
    if kind not in {"frame", *_FISHEYE}:
        expected = "frame, fisheye or equidistant_fisheye"
        raise UnsupportedLensError(path, key, f"sensor type {kind!r} is not supported; expected {expected}")
    calibrations = sensor.findall("calibration")
    adjusted = [one for one in calibrations if one.get("class") == "adjusted"] or calibrations
    if not adjusted:
        raise DatasetError(path, key, "the sensor has no <calibration>")
    return Sensor(_lens(adjusted[0], sensor, kind in _FISHEYE, path, key), _place_in_rig(sensor, path, key))


def _lens(calibration: Element, sensor: Element, is_fisheye: bool, path: Path, key: str) -> RawCamera:
    box = calibration.find("resolution") if calibration.find("resolution") is not None else sensor.find("resolution")
    if box is None:
        raise DatasetError(path, key, "the sensor has no <resolution>")
    size = size_at(box.get("width"), box.get("height"), path, f"{key}, resolution")
    texts = {child.tag: child.text for child in calibration}
    if "f" not in texts:
        raise DatasetError(
            path, f"{key}, f", "the focal length is missing; files of PhotoScan before 1.2 have other terms"
        )
    value = {name: number(texts.get(name) or 0.0, path, f"{key}, {name}") for name in _NUMBERS}
    _require_place(value, texts, is_fisheye, path, key)
    K = intrinsics(
        value["f"] + value["b1"],
        value["f"],
        0.5 * size[0] + value["cx"] - _HALF,
        0.5 * size[1] + value["cy"] - _HALF,
        value["b2"],
    )
    terms = ("k1", "k2", "k3", "k4") if is_fisheye else ("k1", "k2", "p2", "p1", "k3")
    return RawCamera(
        name="",
        K=K,
        pose=_IDENTITY,
        direction="world_from_cam",
        coefficients=tuple(value[term] for term in terms),
        model="kannala_brandt" if is_fisheye else "brown_conrady",
        size=size,
    )


def _require_place(
    value: dict[str, float], texts: dict[str, str | None], is_fisheye: bool, path: Path, key: str
) -> None:
    """Refuse terms that OpenCV's models do not have, and terms that are not known."""
    blocking = ["p3", "p4", *(["p1", "p2"] if is_fisheye else ["k4"])]
    found = {name: value[name] for name in blocking if value[name] != 0.0}
    for name in texts.keys() - {*_NUMBERS, "resolution"}:
        try:
            found |= {name: number(texts[name], path, key)} if texts[name] and number(texts[name], path, key) else {}
        except DatasetError:
            continue  # a word or a date, no term of the lens
    if found:
        what = ", ".join(f"{name} = {one:g}" for name, one in sorted(found.items()))
        kind = "fisheye" if is_fisheye else "frame"
        why = f"{what} of a {kind} sensor has no counterpart in OpenCV's models; optimise without it"
        raise UnsupportedLensError(path, key, why)


def _place_in_rig(sensor: Element, path: Path, key: str) -> FloatArray:
    if sensor.get("master_id") is None:
        return _IDENTITY
    rotation, location = np.eye(3), np.zeros(3)
    if sensor.find("rotation") is not None:
        rotation = values_of(sensor, "rotation", 9, path, key).reshape(3, 3)
    if sensor.find("location") is not None:
        location = values_of(sensor, "location", 3, path, key)
    return np.column_stack([rotation, location])


def write_sensor(parent: Element, camera: Camera, number_: str, name: str) -> None:
    """Write the sensor of one camera."""
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
