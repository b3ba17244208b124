"""Files in the cache folder: read back only if whole, the user's own and made of the same."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from renderkit import kept_file
from renderkit.errors import DatasetError
from renderkit.kept_file import KeptFile


def test_what_was_kept_is_found_for_the_same_key_alone(tmp_path: Path) -> None:
    kept = KeptFile(tmp_path / "a.bin", b"key")
    assert kept.read() is None
    kept.write(b"content")
    assert kept.read() == b"content"
    assert KeptFile(tmp_path / "a.bin", b"other").read() is None


def test_what_is_damaged_or_may_be_from_others_is_a_miss(tmp_path: Path) -> None:
    kept = KeptFile(tmp_path / "a.bin", b"key")
    kept.write(b"content")
    kept.path.chmod(0o666)
    assert kept.read() is None
    assert kept.read(from_others=True) == b"content"
    kept.path.chmod(0o600)
    whole = kept.path.read_bytes()
    for damaged in (b"", whole[:-1], whole[:-1] + b"x", b"\0" + whole[1:]):
        kept.path.write_bytes(damaged)
        assert kept.read() is None


def test_a_full_disk_costs_time_only_and_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fill(path: Path, _: bytes) -> None:
        raise DatasetError(path, None, "no space left")

    monkeypatch.setattr(kept_file, "write_bytes", fill)
    with caplog.at_level(logging.WARNING, "renderkit"):
        for name in ("a", "b"):
            KeptFile(tmp_path / name, b"key").write(b"content")
    assert caplog.text.count("no space left") == 1
