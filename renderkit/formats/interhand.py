"""InterHand2.6M's cameras by column: {"campos": {camera: 3}, "camrot": {camera: 3x3}, "focal": .., "princpt": ..}, mm.

The columns stand at the top level or below one capture: x = camrot (X - campos), OpenCV axes, no distortion, no image
size. Pixel (0, 0) is taken as the CENTRE of the top-left pixel. Source: InterHand2.6M, common/utils/transforms.py
(world2cam, cam2pixel) and data/InterHand2.6M/dataset.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics, pose_from_center, read_each
from renderkit.formats.format import Format
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, Untrusted, field, mapping_at, numbers
from renderkit.wording import list_names

_COLUMNS = ("campos", "camrot", "focal", "princpt")


def matches(content: Content) -> bool:
    """Return True for JSON with the four columns, or with nothing but captures that have them."""
    value = content.json_or_none
    if not isinstance(value, Mapping) or not value:
        return False
    return any(all(_is_table(one) for one in level) for level in ([value], value.values()))


def _is_table(value: Untrusted) -> bool:
    return isinstance(value, Mapping) and set(_COLUMNS) <= value.keys()


def read(content: Content) -> RawRig:
    """Read the cameras of a file of one capture.

    Raises:
        DatasetError: If the file has several captures, which are rigs of their own.
    """
    path = content.path
    top = mapping_at(content.json, path, None)
    tables = {"": top} if _is_table(top) else top
    if not tables:
        raise DatasetError(path, "campos", "the file has no camera")
    if len(tables) > 1:
        why = f"InterHand2.6M's cameras of the captures {list_names(list(tables))}: each is a rig of its own"
        raise DatasetError(path, None, f"{why}; write the columns of one capture into a file")
    (capture, stated), *_ = tables.items()
    table = mapping_at(stated, path, capture or None)
    where = f"{capture}." if capture else ""
    columns = {key: mapping_at(field(table, key, path, where), path, f"{where}{key}") for key in _COLUMNS}
    names = list(columns["camrot"])
    cameras, failed = read_each(names, lambda name: _read_camera(name, columns, path, where))
    notes = unread_notes([table], _COLUMNS, per=None)
    return RawRig(cameras, path, "mm", notes=notes, failed=failed, order=tuple(names))


def _read_camera(name: str, columns: Mapping[str, Mapping[str, Untrusted]], path: Path, where: str) -> RawCamera:
    def values(key: str, shape: tuple[int, ...]) -> FloatArray:
        place = f"{where}{key}."
        return numbers(field(columns[key], name, path, place), [shape], path, f"{place}{name}")

    (fx, fy), (cx, cy) = values("focal", (2,)), values("princpt", (2,))
    pose = pose_from_center(values("camrot", (3, 3)), values("campos", (3,)))
    return RawCamera(name, intrinsics(fx, fy, cx, cy), pose)


FORMAT = Format(
    name="interhand",
    title="InterHand2.6M camera JSON",
    matches=matches,
    read_cameras=read,
    unit="mm",
)
