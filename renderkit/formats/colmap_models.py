"""COLMAP's camera models in terms of ours, both ways.

Source: colmap/src/colmap/sensor/models.h. COLMAP's pixel (0, 0) is the top-left CORNER of the image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import UnsupportedLensError, intrinsics
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import intrinsics_from_corner_origin, intrinsics_to_corner_origin
from renderkit.geometry.lens_model import ModelName


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
    "RAD_TAN_THIN_PRISM_FISHEYE": ColmapModel(
        11, ("fx", "fy", "cx", "cy", *(f"k{i}" for i in range(6)), "p0", "p1", "s0", "s1", "s2", "s3")
    ),
    "SIMPLE_DIVISION": ColmapModel(12, ("f", "cx", "cy", "k")),
    "DIVISION": ColmapModel(13, ("fx", "fy", "cx", "cy", "k")),
    "SIMPLE_FISHEYE": ColmapModel(14, ("f", "cx", "cy")),
    "FISHEYE": ColmapModel(15, ("fx", "fy", "cx", "cy")),
    "EUCM": ColmapModel(16, ("fx", "fy", "cx", "cy", "alpha", "beta")),
    "EQUIRECTANGULAR": ColmapModel(17, ("w", "h")),
}
_ADVICE = "undistort the pictures (colmap image_undistorter) and use the model that it writes"
NAME_OF_NUMBER = {model.number: name for name, model in MODELS.items()}
_LENS_TERMS: dict[str, tuple[ModelName, tuple[str, ...]]] = {
    "OPENCV_FISHEYE": ("kannala_brandt", ("k1", "k2", "k3", "k4")),
    "SIMPLE_RADIAL_FISHEYE": ("kannala_brandt", ("k1",)),
    "RADIAL_FISHEYE": ("kannala_brandt", ("k1", "k2")),
    "THIN_PRISM_FISHEYE": ("kannala_brandt", ("k1", "k2", "k3", "k4")),
    "RAD_TAN_THIN_PRISM_FISHEYE": ("kannala_brandt", ("k0", "k1", "k2", "k3")),
    "SIMPLE_FISHEYE": ("kannala_brandt", ()),
    "FISHEYE": ("kannala_brandt", ()),
}
"""Fisheye models, and their parameters in the order of Kannala-Brandt; the other models are Brown-Conrady."""

_BROWN_ORDER = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
_NO_PLACE = {
    "FOV": ("omega",),
    "THIN_PRISM_FISHEYE": ("p1", "p2", "sx1", "sy1"),
    "RAD_TAN_THIN_PRISM_FISHEYE": ("k4", "k5", "p0", "p1", "s0", "s1", "s2", "s3"),
    "SIMPLE_DIVISION": ("k",),
    "DIVISION": ("k",),
    "EUCM": ("alpha",),
}
"""Parameters that neither Brown-Conrady nor Kannala-Brandt has; the model is one of theirs only where they are zero."""


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
        UnsupportedLensError: For a model that OpenCV's models cannot express, with the parameter in the way.
        DatasetError: For an unknown model or a wrong number of parameters.
    """
    if len(params) != param_count(model, path, key):
        raise DatasetError(path, key, f"{model} takes {len(MODELS[model].params)} parameters, found {len(params)}")
    value = dict(zip(MODELS[model].params, params, strict=True))
    _require_place(model, value, path, key)
    focal = value.get("f", 0.0)
    corner = intrinsics(value.get("fx", focal), value.get("fy", focal), value["cx"], value["cy"])
    K = intrinsics_from_corner_origin(corner)
    if model in _LENS_TERMS:
        ours, terms = _LENS_TERMS[model]
        return ColmapCamera(K, size, ours, (*(value[name] for name in terms), *[0.0] * (4 - len(terms))))
    lens = tuple(value.get(name, 0.0) for name in _BROWN_ORDER)
    used = 8 if any(lens[4:]) else 4 if any(lens) else 0
    return ColmapCamera(K, size, "brown_conrady", lens[:used])


def _require_place(model: str, value: Mapping[str, float], path: Path, key: str) -> None:
    if model == "EQUIRECTANGULAR":
        raise UnsupportedLensError(path, key, f"{model} is a panorama, not a lens; cut it into perspective pictures")
    blocking = [name for name in _NO_PLACE.get(model, ()) if value[name] != 0.0]
    if blocking:
        what = ", ".join(f"{name} = {value[name]:g}" for name in blocking)
        why = f"{model} with {what} is neither Brown-Conrady nor Kannala-Brandt"
        raise UnsupportedLensError(path, key, f"{why}; {_ADVICE}")


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
