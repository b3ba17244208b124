"""Calibrations that OpenCV users save: FileStorage .yml, .xml or .json, and plain YAML, under any usual key.

One camera (camera_matrix, cameraMatrix, K ... and distortion_coefficients, distCoeffs, D ...), a stereo pair (M1 D1 M2
D2 R T and their other spellings) or ORB-SLAM settings (Camera.fx ...). Pixel (0, 0) is the CENTRE of the top-left
pixel. Sources: OpenCV's samples calibration.cpp (fisheye_model, extrinsic_parameters: poses of the board, not of the
camera) and stereo_calib.cpp (intrinsics.yml, extrinsics.yml); stereoCalibrate: x2 = R x1 + T, so the first camera is
the world.
OpenPose's and RICH's files, one per camera in a folder, hold K as Intrinsics and [R | t] as CameraMatrix.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics, pose_matrix
from renderkit.formats.file_storage import MATRIX_TYPES, parse_storage, stored_matrix
from renderkit.formats.format import Format
from renderkit.formats.lens_words import LENS_KEYS, coefficients_key, stated_lens_model
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.no_pose import NO_POSE, no_pose_note, require_no_pose
from renderkit.formats.unread import unread_notes
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.rotation import matrix_from_rotation_vector
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    flag_at,
    mapping_at,
    number,
    size_at,
)

_K = ("camera_matrix", "cameraMatrix", "CameraMatrix", "Camera_Matrix", "camera_Matrix", "K", "M", "mtx", "CameraMat",
      "intrinsic_matrix", "intrinsicMatrix", "intrinsic", "Intrinsic_Matrix")  # fmt: skip
_POSED = {"Intrinsics", "CameraMatrix"}
"""Where both are there, as in OpenPose's and RICH's files, the first is K and the second [R | t]."""

_D = ("distortion_coefficients", "Distortion", "distCoeffs",
      "dist_coeffs", "dist_coeff", "distCoeff", "Distortion_Coefficients",
      "distortion", "dist", "D", "DistCoeff", "distortion_coeffs")  # fmt: skip
_PAIRS = (("1", "2"), ("_1", "_2"), ("L", "R"), ("_left", "_right"), ("Left", "Right"), ("_l", "_r"), ("_L", "_R"))
_R = ("R", "rotation", "rotation_matrix", "rvec", "Rot")
_T = ("T", "t", "translation", "translation_vector", "tvec", "Trans")
_RT = ("RT", "Rt", "extrinsic", "extrinsics", "extrinsic_matrix", "extrinsicMatrix", "w2c", "cam_from_world")
"""[R | t] in one matrix; world-to-camera, as OpenCV has it."""

_WIDTH, _HEIGHT = ("image_width", "imageWidth", "width"), ("image_height", "imageHeight", "height")
_SIZE = ("imageSize", "image_size", "ImageSize", "cameraResolution", "img_size", "size")
_FISHEYE = ("fisheye_model", "fisheye", "isFisheye", "is_fisheye")
_HARMLESS = {
    "calibration_time", "calibrationDate", "nframes", "nr_of_frames", "framesCount", "board_width", "board_height",
    "square_size", "flags", "flagValue", "fix_aspect_ratio", "aspectRatio", "avg_reprojection_error",
    "Avg_Reprojection_Error", "per_view_reprojection_errors", "image_points", "grid_points", "extrinsic_parameters",
    "marker_size", "ReprojectionError", "rms", "reprojection_error", "E", "F", "camera_matrix_std_dev",
    "dist_coeffs_std_dev", "num_marker", "CameraMatrixInitial",
}  # fmt: skip
_ORB = ("Camera.fx", "Camera1.fx")
_YAML_KEY = re.compile(rb"^([A-Za-z_][\w.]*)\s*:", re.MULTILINE)
_NUMBERED = re.compile(r"(\w*[A-Za-z])(_?\d{1,4})")
_MAX_FILES, _SUFFIXES = 10_000, (".xml", ".yml", ".yaml")


@dataclass(frozen=True)
class _Found:
    """What was read of a file: cameras, the keys that were used, and notes."""

    cameras: tuple[RawCamera, ...]
    used: Collection[str]
    notes: tuple[str, ...] = ()


def matches(content: Content) -> bool:
    """Return True for FileStorage's marks, or YAML at whose top level a camera matrix is stated."""
    if content.is_folder:
        return bool(_folder(content))
    head = content.head.lstrip()
    if head.startswith(b"<"):
        return b"<opencv_storage" in head
    if head.startswith(b"{"):
        value = content.json_or_none
        return isinstance(value, Mapping) and _has_cameras(value) and any(_is_matrix(one) for one in value.values())
    keys = {key.decode("ascii") for key in _YAML_KEY.findall(head)}
    if b"!!opencv-" in head or head.startswith(b"%YAML"):
        return _has_cameras(content.yaml)
    return _has_named(keys) and "distortion_model" not in keys


def _folder(content: Content) -> list[Content]:
    """Return the files of a folder that holds one file for each camera, as OpenPose and RICH have it."""
    for suffix in _SUFFIXES:
        files = [Content(one) for one in sorted(content.path.glob(f"*{suffix}"))[:_MAX_FILES] if one.is_file()]
        if files and all(_is_one_camera(one) for one in files):
            return files
    return []


def _is_one_camera(content: Content) -> bool:
    """Return whether a file of FileStorage holds a camera with its pose."""
    if not any(mark in content.head for mark in (b"<opencv_storage", b"!!opencv-matrix")):
        return False
    try:
        top = parse_storage(content)
    except DatasetError:
        return False
    if not isinstance(top, Mapping) or _pair(top) is not None or _numbered(top):
        return False
    return any(key in top for key in (*_K, "Intrinsics")) and (top.keys() >= _POSED or _is_posed(top))


def _is_matrix(value: Untrusted) -> bool:
    return isinstance(value, Mapping) and str(value.get("type_id")) in MATRIX_TYPES


def _has_cameras(top: Untrusted) -> bool:
    return isinstance(top, Mapping) and (bool(_numbered(top)) or _has_named(top))


def _has_named(keys: Collection[str]) -> bool:
    return _pair(keys) is not None or any(key in keys for key in (*_K, *_ORB))


def _pair(top: Collection[str]) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """Return the camera matrices' keys of a stereo pair and the two endings of its keys."""
    for endings in _PAIRS:
        for base in _K:
            first, second = f"{base}{endings[0]}", f"{base}{endings[1]}"
            if first in top and second in top:
                return (first, second), endings
    return None


def _numbered(top: Mapping[str, Untrusted]) -> dict[str, dict[str, str]]:
    """Return the keys of cameras that a number tells apart (K_0, D_0, R_0, T_0, K_1 ...), by its text and their stem.

    Two cameras without poses of their own are a pair; a file with a list of names is EasyMocap's.
    """
    cameras: dict[str, dict[str, str]] = {}
    for key in top:
        found = _NUMBERED.fullmatch(key)
        if found is not None:
            cameras.setdefault(found[2], {})[found[1]] = key
    cameras = {number: keys for number, keys in cameras.items() if any(stem in keys for stem in _K)}
    posed = all(_is_posed(keys) for keys in cameras.values())
    if "names" in top or not (cameras and (posed or len(cameras) > 2)):
        return {}
    return dict(sorted(cameras.items(), key=lambda one: int(one[0].strip("_"))))


def _is_posed(keys: Collection[str]) -> bool:
    halves = any(key in keys for key in _R) and any(key in keys for key in _T)
    return halves or any(key in keys for key in _RT)


def read(content: Content) -> RawRig:
    """Read one camera, cameras told apart by a number, a stereo pair, or a folder with one file for each camera."""
    path = content.path
    if content.is_folder:
        each = [read(one) for one in _folder(content)]
        notes = tuple(dict.fromkeys(note for one in each for note in one.notes))
        return RawRig(tuple(camera for one in each for camera in one.cameras), path, "unknown", notes=notes)
    top = mapping_at(parse_storage(content), path, None)
    pair, numbered = _pair(top), _numbered(top)
    if numbered:
        found = _read_numbered(top, numbered, path)
    elif pair is not None:
        found = _read_pair(top, pair, path)
    elif any(key in top for key in _ORB):
        found = _read_orb(top, path)
    else:
        found = _read_single(top, path)
    notes = (*found.notes, *unread_notes([top], found.used, _HARMLESS, per=None))
    return RawRig(found.cameras, path, "unknown", notes=notes)


def _first(top: Mapping[str, Untrusted], keys: Collection[str], used: set[str]) -> str | None:
    key = next((key for key in keys if top.get(key) is not None), None)
    if key is not None:
        used.add(key)
    return key


def _lens(top: Mapping[str, Untrusted], key: str | None, path: Path) -> tuple[float, ...]:
    if key is None:
        return ()
    return tuple(stored_matrix(top[key], [(None,), (1, None), (None, 1)], path, key).ravel().tolist())


def _model(top: Mapping[str, Untrusted], used: set[str], path: Path) -> ModelName:
    key = _first(top, _FISHEYE, used)
    if key is not None:
        return "kannala_brandt" if flag_at(top[key], path, key) else "brown_conrady"
    for key in LENS_KEYS:
        stated = stated_lens_model(top.get(key), path, key)
        if stated is not None:
            used.add(key)
            return stated
    return "brown_conrady"


def _size(top: Mapping[str, Untrusted], used: set[str], path: Path) -> tuple[int, int] | None:
    key = _first(top, _SIZE, used)
    if key is not None:
        width, height = stored_matrix(top[key], [(2,), (2, 1), (1, 2)], path, key).ravel()
        return size_at(width, height, path, key)
    across, down = _first(top, _WIDTH, used), _first(top, _HEIGHT, used)
    return None if across is None or down is None else size_at(top[across], top[down], path, across)


def _pose(top: Mapping[str, Untrusted], used: set[str], path: Path) -> FloatArray | None:
    whole = _first(top, ("CameraMatrix",) if top.keys() >= _POSED else _RT, used)
    if whole is not None:
        return extrinsics_at(stored_matrix(top[whole], [(3, 4), (4, 4)], path, whole), path, whole)
    halves: set[str] = set()
    rotation_key, translation_key = _first(top, _R, halves), _first(top, _T, halves)
    if rotation_key is None or translation_key is None:
        return None
    used |= halves
    rotation = stored_matrix(top[rotation_key], [(3, 3), (3,), (3, 1), (1, 3)], path, rotation_key)
    if rotation.shape != (3, 3):
        rotation = matrix_from_rotation_vector(rotation.ravel())
    translation = stored_matrix(top[translation_key], [(3,), (3, 1), (1, 3)], path, translation_key)
    return pose_matrix(rotation, translation.ravel())


def _read_numbered(top: Mapping[str, Untrusted], numbered: Mapping[str, Mapping[str, str]], path: Path) -> _Found:
    own = {key for keys in numbered.values() for key in keys.values()}
    shared = {key: value for key, value in top.items() if key not in own}
    cameras: list[RawCamera] = []
    used: set[str] = set()
    for number_, keys in numbered.items():
        if not _is_posed(keys):
            require_no_pose({key: top[key] for key in keys.values()}, path)
        found = _read_single(
            {**shared, **{stem: top[key] for stem, key in keys.items()}}, path, number_.removeprefix("_")
        )
        cameras += found.cameras
        used |= {keys.get(stem, stem) for stem in found.used}
    unposed = sum(camera.pose is NO_POSE for camera in cameras)
    return _Found(tuple(cameras), used, (no_pose_note(unposed),) if unposed else ())


def _read_single(top: Mapping[str, Untrusted], path: Path, name: str = "") -> _Found:
    used: set[str] = set()
    key = _first(top, ("Intrinsics",) if top.keys() >= _POSED else _K, used)
    if key is None:
        raise DatasetError(path, "camera_matrix", f"the intrinsics are missing: expected one of {', '.join(_K)}")
    K = stored_matrix(top[key], [(3, 3)], path, key)
    lens_key = coefficients_key((key for key, value in top.items() if value is not None), _D)
    used |= {lens_key} if lens_key else set()
    lens, pose = _lens(top, lens_key, path), _pose(top, used, path)
    if pose is None:
        require_no_pose({key: value for key, value in top.items() if key not in {*used, *_HARMLESS}}, path)
    size = _size(top, used, path)
    camera = RawCamera(
        name or path.stem,
        K,
        NO_POSE if pose is None else pose,
        coefficients=lens,
        model=_model(top, used, path),
        size=size,
    )
    return _Found((camera,), used, (no_pose_note(1),) if pose is None else ())


def _read_pair(top: Mapping[str, Untrusted], pair: tuple[tuple[str, str], tuple[str, str]], path: Path) -> _Found:
    keys, endings = pair
    used = set(keys)
    outer, beside = top, path.with_name(f"extrinsics{path.suffix}")
    relative = _pose(top, used, path)
    notes: tuple[str, ...] = ()
    if relative is None and beside != path and beside.is_file():
        outer = mapping_at(parse_storage(Content(beside)), beside, None)
        relative = _pose(outer, used, beside)
        notes = (f"R and T are those of {beside.name} beside the file",)
    if relative is None:
        notes = (
            *notes,
            no_pose_note(2, "; stereo_calib.cpp writes R and T into extrinsics.yml: put it beside the file"),
        )
    else:
        notes = (*notes, "the world is the first camera's frame (R and T lead from the first camera to the second)")
    model, size = _model(top, used, path), _size(top, used, path)
    cameras = []
    for key, ending, pose in zip(keys, endings, (NO_POSE, NO_POSE if relative is None else relative), strict=True):
        lens = _lens(top, _first(top, [f"{base}{ending}" for base in _D], used), path)
        K = stored_matrix(top[key], [(3, 3)], path, key)
        name = ending.strip("_").lower() or ending
        cameras.append(RawCamera(name, K, pose, coefficients=lens, model=model, size=size))
    return _Found(tuple(cameras), used, notes)


def _read_orb(top: Mapping[str, Untrusted], path: Path) -> _Found:
    """Read the settings of ORB-SLAM 2 and 3, whose poses are the trajectory that it estimates."""
    start = "Camera1." if "Camera1.fx" in top else "Camera."
    kind = str(top.get("Camera.type", "PinHole"))
    fx, fy, cx, cy = (
        number(field(top, f"{start}{one}", path), path, f"{start}{one}") for one in ("fx", "fy", "cx", "cy")
    )
    fisheye = kind == "KannalaBrandt8"
    names = ("k1", "k2", "k3", "k4") if fisheye else ("k1", "k2", "p1", "p2", "k3")
    lens = tuple(number(top.get(f"{start}{one}", 0.0), path, f"{start}{one}") for one in names)
    size = None
    if "Camera.width" in top:
        size = size_at(top["Camera.width"], field(top, "Camera.height", path), path, "Camera.width")
    used = {f"{start}{one}" for one in ("fx", "fy", "cx", "cy", *names)}
    used |= {"Camera.type", "Camera.width", "Camera.height"} | set(_orb_settings(top))
    model: ModelName = "kannala_brandt" if fisheye else "brown_conrady"
    camera = RawCamera(path.stem, intrinsics(fx, fy, cx, cy), NO_POSE, coefficients=lens, model=model, size=size)
    return _Found((camera,), used, (no_pose_note(1),))


def _orb_settings(top: Mapping[str, Untrusted]) -> Iterator[str]:
    starts = ("ORBextractor.", "Viewer.", "System.", "File.")
    return (key for key in top if key.startswith(starts) or key in {"Camera.fps", "Camera.RGB"})


FORMAT = Format(
    name="opencv-storage",
    title="OpenCV calibration file (.yml, .xml, .json; also stereo)",
    matches=matches,
    read_cameras=read,
)
