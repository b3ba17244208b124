"""Names of lens models in files that no single program defines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from renderkit.formats.as_stated import UnsupportedLensError
from renderkit.geometry.lens_model import ModelName
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
_OTHER_UNLESS_ZERO = {"inversebrownconrady", "modifiedbrownconrady"}
"""RealSense's lenses beside brown_conrady: with coefficients that are zero, as most of its cameras have, no lens."""
_COEFFICIENTS = re.compile(
    r"(camera|cam|lens)?dist(ort)?(ion)?s?(coef+(icient)?s?|vec(tor)?|param(eter)?s?|array)?|coef+(icient)?s"
)
_PREFIXES = ("distortion", "rs2distortion")


def stated_lens_model(value: Untrusted, path: Path, key: str, *, is_zero: bool = False) -> ModelName | None:
    """Return the lens model that a text names; None where it names none (the field may hold the camera's make).

    Args:
        value: The text.
        path: The file, for errors.
        key: Where in it the text stands, for errors.
        is_zero: Whether all of the lens's coefficients are zero.

    Raises:
        UnsupportedLensError: If it names a model that has no counterpart in OpenCV's.
    """
    word = _word(value)
    if word in _FISHEYE:
        return "kannala_brandt"
    if word in _OTHER or (word in _OTHER_UNLESS_ZERO and not is_zero):
        why = f"the lens model {str(value)[:40]!r} has no counterpart in OpenCV's models"
        raise UnsupportedLensError(path, key, f"{why}; expected pinhole with OpenCV's coefficients, or fisheye")
    return "brown_conrady" if word in {*_BROWN, *_OTHER_UNLESS_ZERO} else None


def coefficients_key(keys: Iterable[str], known: Collection[str]) -> str | None:
    """Return the key of a lens's coefficients: the first of the known ones, or another spelling of one.

    Args:
        keys: The keys that have a value.
        known: The usual keys, the clearest first.
    """
    given = list(keys)
    usual = next((key for key in known if key in given), None)
    return usual or next(filter(_is_coefficients, given), None)


@lru_cache(maxsize=1024)
def _is_coefficients(key: str) -> bool:
    return _COEFFICIENTS.fullmatch(key.lower().replace("_", "")) is not None


def is_lens_word(value: Untrusted) -> bool:
    """Return whether a text names a lens model, one that is read or not."""
    return _word(value) in {*_FISHEYE, *_BROWN, *_OTHER, *_OTHER_UNLESS_ZERO}


def _word(value: Untrusted) -> str:
    word = "".join(letter for letter in value.lower() if letter.isalnum()) if isinstance(value, str) else ""
    return next((word.removeprefix(one) for one in _PREFIXES if word.startswith(one)), word)
