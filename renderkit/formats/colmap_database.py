"""COLMAP database.db: the lenses of its cameras. Read only; poses are in the sparse models, not here.

Source: COLMAP documentation, "Database Format". The file is a stranger's: it is opened read-only, only plain tables are
read, and a statement that runs too long is stopped.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, UnsupportedLensError
from renderkit.formats.colmap_models import NAME_OF_NUMBER, from_colmap, param_count
from renderkit.formats.colmap_records import IDENTITY
from renderkit.formats.format import Format
from renderkit.formats.names import names_from_pictures
from renderkit.untrusted.content import Content, size_at
from renderkit.untrusted.files import check_regular

FILE_NAME = "database.db"
MAX_ROWS = 200_000
"""Databases with more cameras or images than this are refused."""

_MAGIC = b"SQLite format 3\0"
_MAX_STEPS = 2_000
_STEP = 100_000
_NO_POSES = (
    "a COLMAP database states no poses: every camera is read at the origin, looking along z; for poses give the sparse "
    "model's folder (cameras and images)"
)
_CAMERAS = "SELECT camera_id, model, width, height, params, length(params) FROM cameras ORDER BY camera_id"
_IMAGES = "SELECT camera_id, min(name), count(*) FROM images GROUP BY camera_id"


def matches(content: Content) -> bool:
    """Return True for an SQLite file with tables cameras and images, or a folder with such a database.db."""
    inside = _inside(content)
    if inside.is_folder or not inside.head.startswith(_MAGIC):
        return False
    try:
        with closing(_open(inside.path)) as database:
            return _has_tables(database)
    except sqlite3.Error:
        return False


def _inside(content: Content) -> Content:
    return Content(content.path / FILE_NAME) if content.has(FILE_NAME) else content


def read(content: Content) -> RawRig:
    """Read the cameras; each is named after its picture where it has one only, else by its number."""
    path = _inside(content).path
    try:
        with closing(_open(path)) as database:
            if not _has_tables(database):
                raise DatasetError(path, None, "expected COLMAP's tables cameras and images")
            rows = _rows(database, _CAMERAS, path)
            pictures = {number: str(name) for number, name, count in _rows(database, _IMAGES, path) if count == 1}
    except (sqlite3.Error, ValueError, OverflowError, TypeError) as error:
        raise DatasetError(path, None, f"cannot be read as a COLMAP database: {error}") from error
    labels = dict(zip(pictures, names_from_pictures(list(pictures.values())), strict=True))
    cameras: list[RawCamera] = []
    failed: dict[str, DatasetError] = {}
    for row in rows:
        name = labels.get(row[0], str(row[0]))
        try:
            cameras.append(_read_camera(row, name, path))
        except UnsupportedLensError as error:
            failed[name] = error
    return RawRig(tuple(cameras), content.path, notes=(_NO_POSES,), failed=failed)


def _read_camera(row: tuple[object, ...], name: str, path: Path) -> RawCamera:
    number, model_id, width, height, params, length = row
    key = f"camera {number}"
    model = NAME_OF_NUMBER.get(model_id, f"number {model_id}") if isinstance(model_id, int) else str(model_id)[:40]
    expected = 8 * param_count(model, path, key)
    if not isinstance(params, bytes) or length != expected:
        raise DatasetError(path, key, f"{model} takes {expected} bytes of parameters, found {length}")
    values = np.frombuffer(params, dtype="<f8").tolist()
    own = from_colmap(model, size_at(width, height, path, key), values, path, key)
    return RawCamera(name, own.K, IDENTITY, coefficients=own.coefficients, model=own.model, size=own.size)


def _open(path: Path) -> sqlite3.Connection:
    check_regular(path)
    # immutable: no lock and no journal is written beside a file that may lie on a read-only disk.
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    database.execute("PRAGMA trusted_schema = OFF")
    budget = iter(range(_MAX_STEPS))
    database.set_progress_handler(lambda: int(next(budget, None) is None), _STEP)
    return database


def _has_tables(database: sqlite3.Connection) -> bool:
    # A view of this name could run anything that SQL can.
    found = database.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('cameras', 'images')"
    )
    return bool(found.fetchone()[0] == 2)


def _rows(database: sqlite3.Connection, statement: str, path: Path) -> list[tuple[object, ...]]:
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
    rows = database.execute(f"{statement} LIMIT {MAX_ROWS + 1}").fetchall()
    if len(rows) > MAX_ROWS:
        raise DatasetError(path, None, f"more than {MAX_ROWS} rows")
    return rows


FORMAT = Format(name="colmap-db", title="COLMAP database (lenses only)", matches=matches, read_cameras=read)
