"""A capture that changes something of another one and passes on the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.arguments import refused
from renderkit.capture import Capture, Frame, Inventory, SkippedCamera, UnframedScan, View
from renderkit.geometry.camera import Camera

if TYPE_CHECKING:
    from renderkit.flame.translation import TranslationChoice


class WrappedCapture(Capture):
    """Another capture, member by member; a subclass says what differs.

    Attributes:
        path, dataset, unit: As the other capture's.
    """

    def __init__(self, capture: Capture) -> None:
        """Keep the other capture, which is closed with this one.

        Raises:
            ArgumentError: If it is something else, such as a path.
        """
        if not isinstance(capture, Capture):
            raise refused("capture", "an opened capture (rk.open_capture)", capture)
        self._capture = capture
        self.path, self.dataset, self.unit = capture.path, capture.dataset, capture.unit

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The other capture's cameras."""
        return self._capture.camera_names

    @property
    def skipped_cameras(self) -> tuple[SkippedCamera, ...]:
        """The other capture's skipped cameras."""
        return self._capture.skipped_cameras

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The other capture's frames."""
        return self._capture.frame_ids

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The other capture's files."""
        return self._capture.files_read

    @property
    def needs_flame_topology(self) -> bool:
        """As the other capture."""
        return self._capture.needs_flame_topology

    @property
    def choose_flame_translation(self) -> Callable[[str], TranslationChoice] | None:
        """As the other capture."""
        return self._capture.choose_flame_translation

    def unframed_scan(self) -> UnframedScan | None:
        """Return the other capture's scan mattes, if it has such a scan."""
        return self._capture.unframed_scan()

    def camera(self, name: str) -> Camera:
        """Read one camera; see `Capture.camera`."""
        return self._capture.camera(name)

    def frame(self, frame_id: str) -> Frame:
        """Describe one instant; see `Capture.frame`."""
        return self._capture.frame(frame_id)

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; see `Capture.view`."""
        return self._capture.view(frame_id, camera_name)

    def inventory(self) -> Inventory:
        """Say what the other capture holds and what is missing."""
        return self._capture.inventory()

    def close(self) -> None:
        """Close the other capture."""
        self._capture.close()
