"""Writes FaceScape multi-view tuples in their on-disk format, from the format's facts, independently of the reader.

`<id>/<n_expression>/{0.jpg .. N.jpg, params.json}`, `<id>/<n_expression>.ply`, `Rt_scale_dict.json`. Extrinsics are
world-to-camera. FaceScape ships no masks and no landmarks; those are written outside the dataset's folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray, Points3
from renderkit.geometry.pose import Pose
from renderkit.synth.faults import WrittenCalibration
from renderkit.writing import write_bytes, write_json

EXPRESSIONS = (
    "1_neutral", "2_smile", "3_mouth_stretch", "4_anger", "5_jaw_left", "6_jaw_right", "7_jaw_forward",
    "8_mouth_left", "9_mouth_right", "10_dimpler", "11_chin_raiser", "12_lip_puckerer", "13_lip_funneler",
    "14_sadness", "15_lip_roll", "16_grin", "17_cheek_blowing", "18_eye_closed", "19_brow_raiser", "20_brow_lower",
)  # fmt: skip
"""The dataset's names; the synthetic head's own expressions are stored under them in order."""


def view_params(
    view: str, written: WrittenCalibration, size: tuple[int, int], valid: bool, matches: int
) -> dict[str, Any]:
    """Return one view's entries of params.json."""
    return {
        f"{view}_K": written.K.tolist(),
        f"{view}_Rt": written.cam_from_world[:3].tolist(),
        f"{view}_distortion": written.D.tolist(),
        f"{view}_width": size[0],
        f"{view}_height": size[1],
        f"{view}_matches": matches,
        f"{view}_valid": valid,
        f"{view}_sn": f"SYN{int(view):05d}",
        f"{view}_ori": "front" if size[0] >= size[1] else "side",
    }


def write_params(path: Path, params: Mapping[str, Any]) -> None:
    """Write params.json."""
    write_json(path, dict(params))


def write_ply(path: Path, vertices: Points3, faces: Faces, colors: NDArray[np.uint8]) -> None:
    """Write a binary little-endian PLY with float32 vertices and (V, 3) uint8 RGB colours."""
    vertex = np.empty(len(vertices), dtype=[("xyz", "<f4", 3), ("rgb", "u1", 3)])
    vertex["xyz"], vertex["rgb"] = vertices, colors
    face = np.empty(len(faces), dtype=[("count", "u1"), ("corners", "<i4", 3)])
    face["count"], face["corners"] = 3, faces
    header = [
        "ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}",
        "property float x", "property float y", "property float z",
        "property uchar red", "property uchar green", "property uchar blue",
        f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header",
    ]  # fmt: skip
    write_bytes(path, "\n".join([*header, ""]).encode("ascii") + vertex.tobytes() + face.tobytes())


def write_rt_scale(path: Path, subject: str, alignments: Mapping[str, tuple[float, Pose]]) -> None:
    """Write Rt_scale_dict.json: by expression number the scale s and the (3, 4) matrix [R | t]."""
    entries = {number: [scale, pose.matrix[:3].tolist()] for number, (scale, pose) in alignments.items()}
    write_json(path, {subject: entries})


def write_landmarks(
    path: Path, scheme: str, pixels: Mapping[str, Mapping[str, FloatArray]], points: Mapping[str, Points3]
) -> None:
    """Write a landmarks file for `--landmarks`.

    Args:
        path: The file.
        scheme: The landmarks' scheme.
        pixels: By frame and camera, (L, 2) px.
        points: By frame, (L, 3) world units.
    """
    content = {
        "format": "renderkit-landmarks",
        "version": 1,
        "landmarks_2d": {
            "scheme": scheme,
            "frames": {f: {c: p.tolist() for c, p in views.items()} for f, views in pixels.items()},
        },
        "landmarks_3d": {"scheme": scheme, "frames": {f: p.tolist() for f, p in points.items()}},
    }
    write_json(path, content)
