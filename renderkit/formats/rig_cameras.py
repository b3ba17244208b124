"""The cameras of a capture: those of its camera file, each checked when it is asked for."""

from __future__ import annotations

from renderkit.errors import CalibrationError
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.sizes import with_sizes
from renderkit.geometry.camera import Camera


class RigCameras:
    """Cameras by name, made from the same `RawRig` that `read_rig` checks as a whole.

    A camera that is invalid raises for itself only.

    Attributes:
        rig: The cameras as stated, with their image sizes filled in.
    """

    def __init__(self, rig: RawRig) -> None:
        """Fill in image sizes where the file states none."""
        self.rig = rig if all(camera.size is not None for camera in rig.cameras) else with_sizes(rig, None)
        self._stated = {camera.name: camera for camera in self.rig.cameras}
        self._checked: dict[str, Camera] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all cameras, those that cannot be read among them, in the file's order."""
        return self.rig.names

    def stated(self, name: str) -> RawCamera | None:
        """Return a camera as its file states it; None if it cannot be read."""
        return self._stated.get(name)

    def __getitem__(self, name: str) -> Camera:
        """Return one checked camera.

        Raises:
            KeyError: If there is no such camera.
            CalibrationError: If its calibration is missing or invalid.
        """
        if name not in self._checked:
            failure = self.rig.failed.get(name)
            if failure is not None:
                raise CalibrationError(failure.path, failure.key, failure.why) from failure
            self._checked[name] = self.rig.checked(self._stated[name])
        return self._checked[name]
