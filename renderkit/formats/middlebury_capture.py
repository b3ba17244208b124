"""Middlebury multi-view folders: `*_par.txt`, its pictures, and mattes as `silhouette_<picture>` where they exist.

Each line of the file holds a picture's name, K, R and t, row by row, world-to-camera: P = K [R | t].
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.capture import Capture, Frame, Inventory, Unit, View
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.calibration import make_camera
from renderkit.geometry.camera import Camera
from renderkit.images.encoded import EncodedImage, encoded_size

FRAME_ID = "0"
"""The one frame's id: the sets show objects that do not move."""

MASK_PREFIX = "silhouette_"
MAX_PAR_BYTES = 16 << 20
"""Camera files above this size are refused."""


class MiddleburyCapture(Capture):
    """One Middlebury object. It has one frame and no mesh of its own: give one with `SupplementedCapture`.

    A capture can be pickled: it is opened again on the other side.

    Attributes:
        path: The folder.
        dataset: "middlebury".
        unit: "m".
    """

    dataset = "middlebury"
    unit: Unit = "m"

    def __init__(self, path: str | Path) -> None:
        """Open the folder.

        Args:
            path: The folder, or the `*_par.txt` in it.

        Raises:
            DatasetError: If there is no camera file or more than one, or it holds no camera.
        """
        given = Path(path)
        self.path = given.parent if given.is_file() else given
        self._par_path = given if given.is_file() else _find_par(given)
        self._lines = _read_lines(self._par_path)

    def __reduce__(self) -> tuple[type[MiddleburyCapture], tuple[Path]]:
        """Pickle as what to open."""
        return type(self), (self._par_path,)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The pictures' names without suffix, in the file's order."""
        return tuple(self._lines)

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The one frame."""
        return (FRAME_ID,)

    def camera(self, name: str) -> Camera:
        """Read one camera; see `Capture.camera`. Its size is its picture's."""
        number, fields = self._lines[name]
        key = f"line {number}"
        if len(fields) != 22:
            raise CalibrationError(self._par_path, key, f"expected a name and 21 numbers, found {len(fields)} fields")
        try:
            values = np.array([float(field) for field in fields[1:]])
        except ValueError as error:
            raise CalibrationError(self._par_path, key, f"expected 21 numbers after the name: {error}") from error
        extrinsics = np.column_stack([values[9:18].reshape(3, 3), values[18:21]])
        size = self._image_size(name)
        return make_camera(
            self._par_path, name, values[:9].reshape(3, 3), np.zeros(0), extrinsics, "cam_from_world", size
        )

    def frame(self, frame_id: str) -> Frame:
        """Describe the object; see `Capture.frame`."""
        if frame_id != FRAME_ID:
            raise KeyError(frame_id)
        return Frame(frame_id)

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one view; see `Capture.view`."""
        if frame_id != FRAME_ID:
            raise KeyError(frame_id)
        camera = self.camera(camera_name)
        mask = self._mask_file(camera_name)
        image = EncodedImage.from_file(self._image_file(camera_name))
        return View(frame_id, camera, image, EncodedImage.from_file(mask) if mask.is_file() else None)

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing."""
        images = [name for name in self._lines if self._is_local(name) and self._image_file(name).is_file()]
        masks = [name for name in images if self._mask_file(name).is_file()]
        missing = ["No mesh: give one with --mesh FILE.", "No landmarks: give them with --landmarks FILE."]
        for kind, have in (("picture", images), ("mask", masks)):
            without = [name for name in self._lines if name not in have]
            if without:
                missing.append(f"No {kind} for camera {', '.join(without)}.")
        annotations: dict[str, tuple[str, ...]] = {"calibration": self.camera_names, "image": tuple(images)}
        if masks:
            annotations["mask"] = tuple(masks)
        attributes = {"cameras file": self._par_path.name}
        return Inventory(
            self.dataset, self.unit, self.camera_names, self.frame_ids, annotations, {}, attributes, tuple(missing)
        )

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _is_local(self, name: str) -> bool:
        given = self._lines[name][1][0]
        return Path(given).name == given and given not in {"", ".", ".."}

    def _image_file(self, name: str) -> Path:
        if not self._is_local(name):
            number, fields = self._lines[name]
            raise CalibrationError(
                self._par_path, f"line {number}", f"expected a picture in this folder, found {fields[0]!r}"
            )
        return self.path / self._lines[name][1][0]

    def _mask_file(self, name: str) -> Path:
        image = self._image_file(name)
        return image.with_name(f"{MASK_PREFIX}{image.name}")

    def _image_size(self, name: str) -> tuple[int, int]:
        file = self._image_file(name)
        size = encoded_size(EncodedImage.from_file(file).read_bytes()) if file.is_file() else None
        if size is None:
            raise CalibrationError(
                self._par_path, f"camera {name}", f"no size: {file.name} is absent or no PNG or JPEG"
            )
        return size


def _find_par(folder: Path) -> Path:
    files = sorted(folder.glob("*_par.txt")) if folder.is_dir() else []
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise DatasetError(folder, None, f"expected one *_par.txt, found {found}; name the file itself")
    return files[0]


def _read_lines(path: Path) -> dict[str, tuple[int, list[str]]]:
    """Return line number and fields by camera name; what a line says is checked when its camera is asked for."""
    try:
        if path.stat().st_size > MAX_PAR_BYTES:
            raise DatasetError(path, None, f"camera file of {path.stat().st_size} bytes is over {MAX_PAR_BYTES}")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(path, None, f"cannot be read: {error}") from error
    lines: dict[str, tuple[int, list[str]]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if len(fields) < 2:
            continue  # the count in the first line, and blank lines
        name = Path(fields[0]).stem
        if name in lines:
            raise DatasetError(path, f"line {number}", f"camera {name} was on line {lines[name][0]} already")
        lines[name] = (number, fields)
    if not lines:
        raise DatasetError(path, None, "expected lines of a picture's name and 21 numbers, found none")
    return lines
