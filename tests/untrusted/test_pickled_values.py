from __future__ import annotations

import io
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import detect_format, read_raw_rig, read_rig
from renderkit.untrusted.pickled_values import load_npy_dictionary, load_pickled_values


class Command:
    """A pickle that runs a program when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def dictionary() -> dict[str, Any]:
    K = np.array([[4700.0, 0.0, 1226.0], [0.0, 4700.0, 1043.0], [0.0, 0.0, 1.0]])
    pose = np.eye(4)
    pose[:3, 3] = [0.0, 0.0, -1.2]
    return {
        "00": {"K": K, "D": np.zeros(5, np.float32), "RT": pose},
        "01": {"K": np.asfortranarray(K), "D": np.zeros((5, 1)), "RT": pose.tolist()},
    }


def npy(value: object, path: Path) -> Path:
    array = np.empty((), dtype=object)
    array[()] = value
    np.save(path, array, allow_pickle=True)
    return path


def test_the_benchmark_dictionary_is_read(tmp_path: Path) -> None:
    path = npy(dictionary(), tmp_path / "cameras.npy")
    assert detect_format(path) == "dictionary"
    rig = read_rig(path)
    assert rig.unit == "m"
    assert {camera.size for camera in rig} == {(2448, 2048)}
    np.testing.assert_allclose(rig["00"].center_world, [0.0, 0.0, -1.2], err_msg="RT is camera-to-world")
    np.testing.assert_array_equal(rig["01"].K, dictionary()["00"]["K"])


def test_zju_mocap_is_world_to_camera_in_mm(tmp_path: Path) -> None:
    K = np.array([[1000.0, 0.0, 512.0], [0.0, 1000.0, 512.0], [0.0, 0.0, 1.0]])
    cams = {
        "K": [K] * 2,
        "R": [np.eye(3)] * 2,
        "T": [np.array([[0.0], [0.0], [2000.0]])] * 2,
        "D": [np.zeros((5, 1))] * 2,
    }
    rig = read_rig(npy({"cams": cams, "ims": [{"ims": ["a.jpg"]}]}, tmp_path / "annots.npy"), size=(1024, 1024))
    assert rig.unit == "mm"
    np.testing.assert_allclose(rig["1"].center_world, [0.0, 0.0, -2000.0])
    with pytest.raises(DatasetError, match="one length"):
        read_rig(npy({"cams": cams | {"K": [K]}}, tmp_path / "annots.npy"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol_and_type_are_read(protocol: int) -> None:
    value = {
        "f": np.arange(6.0).reshape(2, 3),
        "big": np.arange(3, dtype=">i4"),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "text": np.array(["ab", "c"]),
        "scalar": np.float64(2.5),
        "plain": [1, 2.5, "x", None, True, (1, 2)],
        "objects": np.array([{"a": 1}, None], dtype=object),
    }
    found = load_pickled_values(Path("x"), pickle.dumps(value, protocol=protocol))
    np.testing.assert_array_equal(found["f"], value["f"])
    np.testing.assert_array_equal(found["fortran"], value["fortran"])
    np.testing.assert_array_equal(found["big"], [0, 1, 2])
    assert found["text"].tolist() == ["ab", "c"]
    assert found["scalar"] == 2.5
    assert found["plain"] == [1, 2.5, "x", None, True, [1, 2]]
    assert found["objects"] == [{"a": 1}, None]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_code_is_refused_before_it_runs(protocol: int, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    payload = pickle.dumps({"00": Command(marker)}, protocol=protocol)
    with pytest.raises(DatasetError, match="refused"):
        load_pickled_values(tmp_path / "x.npy", payload)
    assert not marker.exists()
    pickle.loads(payload)  # noqa: S301 - proof that the payload would have run
    assert marker.exists()


def test_a_hostile_npy_is_refused_by_the_reader(tmp_path: Path) -> None:
    path = npy({"00": Command(tmp_path / "ran")}, tmp_path / "cameras.npy")
    with pytest.raises(DatasetError, match=r"cameras.npy"):
        read_raw_rig(path)
    assert not (tmp_path / "ran").exists()


def reduce_call(module: str, name: str, arguments: bytes) -> bytes:
    return b"\x80\x02c" + module.encode() + b"\n" + name.encode() + b"\n" + arguments + b"R."


@pytest.mark.parametrize(
    "payload",
    [
        reduce_call("builtins", "eval", b"X\x01\x00\x00\x001\x85"),
        reduce_call("numpy", "load", b"X\x01\x00\x00\x00x\x85"),
        reduce_call("numpy", "ndarray", b"J\x00\x00\x00\x7f\x85"),
        reduce_call("numpy", "dtype", b"X\x06\x00\x00\x00V99999\x85"),
        b"\x80\x02cnumpy\ndtype\n.",
        # A memo index of two thousand million would make the loader reserve gigabytes.
        b"\x80\x02Nr\xff\xff\xff\x7f.",
        b"\x80\x02(i__main__\nx\n.",
        b"\x80\x02cnumpy\ndtype\n}b.",
        b"",
        b"\x80\x04\x95",
    ],
)
def test_tricks_are_refused(payload: bytes) -> None:
    with pytest.raises(DatasetError):
        load_pickled_values(Path("x.npy"), payload)


def test_an_array_may_not_claim_more_than_it_holds() -> None:
    value = pickle.dumps(np.zeros(4), protocol=2)
    # The shape (4,) is the small integer K\x04 in a one-tuple; make it 200.
    assert value.count(b"K\x04\x85") == 1
    with pytest.raises(DatasetError, match=r"claims shape .* holds 32 bytes"):
        load_pickled_values(Path("x"), value.replace(b"K\x04\x85", b"K\xc8\x85"))


def test_references_may_not_multiply_without_end() -> None:
    bomb: list[Any] = ["x"] * 10
    for _ in range(12):
        bomb = [bomb] * 10
    with pytest.raises(DatasetError, match="more than 5000000 values"):
        load_pickled_values(Path("x"), pickle.dumps(bomb))
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(DatasetError, match="nested too deeply"):
        load_pickled_values(Path("x"), pickle.dumps(loop))


def test_damaged_npy_files_are_named(tmp_path: Path) -> None:
    path = npy(dictionary(), tmp_path / "cameras.npy")
    whole = path.read_bytes()
    for length in range(6, len(whole), 61):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=r"cameras.npy"):
            read_raw_rig(path)
    np.save(path, np.zeros(3))
    with pytest.raises(DatasetError, match="expected one pickled dictionary, found a plain array"):
        read_raw_rig(path)
    buffer = io.BytesIO()
    buffer.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", 30) + b"__import__('os').getcwd()    \n")
    path.write_bytes(buffer.getvalue())
    with pytest.raises(DatasetError, match="not a NumPy file"):
        read_raw_rig(path)


def test_json_dictionaries_and_their_missing_keys(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"00": {"K": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "RT": 5}}')
    with pytest.raises(DatasetError, match=r"\[00.RT\]: expected shape \(4, 4\) or \(3, 4\), found \(\)"):
        read_raw_rig(tmp_path / "c.json")
    (tmp_path / "c.json").write_text('{"00": {"K": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "RT": 5}, "01": {"K": 1}}')
    with pytest.raises(DatasetError, match=r"\[00.RT\]"):
        read_raw_rig(tmp_path / "c.json")


def test_every_damaged_byte_of_a_header_is_a_dataset_error_or_harmless(tmp_path: Path) -> None:
    data = npy({"00": 1.0}, tmp_path / "a.npy").read_bytes()
    refused = 0
    for at in range(128):
        for byte in b"({'\"\n\0 #":
            damaged = data[:at] + bytes([byte]) + data[at + 1 :]
            try:
                load_npy_dictionary(tmp_path / "a.npy", damaged)
            except DatasetError:
                refused += 1
    assert refused > 500
