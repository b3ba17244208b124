"""HOT3D in BOP's layout: scene_camera.json with cam_model instead of cam_K; recognised and refused.

Its FISHEYE624 model has six radial, two tangential and four thin-prism terms on a fisheye, which no model of OpenCV
states. Source: BOP toolkit, docs/bop_datasets_format.md; Project Aria, "Camera intrinsic models".
"""

from __future__ import annotations

from collections.abc import Mapping

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import Format
from renderkit.untrusted.content import Content, field, mapping_at


def matches(content: Content) -> bool:
    """Return True for JSON whose entries hold cam_model, or a folder with such a scene_camera.json."""
    inside = Content(content.path / "scene_camera.json") if content.has("scene_camera.json") else content
    value = inside.json_or_none
    first = next(iter(value.values()), None) if isinstance(value, Mapping) else None
    return isinstance(first, Mapping) and "cam_model" in first and "cam_K" not in first


def read(content: Content) -> RawRig:
    """Refuse the file with its model's name and the nearest way in.

    Raises:
        CalibrationError: Always.
    """
    inside = Content(content.path / "scene_camera.json") if content.has("scene_camera.json") else content
    entries = mapping_at(inside.json, inside.path, None)
    if not entries:
        raise DatasetError(inside.path, None, "expected entries with cam_model; the file has none")
    name, first = next(iter(entries.items()))
    entry = mapping_at(first, inside.path, name)
    model = mapping_at(field(entry, "cam_model", inside.path, f"{name}."), inside.path, f"{name}.cam_model")
    kind = str(model.get("projection_model_type", "without a name"))[:60]
    why = (
        f"BOP cameras of HOT3D: the camera model {kind} has no counterpart in OpenCV's models; rectify the pictures "
        "to a pinhole (hot3d or projectaria_tools) and give cam_K"
    )
    raise CalibrationError(inside.path, f"{name}.cam_model", why)


FORMAT = Format(
    name="hot3d",
    title="HOT3D scene_camera.json (refused: its fisheye model)",
    matches=matches,
    read_cameras=read,
)
