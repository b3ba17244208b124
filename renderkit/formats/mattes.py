"""Where a folder's mattes are: `<camera>.png`, `<frame>/<camera>.png`, `<camera>.jpg.png`, `<frame>_mask.tif`."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from renderkit.formats.patterns import ANY_FRAME, PathPattern
from renderkit.formats.picture_layout import without_matte_word
from renderkit.formats.view_names import ViewNames, walk_files
from renderkit.images.encoded import EncodedImage
from renderkit.images.video import VIDEO_SUFFIXES, is_video, video_frame

MATTE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", *VIDEO_SUFFIXES)
"""Suffixes of mattes and matte videos, in any case, those that win first."""

_MOST_NAMED = 3
_MOST_LOOKED_AT = 200


@dataclass(frozen=True)
class MatteFiles:
    """The mattes that were found.

    Attributes:
        files: By frame and camera; `ANY_FRAME` stands for every frame.
        notes: What was taken for what, where names are not the capture's own.
    """

    files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, frame_id: str, camera_name: str) -> Path | None:
        """Return the matte of a view; that of the frame comes before that for every frame."""
        return self.files.get((frame_id, camera_name)) or self.files.get((ANY_FRAME, camera_name))


def picture_in(path: Path, frame_index: int) -> EncodedImage:
    """Refer to a picture file, or to the frame of a video.

    Args:
        path: The file.
        frame_index: Which frame of the capture is wanted, counted from 0: that of a video with the same number.
    """
    return video_frame(path, frame_index) if is_video(path) else EncodedImage.from_file(path)


def find_mattes(given: str | Path, names: ViewNames) -> MatteFiles:
    """Look up the mattes of a folder, or those that a pattern with `{camera}` matches.

    Raises:
        DatasetError: If a pattern matches two files for one picture, or a folder cannot be listed.
    """
    if "{camera}" in str(given):
        cameras = {name: name for name in names.cameras}
        return MatteFiles(PathPattern(Path(given).as_posix(), Path.cwd()).find(cameras))
    folder = Path(given)
    found: dict[tuple[str, str], tuple[tuple[int, int, str], str]] = {}
    for path in walk_files(folder, MATTE_SUFFIXES) if folder.is_dir() else ():
        for spelling, (stem, is_worded) in enumerate(_stems(path)):
            key = names.of_path(stem)
            if key is not None:
                # What is called a matte wins, for the other may be the photograph; then the capture's own spelling, and
                # then the suffix that comes first.
                other = 0 if is_worded else spelling + 1 + 4 * (key[1] not in stem.split("/"))
                rank = (other, _rank(path), path)
                found[key] = min(found.get(key, (rank, path)), (rank, path))
                break
    files = {key: folder / path for key, (_, path) in found.items()}
    return MatteFiles(MappingProxyType(files), _notes({key: path for key, (_, path) in found.items()}))


def has_matte_words(folder: Path) -> bool:
    """Whether any file of a folder has a name that says that it is a matte."""
    with os.scandir(folder) as entries:
        return any(without_matte_word(posixpath.splitext(entry.name)[0]) is not None for entry in entries)


def near_pattern(folder: Path, cameras: tuple[str, ...]) -> str | None:
    """Return a pattern such as "{camera}_mask.png" that fits files which hold a camera's name beside other text."""
    names = tuple(islice(walk_files(folder, MATTE_SUFFIXES), _MOST_LOOKED_AT)) if folder.is_dir() else ()
    patterns = [
        path.replace(camera, "{camera}")
        for camera in cameras[:_MOST_LOOKED_AT]
        for path in names
        if path.count(camera) == 1
    ]
    counts = Counter(patterns).most_common(1)
    return counts[0][0] if counts else None


def _stems(path: str) -> Iterator[tuple[str, bool]]:
    """Yield what a path may be the matte of, and whether a word says that it is a matte.

    Without its suffix, without the picture's suffix that COLMAP keeps (0.jpg.png), and without the word (0_mask.png).
    """
    stem, _ = posixpath.splitext(path)
    shorter, inner = posixpath.splitext(stem)
    yield stem, False
    if inner.lower() in MATTE_SUFFIXES:
        yield shorter, False
    folder, name = posixpath.split(stem)
    bare = without_matte_word(name)
    if bare is not None:
        yield posixpath.join(folder, bare), True


def _rank(path: str) -> int:
    return MATTE_SUFFIXES.index(posixpath.splitext(path)[1].lower())


def _notes(found: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    other = {camera: path for (_, camera), path in found.items() if _stem_name(path) != camera}
    nested = {camera: path for camera, path in other.items() if "/" not in camera}
    if not nested:
        return ()
    examples = ", ".join(f"{path} for camera {camera}" for camera, path in list(nested.items())[:_MOST_NAMED])
    return (f"mattes by their names: {examples}{', ...' if len(nested) > _MOST_NAMED else ''}",)


def _stem_name(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]
