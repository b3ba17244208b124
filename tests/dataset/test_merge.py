"""Shards joined are one run, to the byte; parts joined hold the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from many_runs import ManyRun
from simulated_dataset import folder_bytes

from renderkit.dataset.discover import FoundCapture
from renderkit.dataset.merge import compact_run, merge_runs
from renderkit.dataset.plan import Shard
from renderkit.dataset.run import Machinery, resume_dataset
from renderkit.dataset.store import RunStore
from renderkit.errors import ArgumentError


def test_seven_shards_share_the_captures() -> None:
    captures = [FoundCapture(str(index), Path(str(index)), "", "", "") for index in range(20)]
    shares = [Shard(index, 7).of(captures) for index in range(7)]
    assert sorted(int(one.id) for share in shares for one in share) == list(range(20))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(("index", "count"), [(7, 7), (-1, 3), (0, 0)])
def test_there_is_no_such_shard(index: int, count: int) -> None:
    with pytest.raises(ArgumentError, match="shard"):
        Shard(index, count)


def test_merged_shards_are_one_run_to_the_byte(twenty: Path, tmp_path: Path, many: ManyRun) -> None:
    gates = ["iou >= 0.99"]
    whole = many(twenty, tmp_path / "whole", gates=gates)
    shards = [tmp_path / f"shard-{index}" for index in range(7)]
    computed = [many(twenty, shard, gates=gates, shard=(index, 7)).computed for index, shard in enumerate(shards)]
    assert (whole.computed, computed) == (20, [3, 3, 3, 3, 3, 3, 2])
    report = merge_runs(shards, tmp_path / "merged")
    assert folder_bytes(tmp_path / "merged") == folder_bytes(tmp_path / "whole")
    assert (report.passed, len(report.captures)) == (whole.passed, 20)
    assert resume_dataset(tmp_path / "merged", Machinery("serial")).computed == 0


def test_a_missing_shard_is_said(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    many(originals, tmp_path / "one", shard=(0, 2))
    report = merge_runs([tmp_path / "one"], tmp_path / "merged")
    assert report.notes == ("2 of 4 captures missing from these runs",)
    assert not report.passed


def test_runs_with_other_options_are_not_joined(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    many(originals, tmp_path / "one", shard=(0, 2))
    many(originals, tmp_path / "two", shard=(1, 2), matte_threshold=0.6)
    with pytest.raises(ArgumentError, match="other options"):
        merge_runs([tmp_path / "one", tmp_path / "two"], tmp_path / "merged")


def test_compacted_parts_hold_the_same_rows(originals: Path, tmp_path: Path, many: ManyRun) -> None:
    from renderkit.dataset.run import run_dataset
    from renderkit.dataset.settings import DatasetSettings

    settings = DatasetSettings(checks=False, sanity=False, renderer="cpu")
    machinery = Machinery("serial", reports="none", views_per_unit=4)
    run_dataset([originals / "anna"], tmp_path / "run", settings, machinery)
    store = RunStore(tmp_path / "run")
    planned = store.read_plan()[0]
    before = [row.key for row in store.read_rows(planned)]
    assert len(store.parts(planned)) == 2
    assert compact_run(tmp_path / "run") == 2
    assert len(store.parts(planned)) == 1
    assert [row.key for row in store.read_rows(planned)] == before
    assert resume_dataset(tmp_path / "run", Machinery("serial")).computed == 0
