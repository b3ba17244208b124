"""Which cameras unfold on the page, which view of each is shown, and their pictures within a budget."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from renderkit.errors import DatasetError
from renderkit.report.html.camera_view import safe_link
from renderkit.results.cameras import CameraSummary, worst_view
from renderkit.results.evidence_pictures import EvidencePicture, written_pictures
from renderkit.results.page_pictures import PagePictures, has_page_pictures, read_page_pictures
from renderkit.results.rows import ViewResult
from renderkit.untrusted.files import read_bytes

MAX_PICTURE_BYTES: Final = 12 << 20
"""Pictures beyond this sum are left out of the page, the worst cameras' last; they are linked instead."""
MAX_DETAILS: Final = 150
"""So many cameras unfold with pictures, the worst ones when there are more."""

_MAX_OVERLAY_BYTES = 4 << 20
_KINDS = {b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png", b"RIFF": "webp"}


@dataclass(frozen=True)
class ShownCamera:
    """A camera that unfolds.

    Attributes:
        index: Its place among the run's cameras.
        summary: Its numbers.
        row: The view that is shown of it: its worst that has pictures.
        pictures: Pictures of that view.
        overlay: The overlay in full size as a link that holds it, or None.
        evidence: Pictures of evidence that joins many views, each with a link that holds it.
    """

    index: int
    summary: CameraSummary
    row: ViewResult
    pictures: PagePictures = field(default_factory=PagePictures)
    overlay: str | None = None
    evidence: tuple[tuple[EvidencePicture, str], ...] = ()


def choose_cameras(
    summaries: Sequence[CameraSummary], order: Sequence[int], folder: Path, evidence: Sequence[str] = ()
) -> list[ShownCamera]:
    """Return the cameras that unfold, the worst first, with as many pictures as the page may hold.

    Args:
        summaries: The run's cameras.
        order: Their places in `summaries`, the worst first.
        folder: The run folder.
        evidence: Names of the kinds of evidence that may have pictures.

    Raises:
        DatasetError: If a picture of the run folder is not what it should be.
    """
    chosen = [
        ShownCamera(index, summaries[index], _shown_row(summaries[index], folder)) for index in order[:MAX_DETAILS]
    ]
    left = MAX_PICTURE_BYTES
    found = []
    for one in chosen:
        pictures = read_page_pictures(one.row.key, folder)
        if pictures.num_bytes > left:
            pictures = pictures.without_pictures()
        left -= pictures.num_bytes
        shown = _evidence(one.summary, folder, evidence, left)
        left -= sum(len(uri) for _, uri in shown)
        found.append(replace(one, pictures=pictures, evidence=shown))
    # Small pictures of all cameras come before large ones of the worst.
    for place, one in enumerate(found):
        data = _overlay_bytes(one.row, folder, left) if one.pictures.layers else None
        if data is not None:
            left -= len(data)
            found[place] = replace(one, overlay=_picture_uri(folder / (one.row.overlay or ""), data))
    return found


def _evidence(
    summary: CameraSummary, folder: Path, kinds: Sequence[str], most: int
) -> tuple[tuple[EvidencePicture, str], ...]:
    """Return a camera's pictures of evidence that fit into so many bytes."""
    found = []
    wanted = (EvidencePicture(kind, row.key.frame, summary.camera) for kind in kinds for row in summary.rows)
    for picture in written_pictures(wanted, folder):
        uri = evidence_uri(picture, folder, most)
        if uri is not None:
            most -= len(uri)
            found.append((picture, uri))
    return tuple(found)


def evidence_uri(picture: EvidencePicture, folder: Path, most: int = _MAX_OVERLAY_BYTES) -> str | None:
    """Return a picture that the run folder has as a link that holds it; None if that is longer than `most`.

    Raises:
        DatasetError: If it is no picture.
    """
    path = folder / picture.path
    if path.stat().st_size > min(3 * most // 4, _MAX_OVERLAY_BYTES):
        return None
    return _picture_uri(path, read_bytes(path, _MAX_OVERLAY_BYTES))


def _shown_row(summary: CameraSummary, folder: Path) -> ViewResult:
    rows = [row for row in summary.rows if has_page_pictures(row.key, folder)] or list(summary.rows)
    return worst_view(rows)


def _overlay_bytes(row: ViewResult, folder: Path, most: int) -> bytes | None:
    """Read a view's overlay; None where there is none, its path leads out of the folder, or it is too large."""
    if row.overlay is None or safe_link(row.overlay) is None:
        return None
    path = folder / row.overlay
    # A link could lead out of the run folder.
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        return None
    if path.stat().st_size > min(most, _MAX_OVERLAY_BYTES):
        return None
    return read_bytes(path, _MAX_OVERLAY_BYTES)


def _picture_uri(path: Path, data: bytes) -> str:
    kind = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), None)
    if kind is None:
        raise DatasetError(path, None, "expected a JPEG, PNG or WebP picture")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def picture_uris(shown: Sequence[ShownCamera]) -> Mapping[str, str]:
    """Return the overlays in full size by the camera's place."""
    return {str(one.index): one.overlay for one in shown if one.overlay is not None}
