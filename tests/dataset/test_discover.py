"""Captures are found by content at any depth, in one process or several."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from renderkit.dataset import survey as module
from renderkit.dataset.discover import find_captures, is_dataset
from renderkit.dataset.plan import plan_captures
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.survey import Survey
from renderkit.errors import DatasetError


@pytest.fixture
def several(twenty: Path, tmp_path: Path) -> Path:
    """Captures in several depths, a damaged one, folders without any, and hidden ones."""
    root = tmp_path / "data"
    for index, place in enumerate(("a", "b/one", "b/two", "c/d/e/deep", ".hidden", "b/.hidden")):
        shutil.copytree(twenty / f"subject{index:02d}", root / place)
    (root / "empty" / "below").mkdir(parents=True)
    shutil.copytree(twenty / "subject07", root / "b" / "broken")
    (root / "b" / "broken" / "capture.toml").write_text("format = ")
    (root / "notes.txt").write_text("none")
    (root / "link").symlink_to(root / "a")
    return root


@pytest.mark.parametrize("least", [1, 1000])
def test_captures_are_found_at_any_depth(several: Path, monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    monkeypatch.setattr(module, "MIN_ITEMS", least)
    monkeypatch.setattr(module, "usable_cores", lambda: 2)
    found = find_captures([several])
    assert [one.id for one in found] == ["a", "b__broken", "b__one", "b__two", "c__d__e__deep"]
    assert [bool(one.failure) for one in found] == [False, True, False, False, False]
    planned = plan_captures(found, DatasetSettings(renderer="cpu"))
    assert [one.id for one in planned] == [one.id for one in found]
    assert [one.num_views for one in planned] == [1, 0, 1, 1, 1]


def test_what_is_deeper_than_the_bound_is_not_found(several: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderkit.dataset.discover.MAX_DEPTH", 2)
    assert "c__d__e__deep" not in {one.id for one in find_captures([several])}
    monkeypatch.setattr("renderkit.dataset.discover.MAX_DEPTH", 4)
    assert "c__d__e__deep" in {one.id for one in find_captures([several])}


def test_a_path_without_captures_is_named(several: Path) -> None:
    (nothing,) = find_captures([several / "empty"])
    assert nothing.failure
    assert not is_dataset(several / "empty")
    assert not is_dataset(several / "a")
    assert not is_dataset(several / "notes.txt")
    assert is_dataset(several)
    assert is_dataset(several / "c")


@pytest.mark.parametrize("least", [1, 1000])
def test_a_survey_keeps_order_and_passes_errors_on(monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    monkeypatch.setattr(module, "MIN_ITEMS", least)
    monkeypatch.setattr(module, "usable_cores", lambda: 2)
    with Survey() as survey:
        assert survey.map(abs, range(-40, 0)) == list(range(40, 0, -1))
        elsewhere = {int(pid) for pid in survey.map(_own_process, range(8))} != {os.getpid()}
        assert elsewhere == (least == 1)
        with pytest.raises(DatasetError, match="3 is bad"):
            survey.map(_fail_at_three, range(6))


def _own_process(_: int) -> int:
    return os.getpid()


def _fail_at_three(number: int) -> int:
    if number == 3:
        raise DatasetError(Path("f"), None, "3 is bad")
    return number
