"""Run folders joined into one, and the parts of a run folder joined into one file per capture."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from renderkit.dataset.plan import PlannedCapture
from renderkit.dataset.run import report_stored
from renderkit.dataset.settings import FORMAT
from renderkit.dataset.store import CAPTURES, PARTS, RunStore, part_columns
from renderkit.errors import ArgumentError
from renderkit.results.dataset import DatasetReport
from renderkit.results.parquet_file import join_parquet
from renderkit.selection import natural_key
from renderkit.untrusted.files import read_bytes
from renderkit.writing import make_folder, new_file, remove_file, write_bytes

MAX_FILE_BYTES: Final = 1 << 32


def merge_runs(folders: Sequence[Path], out: Path) -> DatasetReport:
    """Join the run folders of shards into a new one, equal to that of one run to the byte.

    Args:
        folders: Run folders made with the same options.
        out: The new run folder.

    Raises:
        ArgumentError: If the runs were made with different options or versions, or hold one capture with other inputs,
            or `out` holds a run over quite other captures.
        DatasetError: If a folder holds no run over many captures, or `out` cannot be used.
    """
    stores = [RunStore(folder) for folder in folders]
    requests = [store.read_request() for store in stores]
    for folder, request in zip(folders, requests, strict=True):
        if _kind(request) != _kind(requests[0]):
            raise ArgumentError(f"{folder}: made with other options or another version than {folders[0]}")
    planned = _joined([store.read_plan() for store in stores], folders)
    merged = RunStore(out)
    merged.prepare()
    with merged.held():
        merged.refuse_others(planned)
        merged.take_back(planned)
        merged.write_request(requests[0]["settings"], requests[0]["paths"], _rest(requests[0]))
        merged.write_plan(planned)
        for store in stores:
            _copy(store.folder, out, {one.id for one in store.read_plan()})
        # A sample may have left captures out.
        absent = 0 if requests[0]["sample"] is not None else max(0, requests[0]["captures"] - len(planned))
        return report_stored(merged, absent)


def _kind(request: dict[str, Any]) -> tuple[object, ...]:
    settings = request["settings"]
    return settings.scoring_key, settings.concluding_key, request["renderkit"], request["sample"], request["captures"]


def _rest(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in ("sample", "reports", "captures", "views_per_unit")} | {"shard": None}


def _joined(plans: Sequence[Sequence[PlannedCapture]], folders: Sequence[Path]) -> tuple[PlannedCapture, ...]:
    found: dict[str, PlannedCapture] = {}
    for plan, folder in zip(plans, folders, strict=True):
        for one in plan:
            known = found.setdefault(one.id, one)
            if known.units != one.units:
                raise ArgumentError(f"{folder}: the capture {one.id} is in another run too, with other inputs")
    return tuple(sorted(found.values(), key=lambda one: natural_key(one.id)))


def _copy(source: Path, target: Path, ids: set[str]) -> None:
    """Copy the stored rows and conclusions of captures; a capture's capture.json last."""
    for kind in (PARTS, CAPTURES):
        for name in sorted(ids):
            for file in sorted(_files(source / kind / name), key=lambda path: path.name == "capture.json"):
                place = target / file.relative_to(source)
                make_folder(place.parent)
                write_bytes(place, read_bytes(file, MAX_FILE_BYTES))


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if not name.startswith("."))


def compact_run(folder: Path) -> int:
    """Join the parts of each finished capture into one file; return how many files went. Resuming still works.

    Raises:
        DatasetError: If the folder holds no run over many captures, or cannot be written.
    """
    store = RunStore(folder)
    request = store.read_request()
    num_removed = 0
    with store.held():
        for one in store.read_plan():
            parts = store.parts(one)
            if store.missing(one) or len(parts) < 2:
                continue
            with new_file(store.whole(one)) as temporary:
                join_parquet(parts, temporary, part_columns(), {"schema": FORMAT, "key": request["scoring_key"]})
            for part in parts:
                remove_file(part)
            num_removed += len(parts) - 1
    return num_removed
