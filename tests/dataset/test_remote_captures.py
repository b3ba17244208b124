"""A dataset at a URL: the rows of the one on disk, resumed and computed anew like it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from many_runs import ManyRun

from renderkit.dataset.run import Machinery, resume_dataset
from renderkit.dataset.store import RunStore
from renderkit.results.json_report import dump_report
from renderkit.results.report import Report


@pytest.fixture
def store(originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The captures of one person in memory, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    memory = fsspec.filesystem("memory")
    for path in (originals / "anna").rglob("*"):
        if path.is_file():
            memory.pipe(f"/data/{path.relative_to(originals / 'anna').as_posix()}", path.read_bytes())
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def test_a_dataset_at_a_url(store: Any, originals: Path, tmp_path: Path, many: ManyRun) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    many(originals / "anna", here)
    report = many("memory://data", there)
    rows = [
        [dump_report(Report(RunStore(run).read_rows(one))) for one in RunStore(run).read_plan()]
        for run in (here, there)
    ]
    assert rows[0] == rows[1]
    assert [one.id for one in report.captures] == ["2024-05-01_smile", "2024-05-02_talk"]
    assert report.captures[0].path == "memory://data/2024-05-01_smile"
    assert report.captures[0].day == "2024-05-01"
    assert resume_dataset(there, Machinery("serial")).computed == 0

    changed = next(name for name in store.store if "talk" in name and name.endswith("_raw.smc"))
    store.pipe(changed, store.cat(changed) + b"\0")
    again = many("memory://data/*", there)
    assert again.computed == 1
    assert any("2024-05-02_talk" in note for note in again.notes)
