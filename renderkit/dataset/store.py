"""The run folder of many captures: what is done is there whole, what is not there is to be done.

    run.json            what was asked: settings, paths, version
    plan.json           captures and the keys of their units
    parts/ID/BLOCK-KEY.parquet   the rows of one unit: a table, with a column `row` that rows are read back from
    captures/ID/capture.json     what was concluded of a capture, and beside it its own run folder
    index.html, summary.md, junit.xml, captures.csv, log.txt

A file's name holds the key of everything that decided its content: whatever has another key is of an earlier run, and
is removed before work starts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import renderkit
from renderkit.dataset.plan import PlannedCapture, Unit, plan_from_json, plan_json
from renderkit.dataset.settings import FORMAT, DatasetSettings, content_key, settings_from_json
from renderkit.errors import ArgumentError, DatasetError
from renderkit.gates.gate import GateError
from renderkit.metrics.score_json import packed_points
from renderkit.results.parquet_file import ColumnType, check_parquet, dump_parquet, read_parquet_rows
from renderkit.results.row_json import row_from_json, stored_row_json
from renderkit.results.rows import ViewResult
from renderkit.results.run_folder import make_writable, refuse_foreign
from renderkit.results.table import column_types, table_cells
from renderkit.system import locked
from renderkit.untrusted.json_text import parse_json, read_json, read_json_object
from renderkit.writing import append_text, make_folder, make_subfolder, remove_file, write_bytes, write_json

RUN_FILE: Final = "run.json"
PLAN_FILE: Final = "plan.json"
LOG_FILE: Final = "log.txt"
PARTS: Final = "parts"
CAPTURES: Final = "captures"
CONCLUSION: Final = "capture.json"
ROW: Final = "row"
"""Column that rows are read back from."""
MAX_PLAN_BYTES: Final = 1 << 30


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run over many captures."""
    return (folder / RUN_FILE).is_file()


def is_planned(folder: Path) -> bool:
    """Whether a folder holds a run that got as far as its plan: it can be resumed."""
    return is_run(folder) and (folder / PLAN_FILE).is_file()


@dataclass(frozen=True)
class RunStore:
    """One run folder.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    def prepare(self) -> None:
        """Make the folder where there is none.

        Raises:
            DatasetError: If it cannot be written, or holds something that is no run over many captures.
            MissingExtraError: If Parquet cannot be written.
        """
        check_parquet()
        refuse_foreign(self.folder, "run over many captures", (RUN_FILE,))
        make_writable(self.folder)
        make_subfolder(self.folder, PARTS)
        make_subfolder(self.folder, CAPTURES)

    def refuse_others(self, planned: Sequence[PlannedCapture]) -> None:
        """Refuse a folder that holds a run over quite other captures.

        Raises:
            ArgumentError: If it does.
            DatasetError: If its plan is damaged.
        """
        before = {one.id for one in self.read_plan()}
        if before and not before & {one.id for one in planned}:
            raise ArgumentError(f"{self.folder} holds a run over other captures: choose another --out")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out of the folder while the block runs.

        Raises:
            DatasetError: If another run works in it.
        """
        with locked(self.folder / ".lock") as got:
            if not got:
                raise DatasetError(self.folder, None, "another run is working in this folder: wait for it, or stop it")
            yield

    def write_request(self, settings: DatasetSettings, paths: Sequence[str], more: Mapping[str, Any]) -> None:
        """Write what was asked.

        Raises:
            DatasetError: If it cannot be written.
        """
        request = {"schema": FORMAT, "renderkit": renderkit.__version__, "paths": list(paths), **more}
        request |= {"scoring_key": settings.scoring_key, "settings": settings.as_json()}
        write_json(self.folder / RUN_FILE, request, indent=1, sort_keys=True)

    def read_request(self) -> dict[str, Any]:
        """Return what was asked, with "settings" as `DatasetSettings`.

        Raises:
            DatasetError: If this is no run over many captures, or one of another version.
        """
        file = self.folder / RUN_FILE
        if not file.is_file():
            raise DatasetError(self.folder, None, f"no run over many captures: {RUN_FILE} is missing")
        request = read_json_object(file)
        if request.get("schema") != FORMAT:
            raise DatasetError(file, "schema", f"expected {FORMAT!r}, found {request.get('schema')!r}")
        try:
            return request | {"settings": settings_from_json(request["settings"])}
        except (KeyError, TypeError, ValueError, AttributeError, GateError) as error:
            raise DatasetError(file, None, f"damaged: {type(error).__name__}: {error}") from error

    def write_plan(self, captures: Iterable[PlannedCapture]) -> None:
        """Write which captures there are.

        Raises:
            DatasetError: If it cannot be written.
        """
        write_json(self.folder / PLAN_FILE, plan_json(captures))

    def read_plan(self) -> tuple[PlannedCapture, ...]:
        """Return which captures there are; () before the first plan.

        Raises:
            DatasetError: If it is damaged.
        """
        file = self.folder / PLAN_FILE
        if not file.exists():
            return ()
        try:
            return plan_from_json(read_json(file, MAX_PLAN_BYTES))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DatasetError(file, None, f"damaged: {type(error).__name__}: {error}") from error

    def part(self, capture: PlannedCapture, unit: Unit) -> Path:
        """Return the file of one unit's rows."""
        return self.folder / PARTS / capture.id / f"{unit.block:05d}-{unit.key}.parquet"

    def whole(self, capture: PlannedCapture) -> Path:
        """Return the file of all of a capture's rows, which `compact` writes in place of its parts."""
        key = content_key([unit.key for unit in capture.units])
        return self.folder / PARTS / capture.id / f"all-{key}.parquet"

    def parts(self, capture: PlannedCapture) -> tuple[Path, ...]:
        """Return the files that hold a capture's rows, in order, whether they are there or not."""
        whole = self.whole(capture)
        return (whole,) if whole.is_file() else tuple(self.part(capture, unit) for unit in capture.units)

    def missing(self, capture: PlannedCapture) -> tuple[Unit, ...]:
        """Return the units that are not done."""
        folder = self.folder / PARTS / capture.id
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if self.whole(capture).name in there:
            return ()
        return tuple(unit for unit in capture.units if self.part(capture, unit).name not in there)

    def write_part(self, capture: PlannedCapture, unit: Unit, rows: Sequence[ViewResult]) -> Path:
        """Store the rows of one unit.

        Raises:
            DatasetError: If they cannot be written; then nothing is there.
        """
        place = {"capture_id": capture.id, "subject": capture.found.subject, "day": capture.found.day}
        cells = {name: [text] * len(rows) for name, text in place.items()} | table_cells(rows)
        record = json.JSONEncoder(allow_nan=False, default=packed_points)
        cells |= {ROW: [record.encode(stored_row_json(row)) for row in rows]}
        data = dump_parquet(part_columns(), cells, {"schema": FORMAT, "key": unit.key, "block": str(unit.block)})
        path = self.part(capture, unit)
        make_folder(path.parent)
        return write_bytes(path, data)

    def read_rows(self, capture: PlannedCapture) -> tuple[ViewResult, ...]:
        """Return a capture's rows, as they were scored.

        Raises:
            DatasetError: If a part is missing or damaged.
        """
        return tuple(row for path in self.parts(capture) for row in read_part(path))

    def conclusion(self, capture: PlannedCapture) -> Path:
        """Return the file with what was concluded of a capture."""
        return self.folder / CAPTURES / capture.id / CONCLUSION

    def is_concluded(self, capture: PlannedCapture, key: str) -> bool:
        """Whether a capture's report is there and stands for these units and gates."""
        file = self.conclusion(capture)
        try:
            return file.is_file() and read_json_object(file).get("key") == key
        except DatasetError:
            return False  # damaged: it is written anew

    def take_back(self, captures: Sequence[PlannedCapture]) -> int:
        """Remove parts of units and folders of captures that are not in a plan; return the number of parts.

        Files that a run was killed over go as well.
        """
        for path in self.folder.glob(".renderkit-*"):
            remove_file(path)
        wanted = {one.id: {path.name for path in self.parts(one) if one.units} for one in captures}
        removed = 0
        for folder in _folders(self.folder / PARTS):
            stale = [path for path in folder.iterdir() if path.name not in wanted.get(folder.name, ())]
            for path in stale:
                remove_file(path)
                removed += path.suffix == ".parquet" and not path.name.startswith(".")
            if folder.name not in wanted:
                folder.rmdir()
        for folder in _folders(self.folder / CAPTURES):
            if folder.name not in wanted:
                shutil.rmtree(folder)
        return removed

    def clear_conclusion(self, capture: PlannedCapture) -> None:
        """Remove a capture's own run folder, pictures and all, before it is written anew."""
        folder = self.conclusion(capture).parent
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)

    def log(self, text: str) -> None:
        """Add a line to the log.

        Raises:
            DatasetError: If it cannot be written.
        """
        append_text(self.folder / LOG_FILE, f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")


def part_columns() -> dict[str, ColumnType]:
    """Return the type of each column of a part, in order."""
    return {**dict.fromkeys(("capture_id", "subject", "day"), "text"), **column_types(), ROW: "record"}


def read_part(path: Path) -> Iterator[ViewResult]:
    """Yield the rows of one part.

    Raises:
        DatasetError: If it is missing or damaged.
    """
    for cells in read_parquet_rows(path, [ROW]):
        try:
            yield row_from_json(parse_json(path, cells[ROW]), 0.0)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise DatasetError(path, ROW, f"damaged: {type(error).__name__}: {error}") from error


def _folders(path: Path) -> list[Path]:
    return [one for one in path.iterdir() if one.is_dir() and not one.is_symlink()] if path.is_dir() else []
