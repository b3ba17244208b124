"""Inputs by URL, on fsspec's file system in memory: listed, read by ranges or downloaded, never of another version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import open_capture
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.untrusted.files import read_bytes, read_head
from renderkit.untrusted.remote import LIMIT_VARIABLE, is_url, local_path, matching, shown_path, url_of


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file system in memory, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    memory = fsspec.filesystem("memory")
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def test_what_a_url_is() -> None:
    assert is_url("s3://bucket/x")
    assert is_url(Path("gs://bucket/x"))
    assert not any(is_url(text) for text in ("data/x", "/data/x", "C:/data", "a:b", "@list.txt"))
    assert local_path("file:///data/x") == Path("/data/x")
    assert local_path("data/x") == Path("data/x")


def test_a_file_is_downloaded_when_it_is_opened_and_once(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe("/data/a/cameras.json", b"cameras")
    store.pipe("/data/a/big.bin", b"x" * 5_000_000)
    folder = local_path("memory://data/a")
    assert sorted(path.name for path in folder.iterdir()) == ["big.bin", "cameras.json"]
    assert (folder / "big.bin").stat().st_size == 5_000_000
    assert (folder / "big.bin").stat().st_blocks == 0
    assert read_bytes(folder / "cameras.json") == b"cameras"
    monkeypatch.setattr(type(store), "open", None)
    assert read_bytes(folder / "cameras.json") == b"cameras"
    assert url_of(folder / "cameras.json") == shown_path(folder / "cameras.json") == "memory://data/a/cameras.json"


def test_the_head_of_a_large_file_is_read_alone(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe("/data/big.bin", b"head" + b"x" * 5_000_000)
    place = local_path("memory://data/big.bin")
    assert read_head(place, 4) == b"head"
    assert place.stat().st_blocks == 0


def test_those_not_used_for_longest_go_first(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "0.0000025")  # 2500 bytes
    for name in "abc":
        store.pipe(f"/data/{name}", name.encode() * 1000)
    folder = local_path("memory://data")
    for name in "abac":
        assert read_bytes(folder / name) == name.encode() * 1000
    assert [(folder / name).stat().st_blocks > 0 for name in "abc"] == [True, False, True]
    assert read_bytes(folder / "b") == b"b" * 1000


def test_a_file_over_the_limit_is_refused_before_it_is_read(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe("/data/a", b"a" * 1000)
    place = local_path("memory://data/a")
    with pytest.raises(DatasetError, match="over the limit of 100;"):
        read_bytes(place, 100)
    monkeypatch.setenv(LIMIT_VARIABLE, "0.0000005")
    with pytest.raises(DatasetError, match="1000 bytes are over the limit of 500"):
        read_bytes(place)
    monkeypatch.setenv(LIMIT_VARIABLE, "many")
    with pytest.raises(DatasetError, match="expected a number of GB"):
        read_bytes(place)


def test_a_file_of_another_version_is_not_read(store: Any) -> None:
    store.pipe("/data/a", b"old")
    place = local_path("memory://data/a")
    assert read_bytes(place) == b"old"
    before = place.stat().st_mtime_ns
    store.rm("/data/a")
    store.pipe("/data/a", b"new")
    assert read_bytes(place) == b"old"  # the version that was listed
    place = local_path("memory://data/a")
    assert place.stat().st_mtime_ns != before
    assert read_bytes(place) == b"new"
    store.rm("/data/a")
    store.pipe("/data/a", b"newer")
    place.parent.joinpath("x").touch()
    local = local_path("memory://data/a")
    store.pipe("/data/a", b"newest!")
    with pytest.raises(DatasetError, match="changed since it was listed"):
        read_bytes(local)
    store.rm("/data/a")
    with pytest.raises(DatasetError, match="no such file"):
        local_path("memory://data/a")


def test_what_has_gone_is_gone_here(store: Any) -> None:
    store.pipe("/data/s/a", b"a")
    store.pipe("/data/s/b", b"b")
    folder = local_path("memory://data/s")
    store.rm("/data/s/b")
    assert [path.name for path in local_path("memory://data/s").iterdir()] == ["a"]
    assert folder.is_dir()


@pytest.mark.parametrize("name", ["../../evil", "a//b", "a/../b", "./a", ".renderkit-x"])
def test_names_that_lead_out_are_refused(store: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    info = {"name": f"/data/{name}", "size": 3, "type": "file", "created": 0.0}
    monkeypatch.setattr(type(store), "find", lambda *_args, **_options: {info["name"]: info})
    with pytest.raises(DatasetError, match="is refused"):
        local_path("memory://data")


def test_patterns_match(store: Any) -> None:
    for name in ("ben/raw.smc", "anna/raw.smc", "anna/notes.txt"):
        store.pipe(f"/data/{name}", b"x")
    assert matching("memory://data/*/*.smc") == ("memory://data/anna/raw.smc", "memory://data/ben/raw.smc")


def test_what_cannot_be_reached_is_said(store: Any) -> None:
    with pytest.raises(DatasetError, match="no such file or folder"):
        local_path("memory://nothing")
    with pytest.raises(DatasetError, match="nosuch"):
        local_path("nosuch://bucket/x")
    with pytest.raises(DatasetError, match="inside other files"):
        local_path("zip://x::memory://y")


def test_a_capture_is_read_by_ranges(store: Any, tmp_path: Path) -> None:
    made = synthesize(tmp_path / "here", SynthOptions(num_cameras=3, size=(96, 80), scan_faces=2000)).capture
    for file in made.parent.iterdir():
        store.pipe(f"/data/{file.name}", file.read_bytes())
    with open_capture(made) as here, open_capture(f"memory://data/{made.name}") as there:
        assert there.camera_names == here.camera_names
        assert there.camera(there.camera_names[0]) == here.camera(here.camera_names[0])
        ours, theirs = (one.view(one.frame_ids[0], one.camera_names[0]).mask for one in (here, there))
        assert ours is not None
        assert theirs is not None
        assert (ours.decode_gray() == theirs.decode_gray()).all()
        assert all(path.stat().st_blocks == 0 for path in there.files_read)
