"""NeuS and IDR cameras.npz: world_mat_<i> (4, 4) = K [R | t] and scale_mat_<i> (4, 4); no image size, no distortion.

world_mat is decomposed: world-to-camera, OpenCV axes, in the WORLD that scale_mat maps the unit sphere to. Pixel (0, 0)
is the CENTRE of the top-left pixel: NeuS shoots rays through whole numbers. Source: NeuS, models/dataset.py
(load_K_Rt_from_P, gen_rays_at); IDR, docs of preprocess_cameras.py. The pictures are those of image/ (rgb/), sorted.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import decompose_projections
from renderkit.formats.names import integer_names
from renderkit.formats.sizes import picture_file_size, sorted_pictures
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, numbers
from renderkit.untrusted.npz import npz_names, read_npz
from renderkit.wording import counted
from renderkit.writing import write_arrays

_LIMITS = Expressible(size=False)
_KNOWN = re.compile(r"(world|scale|camera)_mat_(inv_)?[0-9]+")
_WORLD = re.compile(r"world_mat_(\d{1,9})\Z")
_IDENTITY = np.eye(4)
_ZIP = b"PK\x03\x04"
_FILES = ("cameras_sphere.npz", "cameras.npz")


def matches(content: Content) -> bool:
    """Return True for an .npz file with world_mat_<i>, or a folder with such a file."""
    inside = _inside(content)
    if inside is None or not inside.head.startswith(_ZIP):
        return False
    return any(_WORLD.match(name) for name in npz_names(inside.path))


def _inside(content: Content) -> Content | None:
    if not content.is_folder:
        return content
    name = next((name for name in _FILES if content.has(name)), None)
    return None if name is None else Content(content.path / name)


def read(content: Content) -> RawRig:
    """Read and decompose the projection matrices."""
    inside = _inside(content)
    if inside is None:
        raise DatasetError(content.path, None, f"expected a folder with {' or '.join(_FILES)}")
    path = inside.path
    arrays = read_npz(path)
    indices = sorted(int(found.group(1)) for name in arrays if (found := _WORLD.match(name)))
    pictures = next((one for name in ("image", "images", "rgb") if (one := sorted_pictures(path.parent / name))), [])
    keys = [f"world_mat_{index}" for index in indices]
    worlds = [numbers(arrays[key], [(4, 4), (3, 4)], path, key)[:3] for key in keys]
    K, poses = decompose_projections(np.array(worlds).reshape(-1, 3, 4), path, keys)
    scales = (arrays.get(f"scale_mat_{index}") for index in indices)
    scaled = sum(scale is not None and not np.array_equal(scale, _IDENTITY) for scale in scales)
    known = [picture_file_size(one) for one in pictures] if len(pictures) == len(indices) else [None] * len(indices)
    cameras = [
        RawCamera(str(index), matrix, pose, picture_size=size)
        for index, size, matrix, pose in zip(indices, known, K, poses, strict=True)
    ]
    notes = unread_notes([{name: "array" for name in arrays if not _KNOWN.fullmatch(name)}], (), per=None)
    if scaled:
        notes = (
            *notes,
            f"scale_mat is not applied ({counted(scaled, 'camera')}): the cameras are in "
            f"the world; map a mesh out of the unit "
            "sphere by scale_mat_0 first",
        )
    return RawRig(tuple(cameras), content.path, "unknown", notes=notes)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write world_mat_<i> and an identity scale_mat_<i>."""
    ids, notes = integer_names(tuple(rig.cameras))
    arrays: dict[str, FloatArray] = {}
    for number, camera in zip(ids, rig, strict=True):
        world = np.eye(4)
        world[:3] = camera.K @ camera.cam_from_world.matrix[:3]
        arrays |= {f"world_mat_{number}": world, f"scale_mat_{number}": np.eye(4)}
    write_arrays(path, arrays)
    return (*notes, "scale_mat is the identity: NeuS needs the one that maps the unit sphere around the object")


FORMAT = Format(
    name="neus",
    title="NeuS / IDR cameras.npz",
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
)
