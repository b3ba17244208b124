"""The pictures of a run: an overlay per view, a contact sheet per frame and mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from renderkit.images.palette import CAPTURED, PREDICTED
from renderkit.pictures.drawing import write_picture
from renderkit.pictures.overlay import OverlayStyle, draw_overlay, draw_picture
from renderkit.pictures.page_pictures import write_page_pictures
from renderkit.pictures.sheet import Tile, draw_sheet
from renderkit.results.cameras import WorstCamera, rank_cameras, summarise_cameras
from renderkit.results.evidence import ViewEvidence
from renderkit.results.kinds import RANKING_METRICS
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.run_folder import picture_name, safe_name
from renderkit.selection import natural_key

_TILE_WIDTH = 300
_TILE_LINE_PX = 1.2
_TILE_MARK_PX = 1.1


class RunPictures:
    """Writes overlays as views are examined, and a sheet whenever a frame is done.

    `draw` is what `pipeline.validate` calls; every row it yields is then handed to `add`.

    Attributes:
        sheets: Sheets written so far, POSIX paths relative to the run folder.
    """

    def __init__(
        self,
        folder: Path,
        style: OverlayStyle | None = None,
        *,
        subfolder: str = "",
        worst_first: bool = False,
        overlays: bool = True,
        page: bool = False,
    ) -> None:
        """Set up.

        Args:
            folder: Where to write; it exists.
            style: How to draw.
            subfolder: Existing folder inside `folder` for the pictures.
            worst_first: Order the sheets by how far a camera deviates, instead of by name.
            overlays: Whether to write each view's overlay beside the sheets.
            page: Whether to write report.html's pictures as well.
        """
        self.sheets: list[str] = []
        self._folder = folder
        self._style = style or OverlayStyle()
        self._tile_style = replace(self._style, max_size=_TILE_WIDTH, line_px=_TILE_LINE_PX, mark_px=_TILE_MARK_PX)
        self._prefix = f"{subfolder}/" if subfolder else ""
        self._worst_first = worst_first
        self._overlays = overlays
        self._page = page
        self._tiles: dict[ViewKey, Tile] = {}
        self._rows: list[ViewResult] = []

    def draw(self, evidence: ViewEvidence) -> str | None:
        """Write a view's overlay and return its path relative to the folder; None when only sheets are wanted.

        Raises:
            DatasetError: If it cannot be written.
        """
        key = evidence.row.key
        self._tiles[key] = Tile(key.camera, draw_picture(evidence, self._tile_style), _short(evidence.row))
        if self._page:
            write_page_pictures(evidence, self._folder)
        if not self._overlays:
            return None
        relative = f"{self._prefix}{picture_name(key)}"
        write_picture(draw_overlay(evidence, self._style), self._folder / relative)
        return relative

    def add(self, row: ViewResult) -> None:
        """Take a finished row, failed or not; writes the sheet of the frame before when a new one begins.

        Raises:
            DatasetError: If a sheet cannot be written.
        """
        if self._rows and _group(row) != _group(self._rows[0]):
            self.finish()
        self._rows.append(row)

    def finish(self) -> None:
        """Write the sheet of the last frame.

        Raises:
            DatasetError: If it cannot be written.
        """
        if not self._rows:
            return
        key = self._rows[0].key
        ranked = rank_cameras(summarise_cameras(self._rows))
        relative = f"{self._prefix}sheet_{safe_name(f'{key.frame}_{key.mesh}')}.jpg"
        legend = [("captured", CAPTURED), ("rendered / projected", PREDICTED)]
        sheet = draw_sheet(self._sheet_tiles(ranked), _title(key.capture, key.frame, ranked), _TILE_WIDTH, legend)
        write_picture(sheet, self._folder / relative)
        self.sheets.append(relative)
        # The next frame's first picture is drawn before its row arrives: it stays.
        for row in self._rows:
            self._tiles.pop(row.key, None)
        self._rows = []

    def _sheet_tiles(self, ranked: Sequence[WorstCamera]) -> list[Tile]:
        place = {entry.camera: index for index, entry in enumerate(ranked)}
        worst = ranked[0].camera if ranked and ranked[0].stands_out else None
        tiles = []
        for row in self._rows:
            name = row.key.camera
            tile = self._tiles.get(row.key) or Tile(name, None, _short(row))
            tiles.append(Tile(name, tile.picture, tile.text, name == worst or row.failure is not None))
        if self._worst_first:
            return sorted(tiles, key=lambda tile: (place.get(tile.name, -1), natural_key(tile.name)))
        return tiles


def _group(row: ViewResult) -> tuple[str, str]:
    return row.key.frame, row.key.mesh


def _short(row: ViewResult) -> str:
    if row.failure is not None:
        return f"failed: {row.failure.type}"
    for metric in RANKING_METRICS:
        if row.missing_reason(metric) is None:
            return f"{metric.title} {metric.text(metric.value(row.scores))}"
    return "not computable"


def _title(capture: str, frame: str, ranked: Sequence[WorstCamera]) -> str:
    worst = f", worst camera {ranked[0].camera}" if ranked and ranked[0].stands_out else ""
    return f"{capture}, frame {frame}{worst}"
