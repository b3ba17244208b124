"""The pictures of a run as files: an overlay per view, a contact sheet per frame and mesh."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from renderkit.arrays import ColorImage
from renderkit.errors import ArgumentError
from renderkit.images.palette import Rgb
from renderkit.pictures.drawing import encode_picture, write_picture
from renderkit.pictures.heat import heat_files
from renderkit.pictures.overlay import DrawnView
from renderkit.pictures.page_pictures import page_files
from renderkit.pictures.sheet import Tile, draw_sheet
from renderkit.pictures.style import OverlayStyle
from renderkit.results.cameras import WorstCamera, rank_cameras, summarise_cameras
from renderkit.results.kinds import RANKING_METRICS
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.run_folder import safe_name
from renderkit.selection import natural_key
from renderkit.writing import write_files

DEFAULT_NAME: Final = "{frame}_{camera}_{mesh}"
"""How the picture of a view is called, without its suffix."""

_MAX_WEBP = 16383
"""WebP's largest side, px."""

_TILE_WIDTH = 300
TILE_LINE_PX, TILE_MARK_PX = 1.2, 1.1
"""Width of lines and radius of marks in a tile, px."""


@dataclass(frozen=True)
class PictureFiles:
    """Where the pictures of a run go.

    Attributes:
        folder: An existing folder.
        subfolder: Existing folder inside it for overlays and sheets; "" for the folder itself.
        suffix: ".jpg", ".png" or ".webp".
        name: The name of a view's picture, from {capture}, {frame}, {camera} and {mesh}.
        page: Whether report.html's pictures are written as well.
        worst_first: Whether sheets are ordered by how far a camera deviates, instead of by name.
    """

    folder: Path
    subfolder: str = ""
    suffix: str = ".jpg"
    name: str = DEFAULT_NAME
    page: bool = False
    worst_first: bool = False

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            ArgumentError: If it has other fields, or would give all views one name.
        """
        first, second = ViewKey("c", "f", "1", "m"), ViewKey("c", "f", "2", "m")
        try:
            same = _filled(self.name, first) == _filled(self.name, second)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            why = "expected text with {capture}, {frame}, {camera} and {mesh}"
            raise ArgumentError(f"name {self.name!r}: {why}") from error
        if same:
            raise ArgumentError(f"name {self.name!r}: without {{camera}} all pictures have one name")

    def path_of(self, key: ViewKey) -> str:
        """Return the path of a view's picture relative to the folder; names from data never lead elsewhere."""
        return self._inside(f"{safe_name(_filled(self.name, key))}{self.suffix}")

    def encode_view(self, drawn: DrawnView, *, overlay: bool, page: bool) -> EncodedView:
        """Encode the picture of a view and make its tile; may be called from several threads.

        Args:
            drawn: The picture.
            overlay: Whether it is wanted itself.
            page: Whether report.html's pictures of it are wanted.
        """
        evidence = drawn.drawing.evidence
        tile = drawn.tile(_TILE_WIDTH, TILE_LINE_PX, TILE_MARK_PX)
        files = heat_files(evidence) | (page_files(evidence) if page else {})
        path = self.path_of(evidence.row.key) if overlay else None
        if path is not None:
            files[path] = encode_picture(drawn.whole(), self.folder / path)
        return EncodedView(path, tile, files)

    def write_view(self, view: EncodedView) -> WrittenView:
        """Write what was encoded of a view; may be called from several threads.

        Raises:
            DatasetError: If a file cannot be written.
        """
        # After a power cut they are drawn again. Waiting for the disk took a tenth of a run with all pictures.
        write_files(self.folder, view.files, durable=False)
        return WrittenView(view.overlay, view.tile)

    def write_sheet(
        self, rows: Sequence[ViewResult], tiles: Mapping[ViewKey, ColorImage], legend: Sequence[tuple[str, Rgb]]
    ) -> str:
        """Write the contact sheet of one frame and mesh; return its path relative to the folder.

        Raises:
            DatasetError: If it cannot be written.
        """
        key = rows[0].key
        ranked = rank_cameras(summarise_cameras(rows))
        sheet = draw_sheet(
            self._sheet_tiles(rows, tiles, ranked), _title(key.capture, key.frame, ranked), _TILE_WIDTH, legend
        )
        suffix = ".jpg" if self.suffix == ".webp" and max(sheet.shape) > _MAX_WEBP else self.suffix
        relative = self._inside(f"sheet_{safe_name(f'{key.frame}_{key.mesh}')}{suffix}")
        write_picture(sheet, self.folder / relative, durable=False)
        return relative

    def _inside(self, name: str) -> str:
        return f"{self.subfolder}/{name}" if self.subfolder else name

    def _sheet_tiles(
        self, rows: Sequence[ViewResult], tiles: Mapping[ViewKey, ColorImage], ranked: Sequence[WorstCamera]
    ) -> list[Tile]:
        place = {entry.camera: index for index, entry in enumerate(ranked)}
        worst = ranked[0].camera if ranked and ranked[0].stands_out else None
        made = [
            Tile(
                row.key.camera, tiles.get(row.key), short_score(row), row.key.camera == worst or row.failure is not None
            )
            for row in rows
        ]
        if self.worst_first:
            return sorted(made, key=lambda tile: (place.get(tile.name, -1), natural_key(tile.name)))
        return made


@dataclass(frozen=True, eq=False)
class EncodedView:
    """The pictures of a view as they will be written.

    Attributes:
        overlay: Path of its picture relative to the folder, or None.
        tile: (height, width, 3) its tile of the contact sheet.
        files: Content by path relative to the folder.
    """

    overlay: str | None
    tile: ColorImage
    files: Mapping[str, bytes | memoryview]


@dataclass(frozen=True, eq=False)
class WrittenView:
    """What was written of a view.

    Attributes:
        overlay: Path of its picture relative to the folder, or None.
        tile: (height, width, 3) its tile of the contact sheet.
    """

    overlay: str | None
    tile: ColorImage


def sheet_legend(style: OverlayStyle, vector_factor: int) -> list[tuple[str, Rgb]]:
    """Return what the colours of a sheet mean."""
    legend = [("captured", style.color("captured")), ("rendered / projected", style.color("rendered"))]
    if "landmarks" in style.layers:
        drawn = f", drawn x{vector_factor}" if vector_factor > 1 else ""
        legend.append((f"landmark error{drawn}", style.color("error")))
    return legend


def _filled(name: str, key: ViewKey) -> str:
    """Fill in a pattern; attributes and items of values are no fields."""
    if re.search(r"\{[^}]*[.\[]", name):
        raise ValueError("only plain names stand in braces")
    return name.format(capture=key.capture, frame=key.frame, camera=key.camera, mesh=key.mesh)


def short_score(row: ViewResult) -> str:
    """Return what a tile says of a view: its most telling number, or why it has none."""
    if row.failure is not None:
        return f"failed: {row.failure.type}"
    for metric in RANKING_METRICS:
        if row.missing_reason(metric) is None:
            return f"{metric.title} {metric.text(metric.value(row.scores))}"
    return "not computable"


def _title(capture: str, frame: str, ranked: Sequence[WorstCamera]) -> str:
    worst = f", worst camera {ranked[0].camera}" if ranked and ranked[0].stands_out else ""
    return f"{capture}, frame {frame}{worst}"
