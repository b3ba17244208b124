"""ActorsHQ calibration.csv: camera-to-world, OpenCV axes, metres, axis-angle; f and c normalised by width and height.

Columns: name,w,h,rx,ry,rz,tx,ty,tz,fx,fy,px,py (and k1,k2,k3 where distortion is given). Source: CameraData in the
dataset's own code. It states no pixel origin; px * w is read as OpenCV's cx.
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
from renderkit.geometry.rig import Rig
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix
from renderkit.untrusted.content import Content, exact, field, number, numbers, size_at, write_text

_LIMITS = Expressible(skew=False)
_COLUMNS = ("name", "w", "h", "rx", "ry", "rz", "tx", "ty", "tz", "fx", "fy", "px", "py")


def matches(content: Content) -> bool:
    """Return True for a CSV file whose header has ActorsHQ's columns."""
    header = content.head.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip().lstrip("\ufeff")
    return set(_COLUMNS) <= {column.strip() for column in header.split(",")}


def read(content: Content) -> RawRig:
    """Read calibration.csv."""
    path = content.path
    reader = csv.DictReader(io.StringIO(content.text), skipinitialspace=True)
    try:
        cameras = tuple(_read_row(row, path, f"line {reader.line_num}") for row in reader)
    except csv.Error as error:
        raise DatasetError(path, f"line {reader.line_num}", f"is no CSV: {error}") from error
    return RawRig(cameras, path, "m")


def _read_row(row: dict[str, str], path: Path, where: str) -> RawCamera:
    value = {
        column: number(field(row, column, path, f"{where}, "), path, f"{where}, {column}") for column in _COLUMNS[1:]
    }
    name = field(row, "name", path, f"{where}, ")
    width, height = size_at(value["w"], value["h"], path, f"{where}, w")
    K = intrinsics(value["fx"] * width, value["fy"] * height, value["px"] * width, value["py"] * height)
    vector = numbers([value["rx"], value["ry"], value["rz"]], [(3,)], path, f"{where}, rx")
    translation = numbers([value["tx"], value["ty"], value["tz"]], [(3,)], path, f"{where}, tx")
    k1, k2, k3 = (number(row.get(column) or 0.0, path, f"{where}, {column}") for column in ("k1", "k2", "k3"))
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
            camera.K[0, 2] / width,
            camera.K[1, 2] / height,
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
