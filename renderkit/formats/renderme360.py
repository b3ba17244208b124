"""RenderMe-360 captures: SMC files, which are HDF5.

`RT` is camera-to-world, OpenCV axes, metres; `D` is k1 k2 p1 p2 k3. Camera keys are zero-padded, frame keys are not.
The file's own counts (`num_device`, `num_frame`) are not trusted: keys are enumerated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from renderkit.capture import Capture, Frame, Inventory, UnframedScan, Unit, View
from renderkit.errors import CalibrationError, DatasetError
from renderkit.flame.topology import FlameTopology, read_flame_topology
from renderkit.flame.translation import TranslationChoice, choose_translation, optical_axes_focus
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import CaptureOptions, Format
from renderkit.formats.renderme360_annotations import (
    SCHEME_2D,
    SCHEME_3D,
    Audio,
    FlameParameters,
    read_audio,
    read_flame,
    read_flame_array,
    read_landmarks,
    read_scan,
)
from renderkit.formats.renderme360_inventory import take_inventory
from renderkit.formats.rig_cameras import RigCameras
from renderkit.formats.smc_calibration import LIMITS, by_number, list_cameras, read_calibration, write_calibration
from renderkit.formats.smc_files import SmcFiles, half_of
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.content import Content
from renderkit.untrusted.hdf5 import HDF5_MAGIC, Hdf5File
from renderkit.untrusted.hdf5_child import Hdf5Child

_LOOKED_AT_ONCE = 16
"""Views whose data are looked for in one visit to the files."""

_GROUPS = {"Camera", "Calibration", "FLAME", "Keypoints2d", "Keypoints3d"}


class RenderMe360Capture(Capture):
    """One part of one subject, from a raw + anno pair of SMC files, a single file, or either half.

    A capture can be pickled: it is opened again on the other side.

    Attributes:
        path: The file that was asked for; its sibling is opened too.
        dataset: "renderme360".
        unit: "m".
    """

    dataset = "renderme360"
    unit: Unit = "m"

    def __init__(self, path: str | Path, *, flame: str | Path | None = None, child: Hdf5Child | None = None) -> None:
        """Open the capture.

        Args:
            path: Any of its files.
            flame: A file with FLAME's faces; see `flame_topology.read_flame_topology`.
            child: The process that parses its files; see `SmcFiles`.

        Raises:
            DatasetError: If a file is not a readable HDF5 file, holds no capture, or `flame` cannot be read.
        """
        self.path = Path(path)
        self._flame_path = None if flame is None else Path(flame)
        self._topology = None if flame is None else read_flame_topology(flame)
        self._translations: dict[str, TranslationChoice] = {}
        self._scan: Mesh | None = None
        self.files = SmcFiles(self.path, child=child)
        names, self._frame_ids = list_cameras(self.files), _list_frames(self.files)
        if not names and not self._frame_ids:
            self.files.close()
            raise DatasetError(
                self.path,
                None,
                "; ".join(self.files.damage)
                or "expected groups Camera, Calibration or FLAME of RenderMe-360; found none",
            )
        self._cameras = RigCameras(read_calibration(self.files, self.path, names, with_pictures=False))

    def __reduce__(self) -> tuple[Callable[..., RenderMe360Capture], tuple[Path, Path | None]]:
        """Pickle as what to open."""
        return _reopen, (self.path, self._flame_path)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Keys of all cameras that have a picture, a mask or a calibration."""
        return self._cameras.names

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """Keys of all frames that any camera or annotation has, in numeric order."""
        return self._frame_ids

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The capture's own attributes: actor_id, performance_part, capture_date, age, color, gender, ..."""
        return MappingProxyType(dict(self.files.attributes()))

    @property
    def topology(self) -> FlameTopology | None:
        """FLAME's faces, if a file with them was given."""
        return self._topology

    def camera(self, name: str) -> Camera:
        """Return one camera; see `Capture.camera`."""
        return self._cameras[name]

    def frame(self, frame_id: str) -> Frame:
        """Describe one instant; see `Capture.frame`.

        The scan belongs to a frame that the dataset does not name, so every frame offers it.
        """
        if frame_id not in self.frame_ids:
            raise KeyError(frame_id)
        readers: dict[str, Callable[[], Mesh]] = {}
        if self.files.find("Scan", "vertex") is not None:
            readers["scan"] = self._read_scan
        if self.files.find("FLAME", frame_id, "verts") is not None:
            readers["flame"] = lambda: self.flame_mesh(frame_id)
        return Frame(
            frame_id,
            readers,
            lambda: self.landmarks_3d(frame_id),
            {"flame": lambda: self.textured_flame_mesh(frame_id)} if "flame" in readers else {},
        )

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; see `Capture.view`."""
        if frame_id not in self.frame_ids:
            raise KeyError(frame_id)
        self._look_ahead(frame_id, camera_name)
        return View(
            frame_id,
            self.camera(camera_name),
            self.image(frame_id, camera_name),
            self.mask(frame_id, camera_name),
            lambda: self.landmarks_2d(frame_id, camera_name),
        )

    def _look_ahead(self, frame_id: str, camera_name: str) -> None:
        """Look where a view's data lie, and those of the cameras after it: they are asked for next, as a rule."""
        if self.files.knows("Camera", camera_name, "mask", frame_id):
            return
        names = self.camera_names
        first = names.index(camera_name) if camera_name in names else len(names)
        keys = [
            key
            for name in (camera_name, *names[first + 1 : first + _LOOKED_AT_ONCE])
            for key in (
                ("Camera", name, "color", frame_id), ("Camera", name, "mask", frame_id), ("Keypoints2d", name, frame_id)
            )
        ]  # fmt: skip
        self.files.look_for(*keys)

    def image(self, frame_id: str, camera_name: str) -> EncodedImage | None:
        """Return a photograph, calibrated camera or not; None if there is none."""
        return self.files.encoded("Camera", camera_name, "color", frame_id)

    def mask(self, frame_id: str, camera_name: str) -> EncodedImage | None:
        """Return a captured matte, calibrated camera or not; None if there is none."""
        return self.files.encoded("Camera", camera_name, "mask", frame_id)

    def landmarks_2d(self, frame_id: str, camera_name: str) -> Landmarks | None:
        """Return the (106, 2) landmarks detected in a picture, or None; only cameras 18 to 32 have them."""
        return read_landmarks(self.files, ("Keypoints2d", camera_name, frame_id), (106, 2), SCHEME_2D)

    def landmarks_3d(self, frame_id: str) -> Landmarks | None:
        """Return the (73, 3) landmarks of a frame in metres, or None."""
        return read_landmarks(self.files, ("Keypoints3d", frame_id), (73, 3), SCHEME_3D)

    def flame_parameters(self, frame_id: str) -> FlameParameters | None:
        """Return a frame's FLAME fit as stored, or None; expression parts only."""
        return read_flame(self.files, frame_id)

    def flame_mesh(self, frame_id: str) -> Mesh:
        """Return a frame's FLAME vertices in the world, with faces if a topology was given, else without.

        Raises:
            DatasetError: If the frame has no vertices, or they do not fit the topology.
        """
        vertices = self._stored_vertices(frame_id) + self.translation_choice(frame_id).offset
        try:
            if self._topology is None:
                return Mesh(vertices, np.zeros((0, 3), np.int32), name="flame")
            return self._topology.mesh(vertices)
        except ValueError as error:
            raise DatasetError(self.path, f"FLAME/{frame_id}/verts", str(error)) from error

    def textured_flame_mesh(self, frame_id: str) -> Mesh | None:
        """Return the FLAME mesh with the frame's UV texture; None without a texture or a topology that has UVs.

        Its first vertices are those of `flame_mesh`; copies along texture seams follow.

        Raises:
            DatasetError: If the frame has no vertices, the texture cannot be decoded, or they do not fit the topology.
        """
        texture = self.uv_texture(frame_id)
        if texture is None or self._topology is None or self._topology.uv_faces is None:
            return None
        vertices = self.flame_mesh(frame_id).vertices
        return self._topology.textured_mesh(vertices, texture.decode_color())

    def translation_choice(self, frame_id: str) -> TranslationChoice:
        """Say which translation the frame's stored vertices lack, chosen by evidence.

        Raises:
            DatasetError: If the frame has no FLAME vertices.
        """
        if frame_id not in self._translations:
            vertices = self._stored_vertices(frame_id)
            offsets = {}
            for name, part in (("trans", slice(0, 3)), ("cam", slice(1, 4))):
                stored = read_flame_array(self.files, frame_id, name)
                if stored is not None:
                    offsets[name] = stored[part]
            landmarks = self.landmarks_3d(frame_id)
            points = None if landmarks is None else landmarks.points[landmarks.valid]
            self._translations[frame_id] = choose_translation(vertices, offsets, points, self._focus)
        return self._translations[frame_id]

    def uv_texture(self, frame_id: str) -> EncodedImage | None:
        """Return a frame's UV texture (256 x 256 px as a rule), or None; expression parts only."""
        return self.files.encoded("UV_texture", frame_id)

    def scan(self) -> Mesh | None:
        """Return the scan, or None; expression parts only. It is read once: all frames and walks share it."""
        if self._scan is None:
            self._scan = read_scan(self.files)
        return self._scan

    def scan_mask(self, camera_name: str) -> EncodedImage | None:
        """Return the scan's matte in a camera, or None; expression parts only."""
        return self.files.encoded("ScanMask", camera_name)

    def audio(self) -> Audio | None:
        """Return the sound, or None; speech parts only."""
        return read_audio(self.files)

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The capture's one or two files, and the one with FLAME's faces."""
        flame = () if self._flame_path is None else (self._flame_path,)
        return (*(file.path for file in self.files.files), *flame)

    @property
    def needs_flame_topology(self) -> bool:
        """Whether there are FLAME vertices and no faces for them."""
        return self._topology is None and any(self.files.keys("FLAME", frame) for frame in self.frame_ids)

    @property
    def choose_flame_translation(self) -> Callable[[str], TranslationChoice]:
        """`translation_choice`."""
        return self.translation_choice

    def unframed_scan(self) -> UnframedScan | None:
        """Return the scan's mattes; the dataset does not say which frame the scan belongs to."""
        if self.scan() is None:
            return None
        masks = ((name, self.scan_mask(name)) for name in self.camera_names)
        return UnframedScan({name: mask for name, mask in masks if mask is not None}, self.mask)

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be assumed about the cameras."""
        return self._cameras.rig.notes

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing."""
        return take_inventory(self)

    def close(self) -> None:
        """Close the files."""
        self.files.close()

    @cached_property
    def _focus(self) -> np.ndarray[Any, Any] | None:
        cameras = []
        for name in self.camera_names:
            try:
                cameras.append(self.camera(name))
            except CalibrationError:
                # A bad camera is an error of its own view; the mesh is decided by the others.
                continue
        return optical_axes_focus(cameras)

    def _read_scan(self) -> Mesh:
        mesh = self.scan()
        if mesh is None:
            raise DatasetError(self.path, "Scan", "no scan in this capture")
        return mesh

    def _stored_vertices(self, frame_id: str) -> np.ndarray[Any, Any]:
        vertices = read_flame_array(self.files, frame_id, "verts")
        if vertices is None:
            raise DatasetError(self.path, f"FLAME/{frame_id}/verts", "no FLAME vertices for this frame")
        if not np.isfinite(vertices).all():
            raise DatasetError(self.path, f"FLAME/{frame_id}/verts", "vertices are NaN or infinite")
        return vertices


def _list_frames(files: SmcFiles) -> tuple[str, ...]:
    groups: list[tuple[str, ...]] = [("Keypoints3d",), ("FLAME",), ("UV_texture",)]
    for camera in files.keys("Camera"):
        groups += [("Camera", camera, "color"), ("Camera", camera, "mask")]
    groups += [("Keypoints2d", camera) for camera in files.keys("Keypoints2d")]
    keys = {key for names in files.keys_of(*groups) for key in names}
    return tuple(sorted((key for key in keys if not by_number(key)[0]), key=by_number))


def _reopen(path: Path, flame: Path | None) -> RenderMe360Capture:
    return RenderMe360Capture(path, flame=flame)


def matches(content: Content) -> bool:
    """Return True for an .smc file, a folder of them, and HDF5 with a group of RenderMe-360."""
    if content.is_folder:
        return next(content.path.glob("*.smc"), None) is not None
    if content.path.suffix.lower() == ".smc":
        return True
    if not content.head.startswith(HDF5_MAGIC):
        return False
    with closing(Hdf5File(content.path, content.hdf5_child)) as file:
        return not _GROUPS.isdisjoint(file.keys())


def read_cameras(content: Content) -> RawRig:
    """Read the cameras of Calibration, from either file of the capture.

    Raises:
        DatasetError: If neither has the group.
    """
    path = _smc_path(content.path)
    with SmcFiles(path, child=content.hdf5_child) as files:
        names = tuple(sorted(files.keys("Calibration"), key=by_number))
        if not names:
            damage = "; ".join(files.damage)
            raise DatasetError(path, "Calibration", damage or "the group is missing here and in the sibling file")
        return read_calibration(files, path, names, with_pictures=True)


def _smc_path(path: Path) -> Path:
    """Return the file itself, or that of the only capture in a folder.

    Raises:
        DatasetError: If the folder holds several captures.
    """
    if not path.is_dir():
        return path
    captures: dict[str, Path] = {}
    for file in sorted(path.glob("*.smc")):
        half = half_of(file)
        captures.setdefault(file.stem.removesuffix(f"_{half}") if half else file.stem, file)
    if len(captures) != 1:
        names = ", ".join(file.name for file in captures.values()) or "none"
        raise DatasetError(path, None, f"holds several captures; name one of them: {names}")
    return next(iter(captures.values()))


def _open(content: Content, options: CaptureOptions) -> RenderMe360Capture:
    return RenderMe360Capture(_smc_path(content.path), flame=options.flame, child=content.hdf5_child)


FORMAT = Format(
    name="renderme360",
    title="RenderMe-360 capture (.smc)",
    matches=matches,
    read_cameras=read_cameras,
    open_capture=_open,
    write=write_calibration,
    limits=LIMITS,
    unit="m",
)
