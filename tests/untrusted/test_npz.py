"""Hostile and damaged .npz files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.untrusted import npz
from renderkit.untrusted.npz import read_npz


def test_arrays_are_read_and_objects_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(6.0).reshape(2, 3), f=np.asfortranarray(np.eye(3)), o=np.array([{}], dtype=object))
    arrays = read_npz(path)
    assert set(arrays) == {"a", "f"}
    np.testing.assert_array_equal(arrays["a"], np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(arrays["f"], np.eye(3))
    assert set(read_npz(path, ["a"])) == {"a"}


def member(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", content)
    return path


def array_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_every_cut_and_every_damaged_byte_is_a_dataset_error_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(50.0))
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(whole)
        damaged[random.integers(len(whole))] ^= int(random.integers(1, 256))
        path.write_bytes(damaged[: int(random.integers(1, len(whole) + 1))] if random.random() < 0.5 else damaged)
        try:
            found = read_npz(path)
        except DatasetError:
            continue
        # What the archive's checksums do not cover: names.
        assert [array.tolist() for array in found.values()] in ([], [np.arange(50.0).tolist()])


def test_claims_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = array_bytes(np.zeros(40)).replace(b"(40,)", b"(99,)")
    with pytest.raises(DatasetError, match=r"\[a\]: claims shape \(99,\)"):
        read_npz(member(tmp_path / "a.npz", small))
    bomb = member(tmp_path / "b.npz", array_bytes(np.zeros(1 << 16)))
    monkeypatch.setattr(npz, "MAX_MEMBER_BYTES", 1 << 10)
    with pytest.raises(DatasetError, match=r"\[a\]: claims 524\d+ bytes"):
        read_npz(bomb)
