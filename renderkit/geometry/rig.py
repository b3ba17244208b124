"""A set of cameras that belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from renderkit.geometry.camera import Camera
from renderkit.notebook import table_html

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
    unit: str = "unknown"
    source: str = ""

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "cameras", MappingProxyType(dict(self.cameras)))

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
        return self.cameras[name]

    def _repr_html_(self) -> str:
        """Show the cameras in a notebook, the first of many."""
        rows: list[tuple[str, ...]] = [
            (name, f"{camera.width} x {camera.height}", f"{camera.K[0, 0]:.6g}", camera.distortion.model)
            for name, camera in list(self.cameras.items())[:_SHOWN]
        ]
        if len(self) > _SHOWN:
            rows.append((f"and {len(self) - _SHOWN} more", "", "", ""))
        return table_html(("camera", "size px", "fx px", "lens"), rows)
