"""Middlebury multi-view folders: `*_par.txt`, its pictures, and mattes as `silhouette_<picture>` where they exist.

The par file holds a count, then per line a picture's name, K row by row, R row by row, t: world-to-camera, OpenCV axes,
metres, no distortion, no image size. Source: Middlebury multi-view stereo, README of the data; the bounding boxes given
there are those of objects 10 to 16 cm tall, in metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from renderkit.capture import Capture, Frame, Inventory, MissingPart, Unit, View
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix, read_each
from renderkit.formats.format import CaptureOptions, Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import names_from_pictures, picture_from_name, require_tokens
from renderkit.formats.rig_cameras import RigCameras
from renderkit.formats.sizes import picture_file_size
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.content import Content, exact, numbers
from renderkit.untrusted.files import names_file, read_text
from renderkit.writing import write_text

FRAME_ID = "0"
"""The one frame's id: the sets show objects that do not move."""

MASK_PREFIX = "silhouette_"
MAX_PAR_BYTES = 16 << 20
"""Camera files above this size are refused."""

UNIT: Unit = "m"
_SUFFIX = "_par.txt"
_LIMITS = Expressible(size=False)
_WORDS = 22


@dataclass(frozen=True, eq=False)
class _ParFile:
    """A par file: line number and words by camera; what a line says is checked when its camera is read."""

    path: Path
    lines: Mapping[str, tuple[int, tuple[str, ...]]]

    @classmethod
    def read(cls, path: Path) -> _ParFile:
        """Read the file.

        Raises:
            DatasetError: If the count is missing or wrong, or two lines name one camera.
        """
        text = read_text(path, MAX_PAR_BYTES)
        lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if not lines or len(lines[0][1]) != 1 or not lines[0][1][0].isdecimal():
            raise DatasetError(path, "line 1", "expected the number of cameras")
        count, rows = lines[0][1][0], lines[1:]
        if count.lstrip("0") != str(len(rows)).lstrip("0"):
            why = f"{count[:20]} cameras are announced, {len(rows)} lines follow; the file is cut off"
            raise DatasetError(path, "line 1", why)
        if not rows:
            raise DatasetError(path, None, "expected lines of a picture's name and 21 numbers, found none")
        by_camera: dict[str, tuple[int, tuple[str, ...]]] = {}
        seen: dict[str, int] = {}
        for name, (number, words) in zip(names_from_pictures([words[0] for _, words in rows]), rows, strict=True):
            if words[0] in seen:
                raise DatasetError(path, f"line {number}", f"camera {name} was on line {seen[words[0]]} already")
            seen[words[0]] = number
            by_camera[name] = number, tuple(words)
        return cls(path, MappingProxyType(by_camera))

    def camera(self, name: str) -> RawCamera:
        """Read one camera, with the size of its picture where that is beside the file.

        Raises:
            DatasetError: If its line is malformed.
        """
        number, words = self.lines[name]
        if len(words) != _WORDS:
            why = f"expected a name and 21 numbers, found {len(words)} words"
            raise DatasetError(self.path, f"line {number}", why)
        values = numbers(words[1:], [(21,)], self.path, f"line {number}")
        pose = pose_matrix(values[9:18].reshape(3, 3), values[18:])
        camera = RawCamera(name, values[:9].reshape(3, 3), pose)
        picture = self.picture(name)
        return replace(camera, picture_size=picture_file_size(picture)) if names_file(picture) else camera

    def picture(self, name: str) -> Path:
        """Return a camera's picture, whether it exists or not.

        Raises:
            DatasetError: If it would lie outside the folder.
        """
        number, words = self.lines[name]
        given = PurePosixPath(words[0])
        if given.is_absolute() or ".." in given.parts or not given.parts or "\0" in words[0]:
            why = f"expected a picture in this folder, found {words[0]!r}"
            raise DatasetError(self.path, f"line {number}", why)
        return self.path.parent / given

    def rig(self) -> RawRig:
        """Read all cameras, each for itself."""
        cameras, failed = read_each(self.lines, self.camera)
        return RawRig(cameras, self.path, UNIT, failed=failed, order=tuple(self.lines))


def _par_path(path: Path) -> Path:
    """Return the par file itself, or the only one inside a folder."""
    if not path.is_dir():
        return path
    files = sorted(path.glob(f"*{_SUFFIX}"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise DatasetError(path, None, f"expected one *{_SUFFIX}, found {found}; name the file itself")
    return files[0]


def matches(content: Content) -> bool:
    """Return True for *_par.txt, a folder with one, and text of a count and a line of a name and 21 numbers."""
    if content.is_folder:
        return next(content.path.glob(f"*{_SUFFIX}"), None) is not None
    if content.path.name.endswith(_SUFFIX):
        return True
    lines = content.head.decode("utf-8", errors="replace").splitlines()
    return len(lines) >= 2 and lines[0].strip().isdecimal() and len(lines[1].split()) == _WORDS


def read_cameras(content: Content) -> RawRig:
    """Read a par file."""
    return _ParFile.read(_par_path(content.path)).rig()


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:
    """Write a par file."""
    require_tokens(rig.cameras, path, "", "a par file")
    lines = [str(len(rig))]
    for name, camera in rig.cameras.items():
        pose = camera.cam_from_world
        values = (*camera.K.ravel(), *pose.R.ravel(), *pose.t)
        lines.append(" ".join([picture_from_name(name, options.picture_suffix), *map(exact, values)]))
    write_text(path, "\n".join(lines) + "\n")
    return ()


class MiddleburyCapture(Capture):
    """One Middlebury object. It has one frame and no mesh of its own: give one with `SupplementedCapture`.

    A capture can be pickled: it is opened again on the other side.

    Attributes:
        path: The folder.
        dataset: "middlebury".
        unit: "m".
    """

    dataset = "middlebury"
    unit: Unit = UNIT

    def __init__(self, path: str | Path) -> None:
        """Open the folder.

        Args:
            path: The folder, or the `*_par.txt` in it.

        Raises:
            DatasetError: If there is no camera file or more than one, its count is wrong, or it holds no camera.
        """
        given = Path(path)
        self._par = _ParFile.read(_par_path(given))
        self.path = self._par.path.parent
        self._cameras = RigCameras(self._par.rig())

    def __reduce__(self) -> tuple[type[MiddleburyCapture], tuple[Path]]:
        """Pickle as what to open."""
        return type(self), (self._par.path,)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The pictures' names without suffix, in the file's order."""
        return self._cameras.names

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The one frame."""
        return (FRAME_ID,)

    def camera(self, name: str) -> Camera:
        """Return one camera; see `Capture.camera`. Its size is its picture's."""
        return self._cameras[name]

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
        image = self._par.picture(camera_name)
        mask = _mask_of(image)
        return View(
            frame_id, camera, EncodedImage.from_file(image), EncodedImage.from_file(mask) if names_file(mask) else None
        )

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing."""
        pictures = {name: picture for name in self.camera_names if (picture := self._found(name)) is not None}
        masks = [name for name, picture in pictures.items() if names_file(_mask_of(picture))]
        missing = [
            MissingPart("mesh", "No mesh: give one with --mesh FILE."),
            MissingPart("landmarks", "No landmarks: give them with --landmarks FILE."),
        ]
        missing += MissingPart.of_cameras("image", pictures, self.camera_names)
        missing += MissingPart.of_cameras("mask", masks, self.camera_names)
        missing += [MissingPart("size", note) for note in self._cameras.rig.notes]
        annotations: dict[str, tuple[str, ...]] = {"calibration": self.camera_names, "image": tuple(pictures)}
        if masks:
            annotations["mask"] = tuple(masks)
        attributes = {"cameras file": self._par.path.name}
        return Inventory(
            self.dataset, self.unit, self.camera_names, self.frame_ids, annotations, {}, attributes, tuple(missing)
        )

    def _found(self, name: str) -> Path | None:
        """Return a camera's picture; None if it is absent, or would lie outside the folder as `view` says."""
        try:
            picture = self._par.picture(name)
        except DatasetError:
            return None
        return picture if names_file(picture) else None


def _mask_of(picture: Path) -> Path:
    return picture.with_name(f"{MASK_PREFIX}{picture.name}")


def _open(content: Content, options: CaptureOptions) -> MiddleburyCapture:  # noqa: ARG001 - one signature for all
    return MiddleburyCapture(content.path)


FORMAT = Format(
    name="middlebury",
    title="Middlebury folder (*_par.txt)",
    matches=matches,
    read_cameras=read_cameras,
    open_capture=_open,
    write=write,
    names_pictures=True,
    limits=_LIMITS,
    unit=UNIT,
)
