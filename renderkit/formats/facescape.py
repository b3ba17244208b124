"""FaceScape params.json: flat keys `<view>_K`, `<view>_Rt`, `<view>_distortion`, `<view>_width`, `<view>_height`.

World-to-camera, OpenCV axes, arbitrary unit per capture. Source: the FaceScape toolkit; K is documented as 4x4 and 3x3
in code, so the 3x3 block of either is taken. Views with `<view>_valid` false are left out and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import RigFormat, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import integer_names
from renderkit.geometry.distortion import BrownConrady
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, field, mapping_at, numbers, size_at, write_json

_LIMITS = Expressible(brown_conrady=5)


def matches(content: Content) -> bool:
    """Return True for JSON with keys like 0_K and 0_Rt, or a folder with such a params.json."""
    value = _inside(content).json_or_none
    return isinstance(value, Mapping) and any(key.endswith("_Rt") and f"{key[:-3]}_K" in value for key in value)


def _inside(content: Content) -> Content:
    return Content(content.path / "params.json") if content.has("params.json") else content


def read(content: Content) -> RawRig:
    """Read params.json."""
    inside = _inside(content)
    path = inside.path
    top = mapping_at(inside.json, path, None)
    views = [key[:-2] for key in top if key.endswith("_K")]
    cameras, invalid = [], []
    for view in views:
        if top.get(f"{view}_valid", True) in (False, 0, "false"):
            invalid.append(view)
            continue
        K = numbers(field(top, f"{view}_K", path), [(3, 3), (4, 4), (3, 4)], path, f"{view}_K")[:3, :3]
        pose = numbers(field(top, f"{view}_Rt", path), [(3, 4), (4, 4)], path, f"{view}_Rt")[:3]
        lens = numbers(top.get(f"{view}_distortion", []), [(None,), (1, None)], path, f"{view}_distortion").ravel()
        width, height = field(top, f"{view}_width", path), field(top, f"{view}_height", path)
        size = size_at(width, height, path, f"{view}_width")
        cameras.append(RawCamera(view, K, pose, coefficients=tuple(lens.tolist()), size=size))
    notes = (f"left out as not valid: {', '.join(invalid)}",) if invalid else ()
    return RawRig(tuple(cameras), content.path, "unknown", "facescape", notes)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write params.json; views are numbered."""
    ids, notes = integer_names(tuple(rig.cameras)) if len(rig) else ((), ())
    top: dict[str, object] = {}
    for view, camera in zip(ids, rig, strict=True):
        lens = camera.distortion
        coefficients = lens.padded[:5] if isinstance(lens, BrownConrady) else np.zeros(5)
        top |= {
            f"{view}_K": camera.K.tolist(),
            f"{view}_Rt": camera.cam_from_world.matrix[:3].tolist(),
            f"{view}_distortion": coefficients.tolist(),
            f"{view}_width": camera.width,
            f"{view}_height": camera.height,
            f"{view}_valid": True,
        }
    write_json(path, top)
    return notes


FORMAT = RigFormat("facescape", "FaceScape params.json", matches, read, _LIMITS, write)
