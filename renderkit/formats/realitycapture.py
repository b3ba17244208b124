"""RealityCapture / RealityScan: XMP sidecars, and the CSV export "Internal/External camera parameters".

XMP: Rotation (row by row) is world-to-camera, Position the camera's centre, OpenCV axes. CSV: x, y, alt the centre;
heading, pitch, roll in degrees make the camera-to-world rotation Rz(-heading) Rx(pitch) Ry(roll) of a camera with x
right, y UP, z BACKWARD. Both state the lens relative to the picture: with s = max(w, h), f = s focal35mm / 36, and the
principal point counts from (w / 2, h / 2) where pixel (0, 0) is the CORNER of the image, in units of s (XMP) or s / 36
(CSV). The coefficients are k1 k2 k3 k4 t1 t2. Sources: "RealityCapture XMP Camera Math" (Capturing Reality's knowledge
base); nerfstudio, process_data/realitycapture_utils.py for the angles. t1, t2 are read as OpenCV's p1, p2, as other
importers do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import UNKNOWN_K, RawCamera, RawRig, intrinsics, pose_from_center, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.names import names_from_pictures
from renderkit.formats.unread import unread_notes
from renderkit.geometry.conventions import CORNER_PIXEL_ORIGIN
from renderkit.untrusted.content import Content, field, number, numbers
from renderkit.untrusted.csv_text import csv_rows
from renderkit.untrusted.xml_text import parse_xml

_XCR = "{http://www.capturingreality.com/ns/xcr/1.1#}"
_FILM_MM = 36.0
_LENSES = {"", "perspective", "none", "brown3", "brown4", "brown3t2", "brown4t2", "brownt2", "kbrown3t2", "kbrown4t2"}
_READ = {
    "Rotation", "Position", "FocalLength35mm", "Skew", "AspectRatio", "PrincipalPointU", "PrincipalPointV",
    "DistortionModel", "DistortionCoeficients",
}  # fmt: skip
_HARMLESS = {
    "Version", "PosePrior", "Coordinates", "CalibrationPrior", "CalibrationGroup", "DistortionGroup", "InTexturing",
    "InMeshing", "InColoring", "InAlignment",
}  # fmt: skip
_COLUMNS = ("x", "y", "alt", "heading", "pitch", "roll", "f")
_OPTIONAL = ("px", "py", "k1", "k2", "k3", "k4", "t1", "t2")


def _matches_xmp(content: Content) -> bool:
    if content.is_folder:
        return any(b"xcr:" in Content(one).head for one in sorted(content.path.glob("*.xmp"))[:3])
    head = content.head.lstrip()
    return head.startswith(b"<") and b"capturingreality.com/ns/xcr" in head


def _read_xmp(content: Content) -> RawRig:
    """Read one sidecar, or all of a folder."""
    path = content.path
    files = [Content(one) for one in sorted(path.glob("*.xmp"))] if content.is_folder else [content]
    entries = {file.path.stem: (file.path, _xcr_values(file)) for file in files}
    kept = {name: (one, values) for name, (one, values) in entries.items() if {"Rotation", "Position"} <= values.keys()}
    if not kept:
        why = "no pose (xcr:Rotation, xcr:Position): export XMP with exact or locked camera poses"
        raise DatasetError(path, "xcr:Rotation", why)
    cameras = tuple(_read_sidecar(name, values, one) for name, (one, values) in kept.items())
    notes = unread_notes([values for _, values in kept.values()], _READ, _HARMLESS)
    if len(kept) < len(entries):
        notes = (f"left out, as they have no pose: {len(entries) - len(kept)} of {len(entries)} sidecars", *notes)
    return RawRig(cameras, path, "unknown", notes=notes)


def _xcr_values(content: Content) -> dict[str, str]:
    """Return RealityCapture's values by name: it writes them as attributes or as elements."""
    values: dict[str, str] = {}
    for node in parse_xml(content.path, content.data).iter():
        values |= {key.removeprefix(_XCR): text for key, text in node.attrib.items() if key.startswith(_XCR)}
        if node.tag.startswith(_XCR) and (node.text or "").strip():
            values[node.tag.removeprefix(_XCR)] = (node.text or "").strip()
    return values


def _read_sidecar(name: str, values: Mapping[str, str], path: Path) -> RawCamera:
    rotation = numbers(values["Rotation"].split(), [(9,)], path, "xcr:Rotation").reshape(3, 3)
    position = numbers(values["Position"].split(), [(3,)], path, "xcr:Position")
    focal = number(field(values, "FocalLength35mm", path, "xcr:"), path, "xcr:FocalLength35mm") / _FILM_MM
    aspect, skew, u, v = (
        number(values.get(key, default), path, f"xcr:{key}")
        for key, default in (("AspectRatio", 1.0), ("Skew", 0.0), ("PrincipalPointU", 0.0), ("PrincipalPointV", 0.0))
    )
    given = numbers(values.get("DistortionCoeficients", "").split(), [(None,)], path, "xcr:DistortionCoeficients")
    lens = _lens(values.get("DistortionModel", ""), given, path, name)
    pose = pose_from_center(rotation, position)
    scaled = _scaled(np.array([focal, focal * aspect, skew]), u, v)
    return RawCamera(name, UNKNOWN_K, pose, coefficients=lens, K_from_size=scaled)


def _scaled(relative: FloatArray, u: float, v: float) -> Callable[[tuple[int, int]], FloatArray]:
    """Return K for an image size, of (fx, fy, skew) and the principal point in units of the larger side."""

    def build(size: tuple[int, int]) -> FloatArray:
        width, height = size
        scale = max(size)
        fx, fy, skew = (scale * relative).tolist()
        cx = scale * u + 0.5 * width - CORNER_PIXEL_ORIGIN
        cy = scale * v + 0.5 * height - CORNER_PIXEL_ORIGIN
        return intrinsics(fx, fy, cx, cy, skew)

    return build


def _lens(kind: str, given: FloatArray, path: Path, name: str) -> tuple[float, ...]:
    """Return OpenCV's coefficients of k1 k2 k3 k4 t1 t2."""
    if not given.any():
        return ()
    if kind.lower() not in _LENSES:
        why = f"distortion model {kind!r} has no counterpart in OpenCV's models; align with Brown3 (with tangential2)"
        raise CalibrationError(path, f"{name}.xcr:DistortionModel", why)
    k1, k2, k3, k4, t1, t2 = numbers([*given.tolist(), *[0.0] * (6 - given.size)], [(6,)], path, f"{name}.distortion")
    if k4:
        why = f"k4 = {k4:g} multiplies r^8, which OpenCV's models do not have; align with Brown3"
        raise CalibrationError(path, f"{name}.k4", why)
    return float(k1), float(k2), float(t1), float(t2), float(k3)


def _matches_csv(content: Content) -> bool:
    return _header(content.head.decode("utf-8", errors="replace"))[:1] == ["#name"]


def _header(text: str) -> list[str]:
    lines = (line for line in text.lstrip("\ufeff").splitlines() if not line.startswith("#cameras"))
    return [word.strip().lower() for word in next(lines, "").split(",")]


def _read_csv(content: Content) -> RawRig:
    """Read the export; other exports of the same program lack the lens or the rotation, and are refused."""
    path, header = content.path, _header(content.text)
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        why = f"the columns {', '.join(missing)} are missing; export 'Internal/External camera parameters'"
        raise DatasetError(path, "line 1", f"RealityCapture's CSV is recognised, but {why}")
    rows = [row for row in csv_rows(path, content.text) if row and not row[0].startswith("#")]
    if not rows:
        raise DatasetError(path, None, "the file has no camera")
    names = names_from_pictures([row[0].strip() for row in rows])
    cameras = tuple(_read_row(name, header, row, path) for name, row in zip(names, rows, strict=True))
    known = {"#name", *_COLUMNS, *_OPTIONAL}
    notes = unread_notes([dict.fromkeys((key for key in header if key), "column")], known, per=None)
    return RawRig(cameras, path, "unknown", notes=notes)


def _read_row(name: str, header: list[str], row: list[str], path: Path) -> RawCamera:
    if len(row) != len(header):
        raise DatasetError(path, name, f"expected {len(header)} values, found {len(row)}")
    words = dict(zip(header, row, strict=True))
    value = {key: number(words.get(key, "0"), path, f"{name}.{key}") for key in (*_COLUMNS, *_OPTIONAL)}
    rotation = _turn("z", -value["heading"]) @ _turn("x", value["pitch"]) @ _turn("y", value["roll"])
    pose = pose_matrix(rotation, np.array([value["x"], value["y"], value["alt"]]))
    lens = _lens("brown4t2", np.array([value[key] for key in _OPTIONAL[2:]]), path, name)
    focal = value["f"] / _FILM_MM
    scaled = _scaled(np.array([focal, focal, 0.0]), value["px"] / _FILM_MM, value["py"] / _FILM_MM)
    return RawCamera(name, UNKNOWN_K, pose, "world_from_cam", "opengl", lens, K_from_size=scaled)


def _turn(axis: str, angle_deg: float) -> FloatArray:
    """Return the (3, 3) right-handed rotation about a coordinate axis."""
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    result = np.eye(3)
    result[first, first] = result[second, second] = cosine
    result[first, second], result[second, first] = -sine, sine
    return result


XMP = Format(
    name="realitycapture-xmp",
    title="RealityCapture / RealityScan XMP sidecars",
    matches=_matches_xmp,
    read_cameras=_read_xmp,
)
CSV = Format(
    name="realitycapture-csv",
    title="RealityCapture / RealityScan CSV",
    matches=_matches_csv,
    read_cameras=_read_csv,
)
