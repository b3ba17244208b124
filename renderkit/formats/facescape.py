"""FaceScape multi-view tuples: `<id>/<n_expression>/{0.jpg, 1.jpg, ..., params.json}`.

params.json has flat keys `<view>_K`, `<view>_Rt`, `<view>_distortion`, `<view>_width`, `<view>_height`:
world-to-camera, OpenCV axes. World and scale differ for every tuple, so the unit is unknown. Source: the FaceScape
toolkit; K is documented as 4x4 and is 3x3 in code. Sizes differ per view. Views with `<view>_valid` false have
unreliable parameters and are skipped. No masks and no landmarks are shipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from renderkit.capture import Capture, Frame, Inventory, MissingPart, SkippedCamera, Unit, View
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, read_each
from renderkit.formats.format import CaptureOptions, Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import coefficients_at, extrinsics_at, intrinsics_at
from renderkit.formats.names import integer_names
from renderkit.formats.rig_cameras import RigCameras
from renderkit.formats.unread import unread_notes
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.content import Content, field, flag_at, size_at
from renderkit.untrusted.json_text import read_json_object
from renderkit.writing import write_json

PARAMS_NAME = "params.json"
MAX_PARAMS_BYTES = 64 << 20
"""params.json files above this size are refused; real ones have some 100 kB."""

_LIMITS = Expressible(brown_conrady=5)
_KEY = re.compile(r"(\d{1,6})_(K|Rt|distortion|width|height|matches|valid|sn|ori)", re.ASCII)
_ANY_KEY = re.compile(r"(\d{1,6})_(.+)", re.ASCII)
_VARIANT = "_mview"


@dataclass(frozen=True, eq=False)
class _Params:
    """params.json: its views, and which of them the dataset calls valid."""

    path: Path
    values: Mapping[str, Any]
    views: tuple[str, ...]
    valid: Mapping[str, bool]

    @classmethod
    def read(cls, path: Path) -> _Params:
        """Read the file.

        Raises:
            DatasetError: If it is missing, too large, not JSON, describes no view, or a view's "valid" is no flag.
        """
        values = read_json_object(path, MAX_PARAMS_BYTES)
        # Names are rebuilt from digits, so no key can name a file outside the folder.
        names = {match[1] for match in map(_KEY.fullmatch, values) if match}
        if not names:
            raise DatasetError(path, None, "expected keys such as 0_K, 0_Rt, 0_width; found none")
        views = tuple(sorted(names, key=lambda name: (int(name), name)))
        valid = {name: flag_at(values.get(f"{name}_valid", True), path, f"{name}_valid") for name in views}
        return cls(path, MappingProxyType(values), views, MappingProxyType(valid))

    def camera(self, view: str) -> RawCamera:
        """Read one view's camera.

        Raises:
            DatasetError: If an entry is missing or malformed.
        """
        path, values = self.path, self.values
        K = intrinsics_at(field(values, f"{view}_K", path), path, f"{view}_K")
        pose = extrinsics_at(field(values, f"{view}_Rt", path), path, f"{view}_Rt")
        lens = coefficients_at(values.get(f"{view}_distortion"), path, f"{view}_distortion")
        width, height = field(values, f"{view}_width", path), field(values, f"{view}_height", path)
        return RawCamera(view, K, pose, coefficients=lens, size=size_at(width, height, path, f"{view}_width"))

    def rig(self, views: tuple[str, ...]) -> RawRig:
        """Read the cameras of `views`, each for itself."""
        cameras, failed = read_each(views, self.camera)
        invalid = [view for view in self.views if not self.valid[view]]
        notes = (f"left out as not valid: {', '.join(invalid)}",) if invalid else ()
        return RawRig(cameras, self.path, notes=(*notes, *self._unread()), failed=failed, order=views)

    def _unread(self) -> tuple[str, ...]:
        unknown = [key for key in self.values if _KEY.fullmatch(key) is None]
        per_view = [{found[2]: found[0]} for key in unknown if (found := _ANY_KEY.fullmatch(key)) is not None]
        others = {key: key for key in unknown if _ANY_KEY.fullmatch(key) is None}
        return (*unread_notes(per_view, (), per="view"), *unread_notes([others], (), per=None))


def _params_path(path: Path) -> Path:
    return path / PARAMS_NAME if path.is_dir() else path


def matches(content: Content) -> bool:
    """Return True for JSON with keys like 0_K and 0_Rt, or a folder with a params.json."""
    if content.is_folder:
        return content.has(PARAMS_NAME)
    value = content.json_or_none
    if not isinstance(value, Mapping):
        return False
    if any(key.endswith("_Rt") and f"{key[:-3]}_K" in value for key in value):
        return True
    return content.path.name == PARAMS_NAME and not any(isinstance(each, Mapping) for each in value.values())


def read_cameras(content: Content) -> RawRig:
    """Read the valid views of params.json."""
    params = _Params.read(_params_path(content.path))
    return params.rig(tuple(view for view in params.views if params.valid[view]))


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write params.json; views are numbered."""
    ids, notes = integer_names(tuple(rig.cameras))
    top: dict[str, object] = {}
    for view, camera in zip(ids, rig, strict=True):
        lens = camera.distortion
        coefficients = lens.padded[:5] if isinstance(lens, BrownConrady) else np.zeros(5)
        top |= {
            f"{view}_K": camera.K.tolist(),
            f"{view}_Rt": camera.cam_from_world.matrix[:3].tolist(),
            f"{view}_distortion": coefficients.tolist(),
            f"{view}_width": camera.width,
            f"{view}_height": camera.height,
            f"{view}_valid": True,
        }
    write_json(path, top, indent=1)
    return notes


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
            path: The tuple's folder, or the camera file in it.
            mesh_root: Folder of the released models, `<mesh_root>/<id>/<n_expression>.ply`, if not beside the pictures.
            include_invalid: Offer the views that the dataset calls unreliable as well.

        Raises:
            DatasetError: If params.json is missing, too large, not JSON, or describes no view.
        """
        given = Path(path)
        self.path = given.parent if given.is_file() or given.name == PARAMS_NAME else given
        self._mesh_root = None if mesh_root is None else Path(mesh_root)
        self._include_invalid = include_invalid
        self._params = _Params.read(_params_path(given) if given.is_file() else self.path / PARAMS_NAME)
        self._cameras = RigCameras(self._params.rig(self._params.views))
        self._frame_id = self.path.absolute().name

    def __reduce__(self) -> tuple[Callable[..., FaceScapeCapture], tuple[Path, Path | None, bool]]:
        """Pickle as what to open."""
        return _reopen, (self._params.path, self._mesh_root, self._include_invalid)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Indices of the views that the dataset calls valid (of all, with `include_invalid`)."""
        valid = self._params.valid
        return tuple(name for name in self._params.views if self._include_invalid or valid[name])

    @property
    def skipped_cameras(self) -> tuple[SkippedCamera, ...]:
        """Views that params.json marks as not valid."""
        skipped = (name for name in self._params.views if name not in self.camera_names)
        return tuple(SkippedCamera(name, f"{name}_valid is false: its parameters are not reliable") for name in skipped)

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The folder's name, such as "4_anger"."""
        return (self._frame_id,)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """params.json, whole and as it is."""
        return self._params.values

    def camera(self, name: str) -> Camera:
        """Return one camera, also one of the skipped; see `Capture.camera`."""
        return self._cameras[name]

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

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The folder's files and the model, wherever it was found."""
        model = self.mesh_path()
        return tuple(dict.fromkeys([*super().files_read, *([] if model is None else [model])]))

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing."""
        with_picture = tuple(name for name in self.camera_names if self._picture(name) is not None)
        missing = [
            MissingPart("mask", "No mattes: FaceScape ships none; give them with --masks DIR."),
            MissingPart("landmarks", "No landmarks: FaceScape ships none; give them with --landmarks FILE."),
            *MissingPart.of_cameras("image", with_picture, self.camera_names),
        ]
        if self.mesh_path() is None:
            where = f"expected {self._frame_id}.ply beside the folder; give --mesh-root DIR or --mesh FILE"
            missing.append(MissingPart("mesh", f"No model: {where}."))
        annotations = {"calibration": self.camera_names, "image": with_picture}
        frames = {} if self.mesh_path() is None else {"scan": self.frame_ids}
        attributes = {"id": self._subject(), "expression": self._frame_id, "views": str(len(self._params.views))}
        attributes["skipped"] = str(len(self.skipped_cameras))
        return Inventory(
            self.dataset, self.unit, self.camera_names, self.frame_ids, annotations, frames, attributes, tuple(missing)
        )

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


def _open(content: Content, options: CaptureOptions) -> FaceScapeCapture:
    return FaceScapeCapture(content.path, mesh_root=options.mesh_root)


FORMAT = Format(
    name="facescape",
    title="FaceScape tuple (params.json)",
    matches=matches,
    read_cameras=read_cameras,
    open_capture=_open,
    write=write,
    limits=_LIMITS,
)
