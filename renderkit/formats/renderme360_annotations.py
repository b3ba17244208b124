"""Parts of a RenderMe-360 capture beside cameras and pictures: FLAME parameters, landmarks, scan, audio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, frozen
from renderkit.errors import DatasetError
from renderkit.formats.smc_files import SmcFiles
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh

SCHEME_2D = "renderme106"
SCHEME_3D = "renderme73"

_FLAME_SHAPES: Mapping[str, tuple[int | None, ...]] = {
    "shape": (None,),
    "exp": (None,),
    "global_pose": (3,),
    "neck_pose": (3,),
    "jaw_pose": (3,),
    "left_eye_pose": (3,),
    "right_eye_pose": (3,),
    "trans": (3,),
    "cam": (4,),
    "verts": (None, 3),
    "albedos": (3, None, None),
    "tex": (None,),
    "lit": (9, 3),
}


@dataclass(frozen=True, eq=False)
class FlameParameters:
    """One frame's FLAME fit; every part is None where the file does not have it.

    Attributes:
        shape: (S,) identity coefficients, 100 as a rule.
        exp: (E,) expression coefficients, 50 as a rule.
        global_pose: (3,) axis-angle, rad.
        neck_pose: (3,) axis-angle, rad.
        jaw_pose: (3,) axis-angle, rad.
        left_eye_pose: (3,) axis-angle, rad.
        right_eye_pose: (3,) axis-angle, rad.
        trans: (3,) translation, world units.
        cam: (4,) scale-like number and translation, world units.
        verts: (V, 3) vertices as stored: whether they include a translation is another question.
        albedos: (3, h, w) texture.
        tex: (T,) texture coefficients.
        lit: (9, 3) spherical harmonics of the light.
        others: Arrays of undocumented names, as stored.
    """

    shape: FloatArray | None = None
    exp: FloatArray | None = None
    global_pose: FloatArray | None = None
    neck_pose: FloatArray | None = None
    jaw_pose: FloatArray | None = None
    left_eye_pose: FloatArray | None = None
    right_eye_pose: FloatArray | None = None
    trans: FloatArray | None = None
    cam: FloatArray | None = None
    verts: FloatArray | None = None
    albedos: FloatArray | None = None
    tex: FloatArray | None = None
    lit: FloatArray | None = None
    others: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze."""
        for name in _FLAME_SHAPES:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, frozen(value))
        others = {name: frozen(value) for name, value in self.others.items()}
        object.__setattr__(self, "others", MappingProxyType(others))


@dataclass(frozen=True, eq=False)
class Audio:
    """Sound of a speech part.

    Attributes:
        samples: (N, channels) float, in [-1, 1).
        sample_rate: Samples per second.
    """

    samples: NDArray[np.float32]
    sample_rate: int


def read_flame_array(files: SmcFiles, frame: str, key: str) -> FloatArray | None:
    """Read one documented FLAME array as float64, without the leading 1 of some releases; None if it is not there.

    Raises:
        DatasetError: If its shape is not the documented one.
    """
    array = files.read("FLAME", frame, key, kinds="fiu")
    if array is None:
        return None
    expected = _FLAME_SHAPES[key]
    if array.ndim == len(expected) + 1 and array.shape[0] == 1:
        array = array[0]
    if not _fits(array.shape, expected):
        raise _wrong_shape(files, ("FLAME", frame, key), expected, array.shape)
    return np.asarray(array, dtype=np.float64)


def read_flame(files: SmcFiles, frame: str) -> FlameParameters | None:
    """Read a frame's whole FLAME fit, None if it has none.

    Raises:
        DatasetError: If an array has not the documented shape.
    """
    names = files.keys("FLAME", frame)
    if not names:
        return None
    known = {name: read_flame_array(files, frame, name) for name in _FLAME_SHAPES if name in names}
    others = {name: files.read("FLAME", frame, name, kinds="fiubS") for name in names if name not in _FLAME_SHAPES}
    return FlameParameters(**known, others={name: value for name, value in others.items() if value is not None})


def read_landmarks(files: SmcFiles, path: tuple[str, ...], shape: tuple[int, int], scheme: str) -> Landmarks | None:
    """Read a landmark array; an absent key or an empty dataset is no detection and gives None.

    Raises:
        DatasetError: If its shape is not the documented one.
    """
    array = files.read(*path, kinds="fiu")
    if array is None:
        return None
    if array.shape == (1, *shape):
        array = array[0]
    if array.shape != shape:
        raise _wrong_shape(files, path, shape, array.shape)
    return Landmarks.all_valid(np.asarray(array, dtype=np.float64), scheme)


def read_scan(files: SmcFiles) -> Mesh | None:
    """Read the scan, None if there is none.

    Raises:
        DatasetError: If vertices are NaN or missing, a face points outside the vertices, or a shape is wrong.
    """
    path = files.files[0].path
    vertices, faces = files.read("Scan", "vertex", kinds="f"), files.read("Scan", "vertex_indices", kinds="iu")
    if vertices is None and faces is None:
        return None
    if vertices is None or faces is None:
        raise DatasetError(path, "Scan", "expected both vertex and vertex_indices, one of them is absent or empty")
    for name, array in (("vertex", vertices), ("vertex_indices", faces)):
        if not _fits(array.shape, (None, 3)):
            raise _wrong_shape(files, ("Scan", name), (None, 3), array.shape)
    try:
        return Mesh(np.asarray(vertices, dtype=np.float64), faces, name="scan")
    except ValueError as error:
        raise DatasetError(path, "Scan", str(error)) from error


def read_audio(files: SmcFiles) -> Audio | None:
    """Read the sound, kept with camera 00 in speech parts; None if there is none.

    Raises:
        DatasetError: If the sample rate is missing or the shape is wrong.
    """
    samples = files.read("Camera", "00", "audio", "audio", kinds="fiu")
    if samples is None:
        return None
    rate = files.read("Camera", "00", "audio", "sample_rate", kinds="fiu")
    key = ("Camera", "00", "audio", "sample_rate")
    if rate is None or rate.size != 1 or not 0 < float(rate.reshape(-1)[0]) < 1e7:
        raise DatasetError(files.files[0].path, "/".join(key), f"expected one positive number, found {rate}")
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim != 2:
        raise _wrong_shape(files, ("Camera", "00", "audio", "audio"), (None, 2), samples.shape)
    return Audio(frozen(samples.astype(np.float32)), round(float(rate.reshape(-1)[0])))


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        want is None or want == have for want, have in zip(expected, shape, strict=True)
    )


def _wrong_shape(
    files: SmcFiles, key: tuple[str, ...], expected: tuple[int | None, ...], found: tuple[int, ...]
) -> DatasetError:
    file = files.find(*key)
    path = files.files[0].path if file is None else file.path
    want = str(tuple("N" if length is None else length for length in expected)).replace("'", "")
    return DatasetError(path, "/".join(key), f"expected shape {want}, found {found}")
