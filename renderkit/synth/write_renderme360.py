"""Writes RenderMe-360 captures in their on-disk format: a raw and an anno SMC file (HDF5).

Written from the format's facts, independently of the reader: camera keys are zero-padded, frame keys are not; RT is
camera-to-world; pictures are encoded bytes in 1-D uint8 arrays; FLAME arrays have a leading 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray, Points3
from renderkit.synth.faults import WrittenCalibration
from renderkit.writing import new_file


class SmcPairWriter:
    """A `{id}_{part}_raw.smc` and `{id}_{part}_anno.smc` pair being written. A context manager.

    Both files are in their places once the block has ended without an error.

    Attributes:
        raw_path: The file of pictures.
        anno_path: The file of masks, calibration and annotations.
    """

    def __init__(self, folder: Path, actor_id: str, part: str) -> None:
        self.raw_path = folder / f"{actor_id}_{part}_raw.smc"
        self.anno_path = folder / f"{actor_id}_{part}_anno.smc"
        with ExitStack() as stack:
            self._raw = stack.enter_context(h5py.File(stack.enter_context(new_file(self.raw_path)), "w"))
            self._anno = stack.enter_context(h5py.File(stack.enter_context(new_file(self.anno_path)), "w"))
            self._open = stack.pop_all()
        attributes = {
            "actor_id": actor_id,
            "performance_part": part,
            "capture_date": "2026-01-01",
            "age": 30,
            "color": "synthetic",
            "gender": "none",
            "height": 175.0,
            "weight": 70.0,
        }
        for file in (self._raw, self._anno):
            file.attrs.update(attributes)

    def write_camera_counts(self, num_cameras: int, num_frames: int, size: tuple[int, int]) -> None:
        """Write the Camera groups' attributes; `size` = (width, height) px, stored as (height, width)."""
        for file in (self._raw, self._anno):
            group = file.require_group("Camera")
            group.attrs["num_device"] = num_cameras
            group.attrs["num_frame"] = num_frames
            group.attrs["resolution"] = np.array([size[1], size[0]])
        for name in ("Keypoints2d", "Keypoints3d", "FLAME"):
            self._anno.require_group(name).attrs["num_frame"] = num_frames

    def write_calibration(self, camera: str, written: WrittenCalibration) -> None:
        """Write K, D and the camera-to-world RT."""
        group = self._anno.require_group("Calibration").create_group(camera)
        group["K"], group["D"], group["RT"] = written.K, written.D, written.world_from_cam

    def write_color(self, camera: str, frame: int, jpeg: bytes) -> None:
        """Write a JPEG picture."""
        self._raw[f"Camera/{camera}/color/{frame}"] = _bytes(jpeg)

    def write_mask(self, camera: str, frame: int, png: bytes) -> None:
        """Write a greyscale PNG matte."""
        self._anno[f"Camera/{camera}/mask/{frame}"] = _bytes(png)

    def write_landmarks_2d(self, camera: str, frame: int, pixels: FloatArray) -> None:
        """Write the (106, 2) landmarks detected in a picture."""
        self._anno[f"Keypoints2d/{camera}/{frame}"] = pixels

    def write_landmarks_3d(self, frame: int, points: Points3) -> None:
        """Write the (73, 3) landmarks of a frame."""
        self._anno[f"Keypoints3d/{frame}"] = points

    def write_flame(self, frame: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write a frame's FLAME arrays as float32 with a leading 1."""
        for key, values in arrays.items():
            self._anno[f"FLAME/{frame}/{key}"] = np.asarray(values, dtype=np.float32)[None]

    def write_uv_texture(self, frame: int, encoded: bytes) -> None:
        """Write a frame's encoded UV texture."""
        self._anno[f"UV_texture/{frame}"] = _bytes(encoded)

    def write_scan(self, vertices: Points3, faces: Faces) -> None:
        """Write the scan; vertices in metres of the world, stored as float32."""
        self._anno["Scan/vertex"] = vertices.astype(np.float32)
        self._anno["Scan/vertex_indices"] = faces.astype(np.int32)

    def write_scan_mask(self, camera: str, png: bytes) -> None:
        """Write the scan's encoded silhouette in a camera."""
        self._anno[f"ScanMask/{camera}"] = _bytes(png)

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close both files and put them in their places; after an error neither is left."""
        self._open.__exit__(kind, error, trace)


def _bytes(encoded: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(encoded, dtype=np.uint8)
