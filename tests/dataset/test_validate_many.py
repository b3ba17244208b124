"""Many captures in one run: found, stored, resumed; what changed is computed anew and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from many_runs import ManyRun
from simulated_dataset import folder_bytes

from renderkit.capture import Capture
from renderkit.dataset.run import Machinery, resume_dataset
from renderkit.dataset.store import RunStore
from renderkit.dataset.worker import CHANGED
from renderkit.errors import ArgumentError, ContextError, DatasetError
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.run import validate
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.base import Renderer
from renderkit.results.json_report import dump_report
from renderkit.results.report import Report
from renderkit.results.rows import Failure, ViewResult


def test_rows_are_those_of_each_capture_alone(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    many(originals, tmp_path / "run")
    store = RunStore(tmp_path / "run")
    for planned in store.read_plan():
        alone = validate(planned.found.path, renderer="cpu", checks=False, sanity=False)
        for row in alone.rows:
            object.__setattr__(row, "seconds", 0.0)
        assert dump_report(Report(store.read_rows(planned))) == dump_report(Report(alone.rows))


def test_parts_are_tables_of_numbers(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    many(originals, tmp_path / "run")
    table = pq.read_table(tmp_path / "run" / "parts").to_pydict()
    assert len(table["iou"]) == 4 * 4 * 2
    assert min(table["iou"]) > 0.9
    assert set(table["subject"]) == {"anna", "ben"}
    assert set(table["day"]) == {"2024-05-01", "2024-05-02", "2024-05-03"}
    assert set(table["capture_id"]) == {one.id for one in RunStore(tmp_path / "run").read_plan()}


def test_a_second_run_computes_nothing(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    first = many(originals, tmp_path / "run")
    before = folder_bytes(tmp_path / "run")
    again = many(originals, tmp_path / "run")
    assert (first.computed, again.computed) == (4, 0)
    assert folder_bytes(tmp_path / "run") == before


def test_a_changed_capture_alone_is_computed_anew(twenty: Path, tmp_path: Path, many: ManyRun) -> None:
    data = Path(shutil.copytree(twenty, tmp_path / "data"))
    assert many(data, tmp_path / "run").computed == 20
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "parts").rglob("*.parquet")}
    changed = data / "subject13" / "scan.ply"
    os.utime(changed, ns=(1, 1))
    assert many(data, tmp_path / "run").computed == 0  # its content is the same
    changed.write_bytes(changed.read_bytes() + b"\0")
    report = resume_dataset(tmp_path / "run", Machinery("serial"))
    assert (report.computed, report.units_done) == (1, 20)
    assert report.notes[0].count("subject") == 1
    assert "subject13" in report.notes[0]
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "parts").rglob("*.parquet")}
    kept = times.keys() & after.keys()
    assert (len(kept), len(after)) == (19, 20)
    assert {path.parent.name for path in after.keys() - kept} == {"subject13"}
    assert all(times[path] == after[path] for path in kept)


def test_another_option_computes_everything_anew_and_says_so(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    many(originals, tmp_path / "run")
    report = many(originals, tmp_path / "run", matte_threshold=0.6)
    assert report.computed == 4
    assert "options" in report.notes[0]
    assert len(list((tmp_path / "run" / "parts").rglob("*.parquet"))) == 4


def test_other_gates_keep_the_rows(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    assert many(originals, tmp_path / "run", gates=["iou >= 0.5"]).passed
    report = many(originals, tmp_path / "run", gates=["iou >= 0.99999"])
    assert report.computed == 0
    assert not report.passed
    assert report.gate_failed


def test_a_gone_capture_goes_from_the_results(data: Path, tmp_path: Path, many: ManyRun) -> None:
    many(data, tmp_path / "run")
    assert (tmp_path / "run" / "captures" / "ben__2024-05-03_talk").exists()
    for path in (data / "ben" / "2024-05-03_talk").glob("*"):
        path.unlink()
    report = many(data, tmp_path / "run")
    assert [one.id for one in report.captures if one.subject == "ben"] == ["ben__2024-05-01_smile"]
    assert not (tmp_path / "run" / "captures" / "ben__2024-05-03_talk").exists()
    assert "no longer among the captures" in report.notes[0]


def test_pictures_of_an_earlier_run_are_gone(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    one = originals / "anna" / "2024-05-01_smile"
    many(one, tmp_path / "run", reports="all")
    folder = tmp_path / "run" / "captures" / "2024-05-01_smile"
    stray = folder / "overlays" / "9_99_scan.jpg"
    stray.write_bytes(b"old")
    many(one, tmp_path / "run", reports="all", gates=["iou >= 0.5"])
    assert (folder / "report.html").is_file()
    assert not stray.exists()


def test_a_damaged_capture_is_named_and_costs_no_other(data: Path, tmp_path: Path, many: ManyRun) -> None:
    folder = data / "anna" / "2024-05-01_smile"
    for path in folder.glob("*.smc"):
        path.write_bytes(path.read_bytes()[:100])
    report = many(data, tmp_path / "run")
    states = {one.id: one.state for one in report.captures}
    assert [name for name, state in states.items() if state == "bad"]
    assert sum(state == "unjudged" for state in states.values()) == 3
    assert not report.passed


def test_an_input_that_changes_under_way_is_a_failed_unit(
    data: Path, tmp_path: Path, many: ManyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = next((data / "anna" / "2024-05-01_smile").glob("*_raw.smc"))

    def touching(capture: Capture, renderer: Renderer, options: ValidationOptions) -> Iterator[ViewResult]:
        os.utime(changed)
        return validate_views(capture, renderer, options)

    monkeypatch.setattr("renderkit.dataset.worker.validate_views", touching)
    report = many(data / "anna", tmp_path / "run")
    bad = next(one for one in report.captures if "smile" in one.id)
    assert bad.state == "incomplete"
    assert CHANGED in bad.sentence
    monkeypatch.undo()
    assert all(one.state == "unjudged" for one in many(data / "anna", tmp_path / "run").captures)


@pytest.mark.parametrize(
    "error",
    [MemoryError("no memory"), OSError(24, "Too many open files"), ContextError("GPU 0", "the context is lost")],
)
def test_what_goes_wrong_in_a_unit_fails_it_alone(
    originals: Path, tmp_path: Path, many: ManyRun, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(capture: Capture, renderer: Renderer, options: ValidationOptions) -> Iterator[ViewResult]:
        if "smile" in str(capture.path):
            raise error
        return validate_views(capture, renderer, options)

    many(originals / "anna", tmp_path / "whole")
    monkeypatch.setattr("renderkit.dataset.worker.validate_views", failing)
    report = many(originals / "anna", tmp_path / "run")
    assert [one.state for one in report.captures] == ["incomplete", "unjudged"]
    assert str(error).removeprefix("no OpenGL context on ") in report.captures[0].sentence
    assert (report.computed, report.units_done, report.units) == (1, 1, 2)
    monkeypatch.undo()
    assert many(originals / "anna", tmp_path / "run").computed == 1
    assert folder_bytes(tmp_path / "run") == folder_bytes(tmp_path / "whole")


@pytest.mark.parametrize("as_row", [False, True])
def test_a_lost_device_is_made_anew(
    originals: Path, tmp_path: Path, many: ManyRun, monkeypatch: pytest.MonkeyPatch, as_row: bool
) -> None:
    renderers: list[Renderer] = []

    def lost_once(capture: Capture, renderer: Renderer, options: ValidationOptions) -> Iterator[ViewResult]:
        renderers.append(renderer)
        rows = validate_views(capture, renderer, options)
        if len(renderers) > 1:
            return rows
        if not as_row:
            raise ContextError("GPU 0", "the context is lost")
        return iter([ViewResult(row.key, failure=Failure("GLError", "context lost")) for row in rows])

    many(originals / "anna", tmp_path / "whole")
    monkeypatch.setattr("renderkit.dataset.worker.validate_views", lost_once)
    assert many(originals / "anna", tmp_path / "run").computed == 2
    assert renderers[0] is not renderers[1]
    assert folder_bytes(tmp_path / "run") == folder_bytes(tmp_path / "whole")


def test_a_capture_that_goes_under_way_is_a_failed_unit(
    data: Path, tmp_path: Path, many: ManyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = next((data / "anna" / "2024-05-01_smile").glob("*_raw.smc"))

    def hiding(capture: Capture, renderer: Renderer, options: ValidationOptions) -> Iterator[ViewResult]:
        if gone.exists():
            gone.rename(gone.with_suffix(".away"))
        return validate_views(capture, renderer, options)

    monkeypatch.setattr("renderkit.dataset.worker.validate_views", hiding)
    report = many(data / "anna", tmp_path / "run")
    assert [one.state for one in report.captures] == ["incomplete", "unjudged"]
    assert "the input no longer exists" in report.captures[0].sentence
    monkeypatch.undo()
    gone.with_suffix(".away").rename(gone)
    assert many(data / "anna", tmp_path / "run").computed == 1


def test_a_folder_that_is_no_run_is_left_alone(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(DatasetError, match="not empty"):
        many(originals, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_a_run_over_other_captures_is_left_alone(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    many(originals / "anna", tmp_path / "run")
    before = folder_bytes(tmp_path / "run")
    with pytest.raises(ArgumentError, match="other captures"):
        many([originals / "ben" / "2024-05-03_talk"], tmp_path / "run")
    assert folder_bytes(tmp_path / "run") == before


def test_two_runs_do_not_work_in_one_folder(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    store = RunStore(tmp_path / "run")
    store.prepare()
    (tmp_path / "run" / "run.json").write_text("{}")
    with store.held(), pytest.raises(DatasetError, match="another run"):
        many(originals, tmp_path / "run")


def test_a_sample_is_spread_over_captures_and_cameras(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    report = many(originals, tmp_path / "run", sample=16, seed=1)
    table = pq.read_table(tmp_path / "run" / "parts").to_pydict()
    assert report.num_views == len(table["camera"]) == 16
    assert np.unique(table["capture_id"], return_counts=True)[1].tolist() == [4] * 4
    assert np.unique(table["camera"], return_counts=True)[1].tolist() == [4] * 4
    other = many(originals, tmp_path / "other", sample=16, seed=2)
    assert other.num_views == 16
    frames = pq.read_table(tmp_path / "other" / "parts").to_pydict()["frame"]
    assert frames != table["frame"]


def test_the_index_names_the_worst_first_and_escapes_names(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    root = tmp_path / "data" / "<b>x"
    root.parent.mkdir()
    root.symlink_to(originals / "anna")
    many([str(root)], tmp_path / "run", gates=["iou >= 0.5"])
    page = (tmp_path / "run" / "index.html").read_text()
    assert "PASS" in page
    assert "<b>x" not in page
    assert json.loads((tmp_path / "run" / "plan.json").read_text())[0]["subject"]
