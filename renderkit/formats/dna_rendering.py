"""DNA-Rendering captures: SMC files (HDF5), pictures in `<name>.smc`, mattes and cameras in `<name>_annots.smc`.

The direction of RT is not documented: both readings are tried, and the one whose optical axes meet in front of the
cameras is taken and named. Metres. Source: the dataset's SMCReader: Camera_5mp and Camera_12mp hold
`<camera>/color/<frame>`, Mask holds `<camera>/mask/<frame>`; camera keys are not padded.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from renderkit.capture import Capture, Frame, Inventory, MissingPart, Unit, View
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import CaptureOptions, Format
from renderkit.formats.rig_cameras import RigCameras
from renderkit.formats.smc_calibration import by_number, read_smc_cameras
from renderkit.formats.smc_files import SmcFiles
from renderkit.geometry.camera import Camera
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.content import Content, numbers, size_at
from renderkit.untrusted.hdf5 import HDF5_MAGIC, Hdf5File
from renderkit.untrusted.hdf5_child import Hdf5Child

_GROUP = "Camera_Parameter"
_PICTURES = ("Camera_5mp", "Camera_12mp")
_UNREAD = ("Keypoints_2D", "Keypoints_3D", "SMPLx")
_NO_ENTRY = "the entry is missing"
_ANNOTATIONS = "_annots"


class DnaRenderingCapture(Capture):
    """One sequence of one actor, from its two SMC files or either of them. It holds no mesh.

    A capture can be pickled: it is opened again on the other side.

    Attributes:
        path: The file that was asked for; its sibling is opened too.
        dataset: "dna-rendering".
        unit: "m".
    """

    dataset = "dna-rendering"
    unit: Unit = "m"

    def __init__(self, path: Path, child: Hdf5Child | None = None) -> None:
        """Open the capture; `child` parses its files, see `SmcFiles`.

        Raises:
            DatasetError: If a file is not a readable HDF5 file, or neither has cameras.
        """
        self.path = path
        self.files = _open_files(path, child)
        try:
            self._cameras = RigCameras(_read_rig(self.files, path))
        except DatasetError:
            self.files.close()
            raise
        self._frame_ids = self._list_frames()

    def __reduce__(self) -> tuple[Callable[..., DnaRenderingCapture], tuple[Path]]:
        """Pickle as what to open."""
        return type(self), (self.path,)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Keys of the calibrated cameras."""
        return self._cameras.names

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """Keys of all frames of which there is a picture or a matte; "0" where there is none."""
        return self._frame_ids

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The capture's one or two files."""
        return tuple(file.path for file in self.files.files)

    def camera(self, name: str) -> Camera:
        """Return one camera; see `Capture.camera`."""
        return self._cameras[name]

    def frame(self, frame_id: str) -> Frame:
        """Describe one instant; see `Capture.frame`."""
        if frame_id not in self._frame_ids:
            raise KeyError(frame_id)
        return Frame(frame_id)

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; see `Capture.view`."""
        if frame_id not in self._frame_ids:
            raise KeyError(frame_id)
        return View(
            frame_id, self.camera(camera_name), self._image(frame_id, camera_name), self._mask(frame_id, camera_name)
        )

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing."""
        have = {"calibration": tuple(camera.name for camera in self._cameras.rig.cameras)}
        missing = [MissingPart("calibration", note) for note in self._cameras.rig.notes]
        for kind, find in (("image", self._image), ("mask", self._mask)):
            names = tuple(
                name for name in self.camera_names if any(find(frame, name) is not None for frame in self._frame_ids)
            )
            have |= {kind: names} if names else {}
            missing += MissingPart.of_cameras(kind, names, self.camera_names)
        if self.files.missing_sibling is not None:
            missing.append(MissingPart("file", f"{self.files.missing_sibling.name} is not beside the file."))
        unread = [group for group in _UNREAD if group in self.files.keys()]  # noqa: SIM118 - a group's keys
        if unread:
            missing.append(MissingPart("landmarks", f"{', '.join(unread)}: there, but not read."))
        missing.append(MissingPart("mesh", "No mesh: give one with --mesh FILE."))
        return Inventory(self.dataset, self.unit, self.camera_names, self.frame_ids, have, {}, {}, tuple(missing))

    def close(self) -> None:
        """Close the files."""
        self.files.close()

    def _image(self, frame_id: str, camera_name: str) -> EncodedImage | None:
        found = (self.files.encoded(group, camera_name, "color", frame_id) for group in _PICTURES)
        return next((picture for picture in found if picture is not None), None)

    def _mask(self, frame_id: str, camera_name: str) -> EncodedImage | None:
        return self.files.encoded("Mask", camera_name, "mask", frame_id)

    def _list_frames(self) -> tuple[str, ...]:
        groups = [(group, name, "color") for group in _PICTURES for name in self.files.keys(group)]
        groups += [("Mask", name, "mask") for name in self.files.keys("Mask")]
        return tuple(sorted({key for group in groups for key in self.files.keys(*group)}, key=by_number)) or ("0",)


def matches(content: Content) -> bool:
    """Return True for HDF5 with Camera_Parameter, or with pictures whose annotations beside have it."""
    if not content.head.startswith(HDF5_MAGIC):
        return False
    with closing(Hdf5File(content.path, content.hdf5_child)) as file:
        keys = file.keys()
    return _GROUP in keys or not set(_PICTURES).isdisjoint(keys)


def read_cameras(content: Content) -> RawRig:
    """Read Camera_Parameter; the direction of RT is tested, see the notes of the result."""
    with _open_files(content.path, content.hdf5_child) as files:
        return _read_rig(files, content.path)


def _open_files(path: Path, child: Hdf5Child | None = None) -> SmcFiles:
    stem = path.stem
    other = stem.removesuffix(_ANNOTATIONS) if stem.endswith(_ANNOTATIONS) else f"{stem}{_ANNOTATIONS}"
    return SmcFiles(path, (path.with_name(f"{other}{path.suffix}"),), child)


def _read_rig(files: SmcFiles, path: Path) -> RawRig:
    names = sorted(files.keys(_GROUP), key=by_number)
    if not names:
        beside = "" if files.missing_sibling is None else f", and {files.missing_sibling.name} is not beside it"
        raise DatasetError(path, _GROUP, f"the cameras are missing here{beside}")
    # This module is loaded to tell other SMC files apart, too.
    from renderkit.formats.pose_direction import measure_direction  # noqa: PLC0415

    read = read_smc_cameras(files, _GROUP, names, path, no_entry=lambda _: _NO_ENTRY)
    sizes = _sizes(files, path)
    cameras = tuple(replace(camera, size=sizes.get(camera.name)) for camera in read.cameras)
    found = measure_direction(cameras)
    cameras = tuple(replace(camera, direction=found.best) for camera in cameras)
    note = f"the direction of RT is undocumented; read as {found.best} ({found.evidence})"
    return RawRig(cameras, path, "m", notes=(note, *read.notes), failed=read.failed, order=tuple(names))


def _sizes(files: SmcFiles, path: Path) -> dict[str, tuple[int, int]]:
    sizes: dict[str, tuple[int, int]] = {}
    for group in _PICTURES:
        resolution = files.attribute("resolution", group)
        if resolution is not None:
            height, width = numbers(resolution, [(2,)], path, f"{group}.resolution")
            sizes |= dict.fromkeys(files.keys(group), size_at(width, height, path, f"{group}.resolution"))
    return sizes


def _open(content: Content, options: CaptureOptions) -> Capture:  # noqa: ARG001 - one signature for all
    return DnaRenderingCapture(content.path, content.hdf5_child)


FORMAT = Format(
    name="dna-rendering",
    title="DNA-Rendering capture (.smc)",
    matches=matches,
    read_cameras=read_cameras,
    open_capture=_open,
    unit="m",
)
