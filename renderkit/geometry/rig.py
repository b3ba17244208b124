"""A set of cameras that belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from renderkit.errors import ArgumentError
from renderkit.geometry.camera import Camera
from renderkit.notebook import table_html
from renderkit.wording import list_names

Unit: TypeAlias = Literal["m", "mm", "unknown"]
"""The world unit."""

UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Rig:
    """Calibrated cameras by name, in the order of their file.

    Attributes:
        cameras: Camera by name.
        unit: The world unit: "m", "mm" or "unknown".
        source: What it was read from, for messages.

    Example:
        >>> from renderkit.geometry.camera import Camera
        >>> rig = Rig({"25": Camera.look_at((0, 0, 3), (0, 0, 0), size=(640, 480), name="25")}, unit="m")
        >>> rig["25"].project((0, 0, 0)).tolist()
        [319.5, 239.5]
    """

    cameras: Mapping[str, Camera]
    unit: Unit = "unknown"
    source: str = ""

    def __post_init__(self) -> None:
        """Check and freeze the mapping.

        Raises:
            ValueError: If the cameras are not cameras by name, or the unit is not known.
        """
        object.__setattr__(self, "cameras", MappingProxyType(cameras_by_name(self.cameras)))
        if self.unit not in UNITS:
            raise ValueError(f"unit: expected one of {', '.join(UNITS)}, got {self.unit!r}")

    def __len__(self) -> int:
        """Return the number of cameras."""
        return len(self.cameras)

    def __iter__(self) -> Iterator[Camera]:
        """Iterate over the cameras."""
        return iter(self.cameras.values())

    def __getitem__(self, name: str) -> Camera:
        """Return the camera called `name`.

        Raises:
            KeyError: If there is none.
        """
        try:
            return self.cameras[name]
        except KeyError:
            known = list_names(list(self.cameras), _SHOWN) or "none"
            text = "" if isinstance(name, str) else f"; names are texts, got {type(name).__name__}"
            raise KeyError(f"no camera is called {name!r}; the cameras are: {known}{text}") from None

    def _repr_html_(self) -> str:
        """Show the cameras in a notebook, the first of many."""
        rows: list[tuple[str, ...]] = [
            (name, f"{camera.width} x {camera.height}", f"{camera.K[0, 0]:.6g}", camera.distortion.model)
            for name, camera in list(self.cameras.items())[:_SHOWN]
        ]
        if len(self) > _SHOWN:
            rows.append((f"and {len(self) - _SHOWN} more", "", "", ""))
        return table_html(("camera", "size px", "fx px", "lens"), rows)


def cameras_by_name(cameras: object) -> dict[str, Camera]:
    """Return cameras by name as a dictionary of its own.

    Raises:
        ValueError: If they are something else, such as a list.
    """
    if not isinstance(cameras, Mapping):
        raise ArgumentError(
            f"cameras: expected cameras by name, such as {{'left': camera}}, got {type(cameras).__name__}; for a list: "
            f"{{camera.name: camera for camera in cameras}}"
        )
    for name, camera in cameras.items():
        if not isinstance(camera, Camera):
            raise ArgumentError(f"cameras[{name!r}]: expected a Camera, got {type(camera).__name__}")
        if not isinstance(name, str):
            raise ArgumentError(f"cameras: expected texts as names, got {name!r}")
    return dict(cameras)
