"""Output folders of runs: which are taken, what goes from them, and what is refused untouched."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.results.json_report import write_report
from renderkit.results.report import Report
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.run_takeover import begin_run, check_run_folder, end_run


def _begin(folder: Path, capture: str, files: tuple[str, ...] = ()) -> Path:
    check_run_folder(folder, capture)
    return begin_run(folder, capture, files)


FOLDERS = ("overlays", "page", "surfaces", "evidence")


def _finish(folder: Path, capture: str) -> None:
    write_report(Report((ViewResult(ViewKey(capture, "0", "1", "scan"), missing={"mask": "no matte"}),)), folder)
    end_run(folder)


def _listed(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_missing_or_empty_folder_is_taken_and_left_clean(tmp_path: Path) -> None:
    folder = _begin(tmp_path / "runs" / "a", "take")
    end_run(folder)
    assert _listed(folder) == {"overlays"}
    (tmp_path / "hidden").mkdir()
    for name in (".gitkeep", "night.log", "log.txt"):
        (tmp_path / "hidden" / name).write_text("x")
    end_run(_begin(tmp_path / "hidden", "take"))
    assert _listed(tmp_path / "hidden") == {"overlays", ".gitkeep", "night.log", "log.txt"}


def test_an_earlier_run_of_the_capture_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    folder = _begin(tmp_path / "run", "take")
    _finish(folder, "take")
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "0_1_scan.jpg").write_bytes(b"of the earlier run")
    for name in ("rig.json", "meshes.json", "limits.json", "report.pdf", "report.html", "notes.md"):
        (folder / name).write_text("of the earlier run")
    _begin(folder, "take", ("report.html",))
    assert _listed(folder) == {"overlays", "notes.md", ".renderkit-unfinished"}


def test_a_run_that_did_not_end_is_gone_on_with(tmp_path: Path) -> None:
    folder = _begin(tmp_path / "run", "take")
    (folder / "overlays" / "old.jpg").write_bytes(b"x")
    _begin(folder, "take")
    assert _listed(folder) == {"overlays", ".renderkit-unfinished"}
    with pytest.raises(DatasetError, match="holds a run of 'take', not of 'other': choose another --out"):
        _begin(folder, "other")


def test_a_run_of_another_capture_is_refused_untouched(tmp_path: Path) -> None:
    folder = _begin(tmp_path / "run", "take")
    (folder / "overlays" / "old.jpg").write_bytes(b"x")
    _finish(folder, "take")
    before = _listed(folder)
    with pytest.raises(DatasetError, match="holds a run of 'take', not of 'other': choose another --out"):
        _begin(folder, "other")
    assert _listed(folder) == before
    check_run_folder(folder)
    check_run_folder(folder, "take")


@pytest.mark.parametrize("name", ["rig.json", "notes.md", "overlays/mine.jpg", "run.json"])
def test_a_folder_with_other_files_is_refused_untouched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(DatasetError, match=r"not empty, and no run of renderkit \(report.json is missing\): choose"):
        _begin(tmp_path, "take")
    assert (tmp_path / name).read_text() == "mine"


def test_a_report_json_of_something_else_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"tests": 3}')
    with pytest.raises(DatasetError, match="not a renderkit report"):
        _begin(tmp_path, "take")
    assert (tmp_path / "report.json").read_text() == '{"tests": 3}'


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = _begin(tmp_path / "run", "take")
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text("{}")
    (folder / "report.json").symlink_to(elsewhere)
    _begin(folder, "take")
    assert not (folder / "report.json").exists()
    assert elsewhere.read_text() == "{}"


def test_limits_may_come_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "limits.json").write_text("{}")
    _begin(tmp_path, "take")
    assert (tmp_path / "limits.json").exists()
