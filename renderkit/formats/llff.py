"""LLFF poses_bounds.npy: (N, 17), per picture a (3, 5) [R | t | h w f] camera-to-world and two depths; no unit.

The columns of R are the camera's DOWN, RIGHT and BACKWARD axes. One focal length, no distortion; the principal point is
the image's CENTRE, ((w - 1) / 2, (h - 1) / 2) where pixel (0, 0) is the centre of the top-left pixel. Source: LLFF
README, "Using your own poses without running COLMAP", and its pose_utils.py. The pictures are those of images/, sorted
by name; where there are none, as in Neural 3D Video, those of the videos beside the file.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, centered_intrinsics
from renderkit.formats.format import Format
from renderkit.formats.names import names_from_pictures
from renderkit.formats.sizes import sorted_pictures
from renderkit.images.video import is_video
from renderkit.untrusted.content import Content, numbers, size_at
from renderkit.untrusted.npz import read_npy
from renderkit.untrusted.pickles import NPY_MAGIC
from renderkit.wording import counted

_NAME = "poses_bounds.npy"
_SHAPE = re.compile(rb"'shape':\s*\(\d+,\s*1[57]\)")


def matches(content: Content) -> bool:
    """Return True for an .npy file of shape (N, 17) or (N, 15), or a folder with poses_bounds.npy."""
    if content.is_folder:
        return content.has(_NAME)
    return content.head.startswith(NPY_MAGIC) and _SHAPE.search(content.head[:256]) is not None


def read(content: Content) -> RawRig:
    """Read the poses."""
    inside = Content(content.path / _NAME) if content.is_folder else content
    path = inside.path
    table = numbers(read_npy(path, inside.data), [(None, 17), (None, 15)], path, "poses")
    count = len(table)
    pictures = sorted_pictures(path.parent / "images")
    pictures = pictures if len(pictures) == count else _videos(path.parent)
    named = len(pictures) == count
    names = names_from_pictures([_stem(one) for one in pictures]) if named else tuple(map(str, range(count)))
    cameras = []
    for index, (name, row) in enumerate(zip(names, table, strict=True)):
        block = row[:15].reshape(3, 5)
        height, width, focal = (float(value) for value in block[:, 4])
        size = size_at(width, height, path, f"[{index}]")
        down, right, backward, center = block[:, :4].T
        pose = np.column_stack([right, down, -backward, center])
        cameras.append(RawCamera(name, centered_intrinsics(focal, focal)(size), pose, "world_from_cam", size=size))
    if not cameras:
        raise DatasetError(path, None, "the table has no rows")
    notes = (
        ()
        if named
        else (f"the cameras are numbered: images/ beside the file does not hold {counted(count, 'picture')}",)
    )
    return RawRig(tuple(cameras), content.path, "unknown", notes=notes)


def _videos(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if is_video(one))


def _stem(picture: Path) -> str:
    return picture.stem if is_video(picture) else picture.name


FORMAT = Format(
    name="llff",
    title="LLFF poses_bounds.npy",
    matches=matches,
    read_cameras=read,
)
