"""Small captures in the datasets' true on-disk formats, written with h5py and OpenCV only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

SIZE = (64, 48)
"""(width, height) of the pictures."""

K = np.array([[100.0, 0.0, 31.5], [0.0, 101.0, 23.5], [0.0, 0.0, 1.0]])
D = np.array([0.1, -0.2, 0.001, -0.002, 0.05])
VERTICES = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.1]])
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


def encode(pixels: NDArray[np.uint8], suffix: str) -> NDArray[np.uint8]:
    """Return a picture's encoded bytes as uint8 (N,)."""
    ok, data = cv2.imencode(suffix, pixels)
    assert ok
    return np.asarray(data, dtype=np.uint8).reshape(-1)


def world_from_cam(index: int) -> NDArray[np.float64]:
    """Return a camera a metre from the origin that looks at it, turned about y by 0.2 rad per index."""
    rotation, _ = cv2.Rodrigues(np.array([0.0, 0.2 * index, 0.0]))
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = rotation @ np.array([0.0, 0.0, -1.0])
    return matrix


def color_picture(index: int) -> NDArray[np.uint8]:
    """Return a BGR picture whose channels differ: blue 200, green 100, red 10 + index."""
    pixels = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[:] = (200, 100, 10 + index)
    return pixels


def write_raw(file: h5py.File, cameras: tuple[str, ...], frames: tuple[str, ...]) -> None:
    for key, value in {"actor_id": "0026", "performance_part": "e0", "age": 30, "height": 170.5}.items():
        file.attrs[key] = value
    group = file.require_group("Camera")
    group.attrs["num_device"], group.attrs["num_frame"] = 60, 150
    group.attrs["resolution"] = np.array([SIZE[1], SIZE[0]])
    for index, camera in enumerate(cameras):
        for frame in frames:
            file[f"Camera/{camera}/color/{frame}"] = encode(color_picture(index), ".jpg")


def write_anno(file: h5py.File, cameras: tuple[str, ...], frames: tuple[str, ...]) -> None:
    for index, camera in enumerate(cameras):
        matte = np.zeros((SIZE[1], SIZE[0]), np.uint8)
        matte[10:20, 10:30] = 255
        matte[20, 10:30] = 128
        for frame in frames:
            file[f"Camera/{camera}/mask/{frame}"] = encode(matte, ".png")
        for key, value in {"K": K, "D": D, "RT": world_from_cam(index)}.items():
            file[f"Calibration/{camera}/{key}"] = value
        file[f"ScanMask/{camera}"] = encode(matte, ".png")
        if camera == "25":
            for frame in frames:
                file[f"Keypoints2d/25/{frame}"] = np.arange(212.0).reshape(106, 2)
    for frame in frames:
        file[f"Keypoints3d/{frame}"] = np.tile(VERTICES[1], (73, 1))
        file[f"UV_texture/{frame}"] = encode(np.zeros((16, 16, 3), np.uint8), ".png")
        file[f"FLAME/{frame}/verts"] = VERTICES.astype(np.float32)[None]
    file["Scan/vertex"], file["Scan/vertex_indices"] = VERTICES, FACES


@pytest.fixture
def smc_pair(tmp_path: Path) -> tuple[Path, Path]:
    """A raw and an anno half: cameras 00, 05 and 25, frames 0, 2 and 10."""
    cameras, frames = ("00", "05", "25"), ("0", "2", "10")
    raw, anno = tmp_path / "0026_e0_raw.smc", tmp_path / "0026_e0_anno.smc"
    with h5py.File(raw, "w") as file:
        write_raw(file, cameras, frames)
    with h5py.File(anno, "w") as file:
        write_anno(file, cameras, frames)
    return raw, anno


@pytest.fixture
def smc_single(tmp_path: Path) -> Path:
    """All of it in one older file, with FLAME's documented layout beside the found one left to the tests."""
    path = tmp_path / "0026_e0.smc"
    with h5py.File(path, "w") as file:
        write_raw(file, ("00", "05", "25"), ("0", "2", "10"))
        write_anno(file, ("00", "05", "25"), ("0", "2", "10"))
    return path


def facescape_params() -> dict[str, Any]:
    """Two valid views of different sizes and K layouts, one not valid, one without a picture."""
    params: dict[str, Any] = {}
    for index in range(4):
        intrinsics = K.tolist() if index % 2 else np.pad(K, ((0, 1), (0, 1))).tolist()
        extrinsics = np.linalg.inv(world_from_cam(index))
        entry = {
            "K": intrinsics,
            "Rt": extrinsics[:3].tolist() if index % 2 else extrinsics.tolist(),
            "distortion": D.tolist(),
            "width": SIZE[0] + index,
            "height": SIZE[1],
            "matches": 1000 + index,
            "valid": index != 2,
            "sn": f"SN{index}",
            "ori": f"IMG_{index}.JPG",
        }
        params |= {f"{index}_{key}": value for key, value in entry.items()}
    return params


@pytest.fixture
def write_facescape(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a tuple folder 122/4_anger with given params.json content."""

    def write(params: dict[str, Any] | None = None) -> Path:
        folder = tmp_path / "122" / "4_anger"
        folder.mkdir(parents=True)
        (folder / "params.json").write_text(json.dumps(facescape_params() if params is None else params))
        for index in range(3):
            encode(color_picture(index), ".jpg").tofile(folder / f"{index}.jpg")
        return folder

    return write


PLY = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n" + (
    "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
)


@pytest.fixture
def write_ply() -> Callable[[Path], Path]:
    """Return a function that writes a mesh of one triangle."""

    def write(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PLY)
        return path

    return write
