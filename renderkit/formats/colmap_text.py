"""The text form of COLMAP models: cameras.txt, images.txt, rigs.txt, frames.txt.

Source: COLMAP documentation, "Output Format"; colmap/src/colmap/scene/reconstruction_io_text.cc.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import UnsupportedLensError
from renderkit.formats.colmap_models import ColmapCamera, from_colmap
from renderkit.formats.colmap_records import (
    CAMERA_SENSOR,
    IDENTITY,
    CameraTable,
    FrameRecord,
    ImageRecord,
    RigTable,
    pose_of,
    require_unique,
)
from renderkit.untrusted.content import numbers, size_at
from renderkit.untrusted.files import read_text
from renderkit.wording import counted


def read_cameras(path: Path) -> CameraTable:
    """Read cameras.txt; a lens model that has no place in ours fails for its camera only.

    Raises:
        DatasetError: With the line that cannot be read.
    """
    cameras: dict[int, ColmapCamera] = {}
    failed: dict[int, DatasetError] = {}
    ids: list[int] = []
    text = read_text(path)
    for key, words in _entries(text):
        if len(words) < 5:
            expected = "CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]"
            raise DatasetError(path, key, f"expected {expected}, found {' '.join(words)[:80]!r}")
        number = _whole(words[0], path, key)
        ids.append(number)
        size = size_at(words[2], words[3], path, key)
        params = numbers(words[4:], [(None,)], path, key).tolist()
        try:
            cameras[number] = from_colmap(words[1].upper(), size, params, path, key)
        except UnsupportedLensError as error:
            failed[number] = error
    require_unique(ids, path, "camera")
    _check_count(text, "cameras", len(ids), path)
    return CameraTable(cameras, failed)


def read_images(path: Path) -> tuple[list[ImageRecord], int]:
    """Read images.txt.

    An image has a second line with its 2D points, which is there even when it is empty; in files whose point lines
    were stripped, the next line is the next image.

    Returns:
        The images, and how many of them lack their second line.

    Raises:
        DatasetError: With the line that cannot be read.
    """
    text = read_text(path)
    lines = text.splitlines()
    images: list[ImageRecord] = []
    index, stripped = 0, 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        images.append(_image(line, path, f"line {index}"))
        if index < len(lines) and _is_points(lines[index]):
            index += 1
        else:
            stripped += index < len(lines)
    require_unique([image.number for image in images], path, "image")
    _check_count(text, "images", len(images), path)
    return images, stripped


def _image(line: str, path: Path, key: str) -> ImageRecord:
    words = line.split(maxsplit=9)
    if len(words) < 10:
        expected = "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"
        raise DatasetError(path, key, f"expected {expected}, found {line[:80]!r}")
    pose = pose_of(numbers(words[1:8], [(7,)], path, key))
    return ImageRecord(_whole(words[0], path, key), words[9].strip(), _whole(words[8], path, key), pose)


def _is_points(line: str) -> bool:
    """Return True for X Y POINT3D_ID any number of times: an image's name rarely is a whole number."""
    last = line.rsplit(maxsplit=1)
    if not last:
        return True
    return last[-1].lstrip("-").isdecimal() and len(line.split()) % 3 == 0


def read_rigs(path: Path, frames: Path) -> RigTable:
    """Read rigs.txt and frames.txt.

    Raises:
        DatasetError: With the line that cannot be read.
    """
    sensors: dict[tuple[int, int], FloatArray | None] = {}
    for key, words in _entries(read_text(path)):
        reader = _Words(words, path, key)
        rig, count = reader.whole(), reader.whole()
        if count > 0:
            kind, sensor = reader.word(), reader.whole()
            sensors |= {(rig, sensor): IDENTITY} if kind == CAMERA_SENSOR else {}
        for _ in range(count - 1):
            kind, sensor, has_pose = reader.word(), reader.whole(), reader.whole()
            pose = reader.pose() if has_pose else None
            sensors |= {(rig, sensor): pose} if kind == CAMERA_SENSOR else {}
        reader.finish()
    return RigTable(sensors, _read_frames(frames))


def _read_frames(path: Path) -> dict[int, FrameRecord]:
    by_image: dict[int, FrameRecord] = {}
    for key, words in _entries(read_text(path)):
        reader = _Words(words, path, key)
        reader.whole()
        rig, pose = reader.whole(), reader.pose()
        for _ in range(reader.whole()):
            kind, sensor, data = reader.word(), reader.whole(), reader.whole()
            if kind == CAMERA_SENSOR:
                by_image[data] = FrameRecord(rig, sensor, pose)
        reader.finish()
    return by_image


class _Words:
    """The words of one line, taken one after the other."""

    def __init__(self, words: Sequence[str], path: Path, key: str) -> None:
        self._words, self._path, self._key, self._at = words, path, key, 0

    def word(self) -> str:
        if self._at >= len(self._words):
            raise DatasetError(self._path, self._key, "the line ends early; the file was cut off")
        self._at += 1
        return self._words[self._at - 1]

    def whole(self) -> int:
        return _whole(self.word(), self._path, self._key)

    def pose(self) -> FloatArray:
        return pose_of(numbers([self.word() for _ in range(7)], [(7,)], self._path, self._key))

    def finish(self) -> None:
        left = len(self._words) - self._at
        if left:
            raise DatasetError(
                self._path, self._key, f"{counted(left, 'word')} after the last value that its counts announce"
            )


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield "line N" and the words of every line that is no comment."""
    for index, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield f"line {index}", words


def _check_count(text: str, what: str, found: int, path: Path) -> None:
    """Compare with the number in the comment that COLMAP writes at the head: a file that was cut off has fewer."""
    stated = re.search(rf"^#\s*Number of {what}:\s*(\d{{1,9}})\b", text, re.MULTILINE)
    if stated is not None and int(stated[1]) != found:
        why = f"the comment at the head states {stated[1]} {what}, {found} follow; the file was cut off"
        raise DatasetError(path, None, f"{why}, or was edited: correct or delete the comment")


def _whole(word: str, path: Path, key: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise DatasetError(path, key, f"expected a whole number, found {word[:40]!r}") from error
