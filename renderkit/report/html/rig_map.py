"""The rig from above: where each camera stands, where it looks, and whether it is off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.frustum import up_direction
from renderkit.geometry.rig import Rig
from renderkit.report.html.camera_view import CameraView

_RADIUS = 84.0
_MOST_LABELS = 16
_LABEL_AWAY = np.array([17.0, 13.0])
"""Distance of a name from its camera along x and y: names are wider than high."""

_LABEL_HEIGHT = 9.0
BAD_STATES = ("failed", "gate", "off")


@dataclass(frozen=True)
class MapCamera:
    """One camera of the map; coordinates run from -100 to 100, y down.

    Attributes:
        view: The camera.
        x: Place.
        y: Place.
        turn_deg: Where it looks: 0 is right, 90 down.
        label: Its name where there is room for it.
        label_x: Where the name stands, outside of the camera.
        label_y: Where the name stands.
    """

    view: CameraView
    x: float
    y: float
    turn_deg: float
    label: str
    label_x: float
    label_y: float


def map_rig(rig: Rig | None, views: Sequence[CameraView]) -> tuple[MapCamera, ...]:
    """Return the cameras of a run as they stand seen from above; () without cameras in space.

    Up is what is up in most pictures. The bad ones come last, so that they are drawn over the others.
    """
    once: dict[str, CameraView] = {}
    for view in views:
        once.setdefault(view.name, view)
    known = [] if rig is None else [(view, rig.cameras[name]) for name, view in once.items() if name in rig.cameras]
    if not known:
        return ()
    places, looks = _from_above([camera for _, camera in known])
    made = [_placed(view, place, look) for (view, _), place, look in zip(known, places, looks, strict=True)]
    return tuple(sorted(_labelled(made), key=lambda one: one.view.state in BAD_STATES))


def _labelled(cameras: Sequence[MapCamera]) -> list[MapCamera]:
    """Name the bad cameras, and the others where they are few; no name stands on another."""
    bad = [one for one in cameras if one.view.state in BAD_STATES]
    wanted = [*bad, *(one for one in cameras if one not in bad)] if len(cameras) <= _MOST_LABELS else bad
    taken: list[MapCamera] = []
    for one in wanted[:_MOST_LABELS]:
        width = 5.5 * max(2, min(len(one.view.name), 9))
        free = all(
            abs(one.label_x - other.label_x) >= width or abs(one.label_y - other.label_y) >= _LABEL_HEIGHT
            for other in taken
        ) and all(math.hypot(one.label_x - other.x, one.label_y - other.y) >= _LABEL_HEIGHT for other in cameras)
        if free or one in bad:
            taken.append(one)
    return [replace(one, label=one.view.name) if one in taken else one for one in cameras]


def _placed(view: CameraView, place: FloatArray, look: FloatArray) -> MapCamera:
    length = float(np.hypot(*place))
    away = place / length if length > 1.0 else -look
    label = place + _LABEL_AWAY * away
    return MapCamera(
        view,
        x=round(float(place[0]), 1),
        y=round(float(place[1]), 1),
        turn_deg=round(float(np.degrees(np.arctan2(look[1], look[0]))), 1),
        label="",
        label_x=round(float(label[0]), 1),
        label_y=round(float(label[1]), 1),
    )


def _from_above(cameras: Sequence[Camera]) -> tuple[FloatArray, FloatArray]:
    """Return (N, 2) places and (N, 2) viewing directions in the plane across the common up direction."""
    centers = np.array([camera.center_world for camera in cameras])
    axes = np.array([camera.optical_axis_world for camera in cameras])
    up = up_direction(cameras)
    # The first camera stands at the bottom, looking up the page.
    ahead = axes[0] - (axes[0] @ up) * up
    if np.linalg.norm(ahead) < 1e-6:
        ahead = np.cross(up, np.eye(3)[np.argmin(np.abs(up))])
    ahead = ahead / np.linalg.norm(ahead)
    plane = np.stack([np.cross(ahead, up), -ahead])
    places = (centers - 0.5 * (centers.min(axis=0) + centers.max(axis=0))) @ plane.T
    size = float(np.abs(places).max())
    return places * (_RADIUS / size if size > 0.0 else 0.0), axes @ plane.T
