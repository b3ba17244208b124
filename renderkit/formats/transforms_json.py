"""transforms.json of nerfstudio and instant-ngp: camera-to-world with OpenGL axes, pixel (0, 0) at the corner.

Source: nerfstudio documentation, "Data conventions"; instant-ngp docs/nerf_dataset_tips.md. nerfstudio reads
k1 k2 p1 p2 k3 (its k4 multiplies r^8, which OpenCV does not have); instant-ngp reads k1 k2 p1 p2. Both read k1 k2 k3 k4
for fisheye cameras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import names_from_pictures, picture_from_name
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import CORNER_PIXEL_ORIGIN, gl_world_from_cam
from renderkit.geometry.distortion import BrownConrady, ModelName
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, field, list_at, mapping_at, number, numbers, size_at, write_json

_NERFSTUDIO = Expressible(brown_conrady=5, kannala_brandt=True, skew=False, fold_over=False, shared_model=True)
_INSTANT_NGP = replace(_NERFSTUDIO, brown_conrady=4)
_PERSPECTIVE = {"SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "PERSPECTIVE"}
_FISHEYE = {"OPENCV_FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE", "FISHEYE"}


def matches(content: Content) -> bool:
    """Return True for JSON with "frames" that hold a transform_matrix, or a folder with transforms.json."""
    value = _inside(content).json_or_none
    if not isinstance(value, Mapping) or not isinstance(value.get("frames"), list):
        return False
    return any(isinstance(frame, Mapping) and "transform_matrix" in frame for frame in value["frames"])


def _inside(content: Content) -> Content:
    return Content(content.path / "transforms.json") if content.has("transforms.json") else content


def read(content: Content) -> RawRig:
    """Read transforms.json; values of a frame overrule those of the file."""
    inside = _inside(content)
    path = inside.path
    top = mapping_at(inside.json, path, None)
    frames = [
        mapping_at(frame, path, f"frames[{index}]")
        for index, frame in enumerate(list_at(field(top, "frames", path), path, "frames"))
    ]
    files = [str(frame.get("file_path", index)) for index, frame in enumerate(frames)]
    shared = {key: value for key, value in top.items() if key != "frames"}
    cameras = tuple(
        _read_frame({**shared, **frame}, name, path, f"frames[{index}].")
        for index, (name, frame) in enumerate(zip(names_from_pictures(files), frames, strict=True))
    )
    return RawRig(cameras, content.path, "unknown")


def _read_frame(values: Mapping[str, Any], name: str, path: Path, where: str) -> RawCamera:
    pose = numbers(field(values, "transform_matrix", path, where), [(4, 4), (3, 4)], path, f"{where}transform_matrix")
    size = None
    if "w" in values or "h" in values:
        size = size_at(field(values, "w", path, where), field(values, "h", path, where), path, f"{where}w")
    fx, fy = _focal_lengths(values, size, path, where)
    if size is None and not {"cx", "cy"} <= values.keys():
        raise DatasetError(path, f"{where}w", "neither the image size (w, h) nor the principal point (cx, cy) is given")
    width, height = size or (0, 0)
    cx = number(values.get("cx", 0.5 * width), path, f"{where}cx") - CORNER_PIXEL_ORIGIN
    cy = number(values.get("cy", 0.5 * height), path, f"{where}cy") - CORNER_PIXEL_ORIGIN
    model, coefficients = _lens(values, path, where)
    return RawCamera(name, intrinsics(fx, fy, cx, cy), pose[:3], "world_from_cam", "opengl", coefficients, model, size)


def _focal_lengths(
    values: Mapping[str, Any], size: tuple[int, int] | None, path: Path, where: str
) -> tuple[float, float]:
    """Return fx, fy in px: fl_x, fl_y, or the angles of view that NeRF's synthetic scenes give."""
    if "fl_x" in values:
        fx = number(values["fl_x"], path, f"{where}fl_x")
        return fx, number(values.get("fl_y", fx), path, f"{where}fl_y")
    if "camera_angle_x" not in values:
        raise DatasetError(path, f"{where}fl_x", "no focal length: expected fl_x or camera_angle_x")
    if size is None:
        raise DatasetError(path, f"{where}w", "camera_angle_x without the image size (w, h) gives no focal length")
    fx = 0.5 * size[0] / float(np.tan(0.5 * number(values["camera_angle_x"], path, f"{where}camera_angle_x")))
    if "camera_angle_y" not in values:
        return fx, fx
    return fx, 0.5 * size[1] / float(np.tan(0.5 * number(values["camera_angle_y"], path, f"{where}camera_angle_y")))


def _lens(values: Mapping[str, Any], path: Path, where: str) -> tuple[ModelName, tuple[float, ...]]:
    k1, k2, k3, k4, p1, p2 = (number(values.get(n, 0.0), path, where + n) for n in ("k1", "k2", "k3", "k4", "p1", "p2"))
    model = str(values.get("camera_model", "OPENCV_FISHEYE" if values.get("is_fisheye") is True else "OPENCV"))
    if model in _FISHEYE:
        if p1 or p2:
            raise CalibrationError(path, f"{where}p1", f"{model} with tangential terms is no Kannala-Brandt model")
        return "kannala_brandt", (k1, k2, k3, k4)
    if model not in _PERSPECTIVE:
        raise CalibrationError(
            path, f"{where}camera_model", f"{model} is not supported; expected {sorted(_PERSPECTIVE | _FISHEYE)}"
        )
    if k4:
        why = f"k4 = {k4:g} multiplies r^8 in nerfstudio; OpenCV's models have no such term"
        raise CalibrationError(path, f"{where}k4", f"{why}. Undistort the pictures, or calibrate without k4")
    return "brown_conrady", (k1, k2, p1, p2, k3) if k3 else (k1, k2, p1, p2)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:
    """Write transforms.json, with the intrinsics in every frame."""
    fisheye = any(camera.distortion.model == "kannala_brandt" for camera in rig)
    frames = []
    for name, camera in rig.cameras.items():
        pose = gl_world_from_cam(camera.cam_from_world).matrix
        picture = f"images/{picture_from_name(name, options.picture_suffix)}"
        frames.append({"file_path": picture, **_intrinsics_of(camera, fisheye), "transform_matrix": pose.tolist()})
    write_json(
        path, {"camera_model": "OPENCV_FISHEYE" if fisheye else "OPENCV", "is_fisheye": fisheye, "frames": frames}
    )
    return ()


def _intrinsics_of(camera: Camera, fisheye: bool) -> dict[str, float]:
    values = {
        "w": camera.width,
        "h": camera.height,
        "fl_x": float(camera.K[0, 0]),
        "fl_y": float(camera.K[1, 1]),
        "cx": float(camera.K[0, 2]) + CORNER_PIXEL_ORIGIN,
        "cy": float(camera.K[1, 2]) + CORNER_PIXEL_ORIGIN,
    }
    lens = camera.distortion
    if fisheye:
        return values | dict(zip(("k1", "k2", "k3", "k4"), lens.coefficients.tolist(), strict=True))
    padded = lens.padded[:5].tolist() if isinstance(lens, BrownConrady) else [0.0] * 5
    return values | dict(zip(("k1", "k2", "p1", "p2", "k3"), padded, strict=True))


NERFSTUDIO = Format(
    name="nerfstudio",
    title="nerfstudio transforms.json",
    layout=picture_layout.TRANSFORMS_JSON,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_NERFSTUDIO,
)
INSTANT_NGP = Format(
    name="instant-ngp",
    title="instant-ngp transforms.json",
    layout=picture_layout.TRANSFORMS_JSON,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_INSTANT_NGP,
)
