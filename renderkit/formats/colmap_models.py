"""COLMAP's camera models in terms of ours, both ways.

Source: colmap/src/colmap/sensor/models.h. COLMAP's pixel (0, 0) is the top-left CORNER of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import intrinsics
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import intrinsics_from_corner_origin, intrinsics_to_corner_origin
from renderkit.geometry.distortion import BrownConrady, ModelName


@dataclass(frozen=True)
class ColmapModel:
    """One of COLMAP's models.

    Attributes:
        number: The model id of cameras.bin.
        params: Names of the parameters, in order.
    """

    number: int
    params: tuple[str, ...]


MODELS = {
    "SIMPLE_PINHOLE": ColmapModel(0, ("f", "cx", "cy")),
    "PINHOLE": ColmapModel(1, ("fx", "fy", "cx", "cy")),
    "SIMPLE_RADIAL": ColmapModel(2, ("f", "cx", "cy", "k1")),
    "RADIAL": ColmapModel(3, ("f", "cx", "cy", "k1", "k2")),
    "OPENCV": ColmapModel(4, ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2")),
    "OPENCV_FISHEYE": ColmapModel(5, ("fx", "fy", "cx", "cy", "k1", "k2", "k3", "k4")),
    "FULL_OPENCV": ColmapModel(6, ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")),
    "FOV": ColmapModel(7, ("fx", "fy", "cx", "cy", "omega")),
    "SIMPLE_RADIAL_FISHEYE": ColmapModel(8, ("f", "cx", "cy", "k1")),
    "RADIAL_FISHEYE": ColmapModel(9, ("f", "cx", "cy", "k1", "k2")),
    "THIN_PRISM_FISHEYE": ColmapModel(10, ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "sx1", "sy1")),
}
NAME_OF_NUMBER = {model.number: name for name, model in MODELS.items()}
_FISHEYE = {"OPENCV_FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE", "THIN_PRISM_FISHEYE"}
_BROWN_ORDER = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")


@dataclass(frozen=True)
class ColmapCamera:
    """One line of cameras.txt, in our pixel origin and coefficient order.

    Attributes:
        K: (3, 3) intrinsics.
        size: (width, height).
        model: Our lens model.
        coefficients: Its coefficients.
    """

    K: FloatArray
    size: tuple[int, int]
    model: ModelName
    coefficients: tuple[float, ...]


def param_count(model: str, path: Path, key: str) -> int:
    """Return how many parameters a model has.

    Raises:
        DatasetError: For a model that renderkit does not know.
    """
    if model not in MODELS:
        raise DatasetError(path, key, f"COLMAP's camera model {model} is not supported; known: {', '.join(MODELS)}")
    return len(MODELS[model].params)


def from_colmap(model: str, size: tuple[int, int], params: Sequence[float], path: Path, key: str) -> ColmapCamera:
    """Return a COLMAP camera in our terms.

    Raises:
        CalibrationError: For a model that OpenCV's models cannot express, with the parameter that stands in the way.
        DatasetError: For an unknown model or a wrong number of parameters.
    """
    if len(params) != param_count(model, path, key):
        raise DatasetError(path, key, f"{model} takes {len(MODELS[model].params)} parameters, found {len(params)}")
    value = dict(zip(MODELS[model].params, params, strict=True))
    blocking = [name for name in ("omega", "sx1", "sy1") if value.get(name, 0.0) != 0.0]
    if model == "THIN_PRISM_FISHEYE":
        blocking += [name for name in ("p1", "p2") if value[name] != 0.0]
    if blocking:
        what = ", ".join(f"{name} = {value[name]:g}" for name in blocking)
        why = (
            f"{model} with {what} is neither Brown-Conrady nor Kannala-Brandt; convert it with colmap's model_converter"
        )
        raise CalibrationError(path, key, f"{why} or undistort the pictures")
    focal = value.get("f", 0.0)
    corner = intrinsics(value.get("fx", focal), value.get("fy", focal), value["cx"], value["cy"])
    if model in _FISHEYE:
        lens = tuple(value.get(name, 0.0) for name in ("k1", "k2", "k3", "k4"))
        return ColmapCamera(intrinsics_from_corner_origin(corner), size, "kannala_brandt", lens)
    lens = tuple(value.get(name, 0.0) for name in _BROWN_ORDER)
    used = 8 if any(lens[4:]) else 4 if any(lens) else 0
    return ColmapCamera(intrinsics_from_corner_origin(corner), size, "brown_conrady", lens[:used])


def to_colmap(camera: Camera) -> tuple[str, tuple[float, ...]]:
    """Return the smallest COLMAP model that states `camera` exactly, and its parameters."""
    corner = intrinsics_to_corner_origin(camera.K)
    base = (float(corner[0, 0]), float(corner[1, 1]), float(corner[0, 2]), float(corner[1, 2]))
    lens = camera.distortion
    if lens.model == "kannala_brandt":
        return "OPENCV_FISHEYE", base + tuple(lens.coefficients.tolist())
    padded = lens.padded[:8] if isinstance(lens, BrownConrady) else np.zeros(8)
    if padded[4:].any():
        return "FULL_OPENCV", base + tuple(padded.tolist())
    if padded.any():
        return "OPENCV", base + tuple(padded[:4].tolist())
    return "PINHOLE", base
