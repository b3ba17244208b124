"""A set of cameras that belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from renderkit.geometry.camera import Camera


@dataclass(frozen=True, eq=False)
class Rig:
    """Calibrated cameras by name, in the order of their file.

    Attributes:
        cameras: Camera by name.
        unit: The world unit: "m", "mm" or "unknown".
        source: What it was read from, for messages.
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
        """Return the camera called `name`."""
        return self.cameras[name]
