"""Provenance: versions and hashes, against hashlib on the whole file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

import renderkit
from renderkit.errors import DatasetError
from renderkit.results import provenance
from renderkit.results.provenance import hash_file, hash_inputs, package_versions


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(3_000_001)
    (tmp_path / "a").write_bytes(data)
    found = hash_file(tmp_path / "a")
    assert (found.sha256, found.bytes, found.method) == (hashlib.sha256(data).hexdigest(), len(data), "sha256")


def test_a_large_file_is_sampled_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "WHOLE_FILE_BYTES", 1000)
    path = tmp_path / "a"
    path.write_bytes(bytes(100 << 20))
    first = hash_file(path)
    assert first.method == "sha256-sampled"
    with path.open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"x")
    assert hash_file(path).sha256 != first.sha256


def test_inputs_are_in_order_once_and_only_files(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    found = hash_inputs([tmp_path / "b", tmp_path / "a", tmp_path / "b", tmp_path, tmp_path / "gone"])
    assert [Path(file.path).name for file in found] == ["a", "b"]


def test_versions_name_renderkit_and_numpy() -> None:
    versions = package_versions()
    assert versions["renderkit"] == renderkit.__version__
    assert versions["numpy"] == np.__version__


def test_only_regular_files_are_hashed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatasetError, match="FIFO"):
        hash_file(tmp_path / "pipe")
    with pytest.raises(DatasetError, match="cannot be read"):
        hash_file(tmp_path / "gone")
    assert hash_inputs([tmp_path / "pipe"]) == ()
