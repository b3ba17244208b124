"""Names of lens models in files that no single program defines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from renderkit.formats.as_stated import UnsupportedLensError
from renderkit.geometry.distortion import ModelName
from renderkit.untrusted.content import Untrusted

LENS_KEYS: Final = ("distortion_model", "distortionModel", "lens_model", "camera_model", "cameraModel", "model",
                    "projection_type", "projection")  # fmt: skip
"""Keys under which such files name it, the clearest first."""

_FISHEYE = {"fisheye", "equidistant", "equi", "kannalabrandt", "kannalabrandt4", "kb4", "kb", "opencvfisheye",
            "pinholeequi"}  # fmt: skip
_BROWN = {"pinhole", "perspective", "opencv", "fullopencv", "simplepinhole", "brown", "brownconrady", "radtan",
          "radialtangential", "plumbbob", "rationalpolynomial", "rational", "pinholeradtan", "none"}  # fmt: skip
_OTHER = {"omni", "omnidirectional", "mei", "unified", "ucm", "eucm", "ds", "doublesphere", "fov", "spherical",
          "equirectangular", "panorama", "orthographic", "ortho", "cylindrical", "ftheta", "fisheye624", "scaramuzza",
          "ocam", "thinprismfisheye", "division", "stereographic", "equisolid"}  # fmt: skip


def stated_lens_model(value: Untrusted, path: Path, key: str) -> ModelName | None:
    """Return the lens model that a text names; None where it names none (the field may hold the camera's make).

    Raises:
        UnsupportedLensError: If it names a model that has no counterpart in OpenCV's.
    """
    word = _word(value)
    if word in _FISHEYE:
        return "kannala_brandt"
    if word in _OTHER:
        why = f"the lens model {str(value)[:40]!r} has no counterpart in OpenCV's models"
        raise UnsupportedLensError(path, key, f"{why}; expected pinhole with OpenCV's coefficients, or fisheye")
    return "brown_conrady" if word in _BROWN else None


def is_lens_word(value: Untrusted) -> bool:
    """Return whether a text names a lens model, one that is read or not."""
    return _word(value) in {*_FISHEYE, *_BROWN, *_OTHER}


def _word(value: Untrusted) -> str:
    return "".join(letter for letter in value.lower() if letter.isalnum()) if isinstance(value, str) else ""
