"""FaceScape multi-view tuples: `<id>/<n_expression>/{0.jpg, 1.jpg, ..., params.json}`.

`v_Rt` is world-to-camera, OpenCV axes; world and scale differ for every tuple, so the unit is unknown. Sizes differ per
view. Views whose `v_valid` is false have unreliable parameters and are skipped. No masks and no landmarks are shipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from renderkit.capture import Capture, Frame, Inventory, SkippedCamera, Unit, View
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.calibration import make_camera
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.json_text import read_json_object

PARAMS_NAME = "params.json"
MAX_PARAMS_BYTES = 64 << 20
"""params.json files above this size are refused; real ones have some 100 kB."""

_KEY = re.compile(r"(\d{1,6})_(K|Rt|distortion|width|height|matches|valid|sn|ori)", re.ASCII)
_VARIANT = "_mview"


@dataclass(frozen=True)
class ViewOrigin:
    """What params.json says about a view beside its calibration; None where it does not say.

    Attributes:
        valid: False when the dataset calls the parameters unreliable.
        matches: Number of valid feature matches in the reconstruction.
        serial_number: Serial number of the camera body.
        original_name: File name of the original picture.
    """

    valid: bool
    matches: int | None
    serial_number: str | None
    original_name: str | None


class FaceScapeCapture(Capture):
    """One tuple: one subject in one expression, seen by some sixty cameras. It has one frame, named after the folder.

    A capture can be pickled: it is opened again on the other side.

    Attributes:
        path: The tuple's folder.
        dataset: "facescape".
        unit: "unknown": the scale differs for every tuple.
    """

    dataset = "facescape"
    unit: Unit = "unknown"

    def __init__(self, path: str | Path, *, mesh_root: str | Path | None = None, include_invalid: bool = False) -> None:
        """Open the folder.

        Args:
            path: The tuple's folder, or the params.json in it.
            mesh_root: Folder of the released models, `<mesh_root>/<id>/<n_expression>.ply`, if not beside the pictures.
            include_invalid: Offer the views that the dataset calls unreliable as well.

        Raises:
            DatasetError: If params.json is missing, too large, not JSON, or describes no view.
        """
        given = Path(path)
        self.path = given.parent if given.name == PARAMS_NAME else given
        self._mesh_root = None if mesh_root is None else Path(mesh_root)
        self._include_invalid = include_invalid
        self._params_path = self.path / PARAMS_NAME
        self._params = read_json_object(self._params_path, MAX_PARAMS_BYTES)
        # Names are rebuilt from digits, so no key can name a file outside the folder.
        names = {match[1] for match in map(_KEY.fullmatch, self._params) if match}
        if not names:
            raise DatasetError(self._params_path, None, "expected keys such as 0_K, 0_Rt, 0_width; found none")
        self._views = tuple(sorted(names, key=lambda name: (int(name), name)))
        self._frame_id = self.path.absolute().name

    def __reduce__(self) -> tuple[Callable[..., FaceScapeCapture], tuple[Path, Path | None, bool]]:
        """Pickle as what to open."""
        return _reopen, (self.path, self._mesh_root, self._include_invalid)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Indices of the views that the dataset calls valid (of all, with `include_invalid`)."""
        return tuple(name for name in self._views if self._include_invalid or self.origin(name).valid)

    @property
    def skipped_cameras(self) -> tuple[SkippedCamera, ...]:
        """Views that params.json marks as not valid."""
        skipped = (name for name in self._views if not self._include_invalid and not self.origin(name).valid)
        return tuple(SkippedCamera(name, f"{name}_valid is false: its parameters are not reliable") for name in skipped)

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The folder's name, such as "4_anger"."""
        return (self._frame_id,)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """params.json, whole and as it is."""
        return MappingProxyType(self._params)

    def origin(self, name: str) -> ViewOrigin:
        """Return what params.json says about a view beside its calibration.

        Raises:
            KeyError: If there is no such view.
        """
        if name not in self._views:
            raise KeyError(name)
        matches = self._params.get(f"{name}_matches")
        serial, original = self._params.get(f"{name}_sn"), self._params.get(f"{name}_ori")
        return ViewOrigin(
            bool(self._params.get(f"{name}_valid", True)),
            matches if isinstance(matches, int) else None,
            None if serial is None else str(serial),
            None if original is None else str(original),
        )

    def camera(self, name: str) -> Camera:
        """Read one camera, also one of the skipped; see `Capture.camera`."""
        if name not in self._views:
            raise KeyError(name)
        values: dict[str, Any] = {}
        for field in ("K", "Rt", "distortion", "width", "height"):
            values[field] = self._params.get(f"{name}_{field}")
            if values[field] is None:
                raise CalibrationError(self._params_path, f"{name}_{field}", f"camera {name} lacks this entry")
        size = (values["width"], values["height"])
        if not all(isinstance(side, int) or (isinstance(side, float) and side.is_integer()) for side in size):
            raise CalibrationError(self._params_path, f"{name}_width", f"expected whole px, found {size}")
        return make_camera(
            self._params_path,
            name,
            values["K"],
            values["distortion"],
            values["Rt"],
            "cam_from_world",
            (int(size[0]), int(size[1])),
        )

    def frame(self, frame_id: str) -> Frame:
        """Describe the tuple; see `Capture.frame`."""
        if frame_id != self._frame_id:
            raise KeyError(frame_id)
        file = self.mesh_path()
        return Frame(frame_id, {} if file is None else {"scan": lambda: Mesh.read(file)})

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one view; see `Capture.view`."""
        if frame_id != self._frame_id:
            raise KeyError(frame_id)
        camera = self.camera(camera_name)
        file = self._picture(camera_name)
        return View(frame_id, camera, None if file is None else EncodedImage.from_file(file))

    def mesh_path(self) -> Path | None:
        """Return the tuple's model file, beside the folder, in it, or under `mesh_root`; None if there is none."""
        return next((file for file in self._mesh_candidates() if file.is_file()), None)

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing."""
        with_picture = tuple(name for name in self.camera_names if self._picture(name) is not None)
        without = [name for name in self.camera_names if name not in with_picture]
        missing = ["No masks: FaceScape ships none; give them with --masks DIR."]
        missing.append("No landmarks: FaceScape ships none; give them with --landmarks FILE.")
        if without:
            missing.append(f"No picture for camera {', '.join(without)}.")
        if self.mesh_path() is None:
            missing.append(
                f"No model: expected {self._frame_id}.ply beside the folder; give --mesh-root DIR or --mesh FILE."
            )
        annotations = {"calibration": self.camera_names, "image": with_picture}
        frames = {} if self.mesh_path() is None else {"scan": self.frame_ids}
        attributes = {"id": self._subject(), "expression": self._frame_id, "views": str(len(self._views))}
        attributes["skipped"] = str(len(self.skipped_cameras))
        return Inventory(
            self.dataset, self.unit, self.camera_names, self.frame_ids, annotations, frames, attributes, tuple(missing)
        )

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _subject(self) -> str:
        return self.path.absolute().parent.name

    def _picture(self, name: str) -> Path | None:
        files = (self.path / f"{int(name)}{suffix}" for suffix in (".jpg", ".jpeg", ".JPG", ".png"))
        return next((file for file in files if file.is_file()), None)

    def _mesh_candidates(self) -> list[Path]:
        plain = self._frame_id.removesuffix(_VARIANT)
        names = list(dict.fromkeys([self._frame_id, plain, f"{plain}{_VARIANT}"]))
        subject, folder = self._subject(), self.path.absolute()
        places = [folder.parent, folder]
        if self._mesh_root is not None:
            subjects = dict.fromkeys([subject, subject.removesuffix(_VARIANT), f"{subject}{_VARIANT}"])
            # A mesh root that was given comes first: it was given for a reason.
            places = [*(self._mesh_root / each for each in subjects), self._mesh_root, *places]
        return [place / f"{name}.ply" for place in places for name in names]


def _reopen(path: Path, mesh_root: Path | None, include_invalid: bool) -> FaceScapeCapture:
    return FaceScapeCapture(path, mesh_root=mesh_root, include_invalid=include_invalid)
