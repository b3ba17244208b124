"""Pictures of report.html as they lie in a run folder: what they are, and reading them back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from renderkit.errors import DatasetError
from renderkit.results.rows import ViewKey
from renderkit.results.run_folder import own_file, picture_name
from renderkit.untrusted.files import read_bytes

FOLDER: Final = "page"
"""Name of the folder of page pictures inside a run folder."""

Layer: TypeAlias = Literal["photo", "rendering", "difference"]
LAYERS: Final[tuple[Layer, ...]] = ("photo", "rendering", "difference")

LONGEST_PX: Final = 640
NUM_OFFSET_BINS: Final = 72
_MAX_PICTURE_BYTES = 4 << 20


@dataclass(frozen=True)
class OffsetCurve:
    """The contour's signed offset by direction from the middle of the rendered outline.

    Attributes:
        median_px: Per direction, from 0 (right) over a quarter turn (down); positive where the rendering is too large
            there; None without samples.
        counts: Contour samples per direction.
    """

    median_px: tuple[float | None, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class PagePictures:
    """What the page shows of one view.

    Attributes:
        layers: WebP bytes by layer; a layer that the capture has no data for is absent.
        offsets: The contour offset, or None.
    """

    layers: Mapping[Layer, bytes] = field(default_factory=dict)
    offsets: OffsetCurve | None = None

    @property
    def num_bytes(self) -> int:
        """Size of all layers."""
        return sum(len(data) for data in self.layers.values())


def read_page_pictures(key: ViewKey, folder: Path) -> PagePictures:
    """Read a view's pictures from a run folder; what was not written is absent.

    Raises:
        DatasetError: If a file is there but is not what it should be.
    """
    layers: dict[Layer, bytes] = {}
    for layer in LAYERS:
        path = folder / FOLDER / picture_name(key, f".{layer}.webp")
        if own_file(folder, path):
            data = _read(path)
            # It goes into a page that people open: nothing but a picture may.
            if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
                raise DatasetError(path, None, "expected a WebP picture")
            layers[layer] = data
    path = folder / FOLDER / picture_name(key, ".json")
    return PagePictures(layers, _parse_offsets(path) if own_file(folder, path) else None)


def _read(path: Path) -> bytes:
    return read_bytes(path, _MAX_PICTURE_BYTES)


def _parse_offsets(path: Path) -> OffsetCurve:
    try:
        document = json.loads(_read(path))
        medians = tuple(None if value is None else float(value) for value in document["median_px"])
        curve = OffsetCurve(medians, tuple(int(count) for count in document["counts"]))
    except (ValueError, OverflowError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(path, None, f"not a contour offset: {error}") from error
    if len(curve.median_px) != len(curve.counts) or any(not math.isfinite(v) for v in medians if v is not None):
        raise DatasetError(path, None, "expected finite numbers, as many as counts")
    return curve
