"""Files are written whole or not at all, and never somewhere else."""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.writing import (
    make_folder,
    make_subfolder,
    new_file,
    write_array,
    write_arrays,
    write_bytes,
    write_json,
    write_text,
)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    assert write_bytes(tmp_path / "a", b"\0\r\n").read_bytes() == b"\0\r\n"
    assert write_text(tmp_path / "b", "é\n\r\n").read_bytes() == b"\xc3\xa9\n\r\n"
    assert write_text(tmp_path / "c", "\udcff", errors="backslashreplace").read_bytes() == b"\\udcff"
    assert write_json(tmp_path / "d", {"b": 0.1, "a": [1]}, sort_keys=True).read_text() == '{"a": [1], "b": 0.1}\n'
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(np.load(write_array(tmp_path / "e.npy", values)), values, strict=True)
    with np.load(write_arrays(tmp_path / "f.npz", {"y": values, "x": values[0]})) as archive:
        assert sorted(archive) == ["x", "y"]
        np.testing.assert_array_equal(archive["y"], values, strict=True)


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a", float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_a_library_writes_to_a_temporary_name_of_the_same_suffix(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"old")
    with new_file(path) as temporary:
        temporary.write_bytes(b"new")
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".mp4"
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x"), MemoryError()])
def test_after_an_error_the_old_file_is_there(tmp_path: Path, error: BaseException) -> None:
    path = write_bytes(tmp_path / "a", b"old")
    with pytest.raises(type(error)), new_file(path) as temporary:
        _write_half(temporary, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def _write_half(path: Path, error: BaseException) -> None:
    path.write_bytes(b"half")
    raise error


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_bytes(tmp_path / "a", b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DatasetError, match=r"a: cannot be written: No space left on device$") as caught:
        write_bytes(path, b"new")
    assert caught.value.path == path
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    replace = Path.replace

    def rename(old: Path, new: Path) -> Path:
        order.append("rename")
        return replace(old, new)

    monkeypatch.setattr(os, "fsync", lambda _: order.append("sync"))
    monkeypatch.setattr(Path, "replace", rename)
    write_bytes(tmp_path / "a", b"x")
    assert order == ["sync", "rename", "sync"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no umask")
def test_permissions_are_those_of_the_umask(tmp_path: Path) -> None:
    code = "import os, sys, pathlib; os.umask(0o027); from renderkit.writing import write_bytes\n"
    code += "write_bytes(pathlib.Path(sys.argv[1]), b'x')"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], check=True)  # noqa: S603 - ours
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_bytes(b"precious")
    link.symlink_to(victim)
    write_bytes(link, b"new")
    assert victim.read_bytes() == b"precious"
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    write_bytes(dangling, b"new")
    assert dangling.read_bytes() == b"new"
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    run, outside = make_folder(tmp_path / "runs" / "a"), make_folder(tmp_path / "outside")
    (run / "page").symlink_to(outside)
    with pytest.raises(DatasetError, match="page: is a symbolic link"):
        make_subfolder(run, "page")
    assert make_subfolder(run, "overlays").is_dir()
    assert make_subfolder(run, "overlays").is_dir()


@pytest.mark.parametrize("target", ["/dev/null", "/dev/stdout"])
def test_devices_are_not_replaced(target: str) -> None:
    if not Path(target).exists() or Path(target).is_file():
        pytest.skip(f"there is no device {target}")
    with pytest.raises(DatasetError, match="there is a device or pipe of this name"):
        write_bytes(Path(target), b"x")


def test_messages_name_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a/b/c: cannot be written: there is no such folder; make .*a/b first"):
        write_bytes(tmp_path / "a" / "b" / "c", b"")
    (tmp_path / "d").mkdir()
    with pytest.raises(DatasetError, match="d: cannot be written: there is a folder of this name"):
        write_bytes(tmp_path / "d", b"")
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"f: the folder cannot be written: .*f is a file, not a folder"):
        make_folder(tmp_path / "f")
    with pytest.raises(DatasetError, match="cannot be written: File name too long"):
        write_bytes(tmp_path / ("x" * 300), b"")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["d", "f"]


def test_temporary_names_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with new_file(path) as first, new_file(path) as second:
        assert first != second
        first.write_bytes(b"1")
        second.write_bytes(b"2")
    assert path.read_bytes() == b"1"


def test_a_planted_temporary_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "known")
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / ".renderkit-known").symlink_to(tmp_path / "victim")
    with pytest.raises(DatasetError, match="File exists"):
        write_bytes(tmp_path / "a", b"x")
    assert (tmp_path / "victim").read_bytes() == b"precious"
