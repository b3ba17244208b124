"""RenderMe-360 captures: SMC files, which are HDF5.

`RT` is camera-to-world, OpenCV axes, metres; `D` is k1 k2 p1 p2 k3. Camera keys are zero-padded, frame keys are not.
The file's own counts (`num_device`, `num_frame`) are not trusted: keys are enumerated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from renderkit.capture import Capture, Frame, Inventory, Unit, View
from renderkit.errors import CalibrationError, DatasetError
from renderkit.flame.topology import FlameTopology, read_flame_topology
from renderkit.flame.translation import TranslationChoice, choose_translation, optical_axes_focus
from renderkit.formats.calibration import make_camera
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
from renderkit.formats.smc_files import SmcFiles
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage, encoded_size

DOCUMENTED_SIZE = (2448, 2048)
"""(width, height) in px of every camera of the dataset; used where a file states no size and holds no picture."""


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

    def __init__(self, path: str | Path, *, flame: str | Path | None = None) -> None:
        """Open the capture.

        Args:
            path: Any of its files.
            flame: A file with FLAME's faces; see `flame_topology.read_flame_topology`.

        Raises:
            DatasetError: If a file is not a readable HDF5 file, holds no capture, or `flame` cannot be read.
        """
        self.path = Path(path)
        self._flame_path = None if flame is None else Path(flame)
        self._topology = None if flame is None else read_flame_topology(flame)
        self._translations: dict[str, TranslationChoice] = {}
        self._cameras: dict[str, Camera] = {}
        self.files = SmcFiles(self.path)
        self._camera_names, self._frame_ids = _list_cameras(self.files), _list_frames(self.files)
        if not self._camera_names and not self._frame_ids:
            self.files.close()
            raise DatasetError(
                self.path,
                None,
                "; ".join(self.files.damage)
                or "expected groups Camera, Calibration or FLAME of RenderMe-360; found none",
            )

    def __reduce__(self) -> tuple[Callable[..., RenderMe360Capture], tuple[Path, Path | None]]:
        """Pickle as what to open."""
        return _reopen, (self.path, self._flame_path)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Keys of all cameras that have a picture, a mask or a calibration."""
        return self._camera_names

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
        """Return one camera, read once for all frames; see `Capture.camera`."""
        if name not in self._cameras:
            if name not in self.camera_names:
                raise KeyError(name)
            self._cameras[name] = self._read_camera(name)
        return self._cameras[name]

    def _read_camera(self, name: str) -> Camera:
        numbers = {}
        for key in ("K", "D", "RT"):
            try:
                values = self.files.read("Calibration", name, key, kinds="fiu")
            except DatasetError as error:
                raise CalibrationError(error.path, error.key, error.why) from error
            if values is None:
                raise CalibrationError(self.path, f"Calibration/{name}/{key}", self._no_calibration(name))
            numbers[key] = values
        distortion = numbers["D"]
        if distortion.ndim == 2 and 1 in distortion.shape:  # OpenCV writes rows or columns
            distortion = distortion.reshape(-1)
        return make_camera(
            self.path, name, numbers["K"], distortion, numbers["RT"], "world_from_cam", self._image_size(name)
        )

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
        return Frame(frame_id, readers, lambda: self.landmarks_3d(frame_id))

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; see `Capture.view`."""
        if frame_id not in self.frame_ids:
            raise KeyError(frame_id)
        return View(
            frame_id,
            self.camera(camera_name),
            self.image(frame_id, camera_name),
            self.mask(frame_id, camera_name),
            lambda: self.landmarks_2d(frame_id, camera_name),
        )

    def image(self, frame_id: str, camera_name: str) -> EncodedImage | None:
        """Return a photograph, calibrated camera or not; None if there is none."""
        return self._encoded("Camera", camera_name, "color", frame_id)

    def mask(self, frame_id: str, camera_name: str) -> EncodedImage | None:
        """Return a captured matte, calibrated camera or not; None if there is none."""
        return self._encoded("Camera", camera_name, "mask", frame_id)

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
        return self._encoded("UV_texture", frame_id)

    def scan(self) -> Mesh | None:
        """Return the scan, or None; expression parts only."""
        return read_scan(self.files)

    def scan_mask(self, camera_name: str) -> EncodedImage | None:
        """Return the scan's matte in a camera, or None; expression parts only."""
        return self._encoded("ScanMask", camera_name)

    def audio(self) -> Audio | None:
        """Return the sound, or None; speech parts only."""
        return read_audio(self.files)

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

    def _encoded(self, *key: str) -> EncodedImage | None:
        file = self.files.find(*key)
        if file is None:
            return None

        def read_bytes() -> bytes:
            values = file.read(*key, kinds="u")
            if values is None or values.ndim != 1 or values.dtype != np.uint8:
                found = "nothing" if values is None else f"{values.dtype} {values.shape}"
                raise DatasetError(file.path, "/".join(key), f"expected encoded bytes, uint8 (N,); found {found}")
            return values.tobytes()

        return EncodedImage(read_bytes, file.path, "/".join(key))

    def _image_size(self, name: str) -> tuple[int, int]:
        """Return (width, height): as stated, else of the camera's first picture or matte, else as documented."""
        stated = np.asarray(self.files.attribute("resolution", "Camera"))
        if stated.shape == (2,) and stated.dtype.kind in "iuf" and np.isfinite(stated).all() and (stated >= 1).all():
            return int(stated[1]), int(stated[0])
        for kind in ("color", "mask"):
            for frame in self.files.keys("Camera", name, kind)[:1]:
                image = self._encoded("Camera", name, kind, frame)
                size = None if image is None else encoded_size(image.read_bytes())
                if size is not None:
                    return size
        return DOCUMENTED_SIZE

    def _no_calibration(self, name: str) -> str:
        missing = self.files.missing_sibling
        if missing is None:
            return f"camera {name} has no calibration in this capture"
        return f"camera {name} has no calibration here, and {missing.name}, which may hold it, is not beside this file"


def _list_cameras(files: SmcFiles) -> tuple[str, ...]:
    names = {*files.keys("Camera"), *files.keys("Calibration")}
    return tuple(sorted(filter(_is_number, names), key=_numeric))


def _list_frames(files: SmcFiles) -> tuple[str, ...]:
    groups: list[tuple[str, ...]] = [("Keypoints3d",), ("FLAME",), ("UV_texture",)]
    for camera in files.keys("Camera"):
        groups += [("Camera", camera, "color"), ("Camera", camera, "mask")]
    groups += [("Keypoints2d", camera) for camera in files.keys("Keypoints2d")]
    keys = {key for group in groups for key in files.keys(*group)}
    return tuple(sorted(filter(_is_number, keys), key=_numeric))


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 10


def _numeric(key: str) -> tuple[int, str]:
    return int(key), key


def _reopen(path: Path, flame: Path | None) -> RenderMe360Capture:
    return RenderMe360Capture(path, flame=flame)
