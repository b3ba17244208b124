"""ActorsHQ calibration.csv: camera-to-world, OpenCV axes, metres, axis-angle; f and c normalised by width and height.

Columns: name,w,h,rx,ry,rz,tx,ty,tz,fx,fy,px,py (and k1,k2,k3 where distortion is given). Source: CameraData in the
dataset's own code. Its ray sampler casts pixel (i, j) through (i + 0.5, j + 0.5), its COLMAP export writes px * w as
COLMAP's cx, and px stays when pictures are scaled down: pixel (0, 0) is at the corner, so cx = px * w - 0.5.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics, pose_matrix
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import require_tokens
from renderkit.formats.unread import unread_notes
from renderkit.geometry.conventions import CORNER_PIXEL_ORIGIN
from renderkit.geometry.rig import Rig
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix
from renderkit.untrusted.content import Content, exact, field, number, numbers, size_at
from renderkit.wording import counted
from renderkit.writing import write_text

_LIMITS = Expressible(skew=False)
_LENS = ("k1", "k2", "k3")
_COLUMNS = ("name", "w", "h", "rx", "ry", "rz", "tx", "ty", "tz", "fx", "fy", "px", "py")
_MARKS = ("name", "w", "h", "rx", "ry", "rz", "tx", "ty", "tz")


def matches(content: Content) -> bool:
    """Return True for a CSV file whose header has ActorsHQ's columns of a size and a pose."""
    header = content.head.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip().lstrip("\ufeff")
    return set(_MARKS) <= {column.strip() for column in header.split(",")}


def read(content: Content) -> RawRig:
    """Read calibration.csv."""
    path = content.path
    reader = csv.DictReader(io.StringIO(content.text), skipinitialspace=True)
    cameras = []
    try:
        for row in reader:
            where = f"line {reader.line_num}"
            if None in row:
                raise DatasetError(
                    path, where, f"expected {counted(len(reader.fieldnames or ()), 'column')}, found more"
                )
            cameras.append(_read_row(row, path, where))
    except csv.Error as error:
        raise DatasetError(path, f"line {reader.line_num}", f"is not a CSV file: {error}") from error
    columns = {column.strip(): 1 for column in reader.fieldnames or ()}
    notes = unread_notes([columns], {*_COLUMNS, *_LENS}, per=None, where="column ")
    return RawRig(tuple(cameras), path, "m", notes=notes)


def _read_row(row: dict[str, str], path: Path, where: str) -> RawCamera:
    value = {
        column: number(field(row, column, path, f"{where}, "), path, f"{where}, {column}") for column in _COLUMNS[1:]
    }
    name = field(row, "name", path, f"{where}, ")
    width, height = size_at(value["w"], value["h"], path, f"{where}, w")
    cx, cy = value["px"] * width - CORNER_PIXEL_ORIGIN, value["py"] * height - CORNER_PIXEL_ORIGIN
    K = intrinsics(value["fx"] * width, value["fy"] * height, cx, cy)
    vector = numbers([value["rx"], value["ry"], value["rz"]], [(3,)], path, f"{where}, rx")
    translation = numbers([value["tx"], value["ty"], value["tz"]], [(3,)], path, f"{where}, tx")
    k1, k2, k3 = (number(row.get(column) or 0.0, path, f"{where}, {column}") for column in _LENS)
    lens = (k1, k2, 0.0, 0.0, k3) if k1 or k2 or k3 else ()
    pose = pose_matrix(matrix_from_rotation_vector(vector), translation)
    return RawCamera(str(name), K, pose, "world_from_cam", coefficients=lens, size=(width, height))


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write calibration.csv."""
    require_tokens(rig.cameras, path, ',"', "calibration.csv")
    lines = [",".join(_COLUMNS)]
    for name, camera in rig.cameras.items():
        pose = camera.cam_from_world.inverse()
        width, height = camera.size
        values = (
            *rotation_vector_from_matrix(pose.R),
            *pose.t,
            camera.K[0, 0] / width,
            camera.K[1, 1] / height,
            (camera.K[0, 2] + CORNER_PIXEL_ORIGIN) / width,
            (camera.K[1, 2] + CORNER_PIXEL_ORIGIN) / height,
        )
        lines.append(",".join([name, str(width), str(height), *map(exact, values)]))
    write_text(path, "\n".join(lines) + "\n")
    return ()


FORMAT = Format(
    name="actorshq",
    title="ActorsHQ calibration.csv",
    layout=picture_layout.ACTORSHQ,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
    unit="m",
)
