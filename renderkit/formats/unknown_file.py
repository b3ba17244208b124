"""What a file is that no format reads, as far as it shows, and how its cameras are brought in: for the refusal.

A layout that is known, and not read, is one line of `_KEY_MARKS`, `_TEXT_MARKS`, `_XML_ROOTS` or `_FOLDERS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from renderkit.errors import DatasetError
from renderkit.formats.names import PICTURE_SUFFIXES
from renderkit.formats.unread_scenes import what_scene_it_is
from renderkit.untrusted.content import Content, Untrusted
from renderkit.wording import counted

PLAIN_FORM: Final = (
    'Any rig can be given as JSON {"CAMERA": {"K": 3x3, "R": 3x3, "t": 3, "dist": [...], "width": w, "height": h}}, '
    "R and t world-to-camera with OpenCV axes"
)
_BINARY_MARKS: Final = (
    (b"PK\x03\x04", "a zip archive, or an .npz without arrays of intrinsics and poses under usual names; unpack it"),
    (b"\x1f\x8b", "compressed by gzip; unpack it (gunzip)"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"PXR-USDC", "a USD scene; export its cameras from the program that wrote it"),
    (b"Kaydara FBX", "an FBX scene; export its cameras from the program that wrote it"),
    (b"BLENDER", "a Blender scene; export its cameras, as transforms.json for example"),
    (b"\x89HDF", "an HDF5 file of another layout"),
    (b"\x80", "a Python pickle; write its cameras as JSON or .npz (numpy.savez)"),
)
_TEXT_MARKS: Final = (
    ("#usda", "a USD scene; export its cameras from the program that wrote it"),
    ("fileName imageWidth imageHeight", "Pix4D's calibrated_camera_parameters.txt; export bundle.out or COLMAP"),
    ("# ground truth trajectory", "a trajectory of the TUM benchmark: poses without intrinsics"),
    ("#timestamp", "a trajectory: poses without intrinsics"),
    ("https://www.youtube.com", "RealEstate10K's poses of one video, without the size of its pictures"),
)
_KEY_MARKS: Final = (
    (
        {"campos", "camrot", "focal", "princpt"},
        "InterHand2.6M's cameras by column; write K of focal and princpt, R = camrot, t = -camrot campos by camera",
    ),
    (
        {"T_imu_cam", "intrinsics", "resolution"},
        "Basalt's calibration; write each camera's K, and its pose as a 4x4 matrix T_world_cam",
    ),
    (
        {"R", "T", "focal_length", "principal_point"},
        "PyTorch3D's cameras, whose axes are left, up, forward and whose R acts on rows; convert them by "
        "pytorch3d.utils.opencv_from_cameras_projection",
    ),
    ({"t_00", "t_01", "t_23"}, "a pose of Polycam; convert the folder to transforms.json by ns-process-data polycam"),
    ({"poses", "K", "w", "h"}, "Record3D's metadata; convert it to transforms.json by ns-process-data record3d"),
    (
        {"w2c", "k", "fn", "cam_id"},
        "Dynamic 3D Gaussians' train_meta.json, whose cameras are listed by time; write those of one time",
    ),
    (
        {"matrix_world", "lens"},
        "a dump of Blender's cameras; export transforms.json, in which the sensor and its fit are resolved",
    ),
    ({"orientation", "radial_distortion", "res_w"}, "Human3.6M's cameras with quaternions; write R as a 3x3 matrix"),
    (
        {"projection_type", "orientation", "position"},
        "the models.json of light field videos; write each camera's R and t",
    ),
    (
        {"projection_parameters", "model_type"},
        "a lens of camodocal or VINS; write fx, fy, cx, cy, k1, k2, p1, p2, width and height at the top level",
    ),
)
_XML_ROOTS: Final = {
    "BlocksExchange": "a BlocksExchange file (ContextCapture); export the cameras as Metashape XML or as COLMAP",
    "MeshLabProject": "a MeshLab project; export its cameras as Bundler's bundle.out",
    "MeshLabDocument": "a MeshLab project; export its cameras as Bundler's bundle.out",
    "calibration": "a lens of Metashape without poses; export the cameras as XML (File, Export, Export Cameras)",
    "ExportAPERO": "an orientation of MicMac; convert it to COLMAP",
}
_FOLDERS: Final = (
    (("intrinsics", "pose"), "NeRF++, NSVF or ScanNet have folders such as these"),
    (("intrinsics.txt", "pose"), "NSVF has folders such as this"),
    (("intrinsic", "pose"), "ScanNet has folders such as this"),
    (("intrinsic.txt", "extrinsic.txt"), "HUMBI has files such as these"),
)
_PARTS: Final = (
    ("cameras.txt", "images.txt"), ("cameras.bin", "images.bin"), ("intri.yml", "extri.yml"),
)  # fmt: skip
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")
_SHOWN, _DEPTH = 8, 3


def what_it_is(content: Content) -> str:
    """Return a sentence on what is at a path that no format knows, and on the way in."""
    found = _folder(content) if content.is_folder else _file(content)
    return f"{found}. {PLAIN_FORM}"


def _folder(content: Content) -> str:
    names = sorted(one.name for one in content.path.iterdir())[:10_000]
    for parts in _PARTS:
        there = [name for name in parts if name in names]
        if len(there) == 1:
            return (
                f"{there[0]} is there without {next(name for name in parts if name not in there)}, which belongs to it"
            )
    for inside, what in _FOLDERS:
        if set(inside) <= set(names):
            return f"it holds {' and '.join(inside)}; {what}, which are not read"
    if not names:
        return "the folder is empty"
    pictures = [name for name in names if name.lower().endswith(PICTURE_SUFFIXES)]
    if len(pictures) == len(names):
        return f"the folder holds {counted(len(pictures), 'picture')} and no camera file"
    return f"the folder holds {_listed(names)}"


def _file(content: Content) -> str:
    head, scene = content.head, what_scene_it_is(content.path.suffix.lower())
    if scene is not None:
        return scene
    if not head.strip():
        return "the file is empty"
    mark = next((what for start, what in _BINARY_MARKS if head.startswith(start)), None)
    if mark is not None:
        return f"it is {mark}"
    try:
        text = head.decode("utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", errors="strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "it is a binary file of no known kind"
        text = head.decode("utf-8", errors="ignore")
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "it is UTF-16 text; save it as UTF-8"
    return _text(content, text.strip())


def _text(content: Content, text: str) -> str:
    mark = next((what for start, what in _TEXT_MARKS if text.startswith(start)), None)
    if mark is not None:
        return f"it is {mark}"
    if text.startswith("<"):
        return _xml(text)
    suffix = content.path.suffix.lower()
    is_json = text[:1] in {"{", "["}
    if is_json or suffix in {".yaml", ".yml"}:
        try:
            return _values(content.json, "JSON") if is_json else _values(content.yaml, "YAML")
        except DatasetError as error:
            return error.why
    return f"not a JSON file: it begins with {text[:20]!r}" if suffix == ".json" else _numbers(text)


def _xml(text: str) -> str:
    if text[:200].lower().startswith(("<!doctype html", "<html")):
        return "it is a web page (HTML): the download failed, or asked for a login"
    roots = [root for root in _ROOT.findall(text) if not root.lower().startswith("xml")]
    known = next((what for root, what in _XML_ROOTS.items() if root in roots[:2]), None)
    return f"it is {known}" if known else f"it is XML with the root <{roots[0] if roots else '?'}>"


def _numbers(text: str) -> str:
    lines = [line.split() for line in text.splitlines()[:-1] or text.splitlines()]
    counts = {len(words) for words in lines if words and not words[0].startswith("#")}
    try:
        [float(word) for words in lines if not (words and words[0].startswith("#")) for word in words]
    except ValueError:
        return f"it is text that begins with {text.splitlines()[0][:40]!r}"
    if counts in ({12}, {16}):
        return "it is a list of poses (12 or 16 numbers a line) without intrinsics; a rig needs both"
    if counts == {8}:
        return "it is a trajectory (time, position, quaternion) without intrinsics; a rig needs both"
    return f"it is text with {', '.join(map(str, sorted(counts)[:4]))} numbers a line"


def _values(value: Untrusted, kind: str) -> str:
    for inside in _levels(value):
        keys = inside.keys() if isinstance(inside, Mapping) else ()
        mark = next((what for marks, what in _KEY_MARKS if marks <= set(keys)), None)
        if mark is not None:
            return f"it looks like {mark}"
    if isinstance(value, Mapping) and value:
        first = next((one for one in value.values() if isinstance(one, Mapping) and one), None)
        inner = f", of which the first object has {_listed(list(first))}" if first else ""
        return f"it is {kind} with the keys {_listed(list(value))}{inner}"
    if isinstance(value, list) and value:
        inner = f" with the keys {_listed(list(value[0]))}" if isinstance(value[0], Mapping) else ""
        return f"it is {kind}, a list of {counted(len(value), 'entry', 'entries')}{inner}"
    return f"it is {kind} that holds nothing" if not value else f"it is {kind} with a single value"


def _levels(value: Untrusted) -> list[Untrusted]:
    """Return a value, its first entry, and the first entry of that."""
    found = [value]
    for _ in range(_DEPTH - 1):
        inside = found[-1]
        values = list(inside.values()) if isinstance(inside, Mapping) else inside
        found.append(next(iter(values), None) if isinstance(values, list) else None)
    return found


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(str(name)[:40])[1:-1] for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
