"""A pickle is a program; none of it may run."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import struct
import sys
import tracemalloc
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from renderkit.errors import DatasetError
from renderkit.untrusted.pickled_arrays import read_pickled_arrays


class Ch:
    """Stands for chumpy.ch.Ch while a test pickle is written."""


class Select(Ch):
    """Stands for chumpy.reordering.Select while a test pickle is written."""


@pytest.fixture
def chumpy() -> Iterator[None]:
    """Let the two classes above be pickled as chumpy's."""
    for cls, module in ((Ch, "chumpy.ch"), (Select, "chumpy.reordering")):
        fake = types.ModuleType(module)
        setattr(fake, cls.__name__, cls)
        sys.modules[module] = fake
        cls.__module__ = module
    sys.modules["chumpy"] = types.ModuleType("chumpy")
    yield
    for name in ("chumpy", "chumpy.ch", "chumpy.reordering"):
        del sys.modules[name]


def model() -> dict[str, Any]:
    chumpy_array = Ch()
    chumpy_array.__dict__ = {"x": np.arange(12.0).reshape(4, 3), "_dirty_vars": {"x"}, "_itr": None}
    picked = Select()
    picked.__dict__ = {"a": chumpy_array, "idxs": np.array([0, 5, 7, 11]), "preferred_shape": np.array([2, 2])}
    return {
        "v_template": chumpy_array,
        "picked": picked,
        "J_regressor": scipy.sparse.random(5, 40, 0.3, format="csc", random_state=0),
        "rows": scipy.sparse.random(7, 3, 0.5, format="csr", random_state=1),
        "f": np.arange(6, dtype=np.uint32).reshape(2, 3),
        "fortran": np.asfortranarray(np.random.default_rng(0).random((3, 4))),
        "big_endian": np.arange(3, dtype=">f4"),
        "scalar": np.float64(3.5),
        "list": [1, 2, 3],
        "flag": np.array([True, False]),
        "text": "lrotmin",
        "names": np.array(["a", "b"]),
        "nothing": None,
    }


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_kind_and_protocol(tmp_path: Path, chumpy: None, protocol: int) -> None:
    source, file = model(), tmp_path / "m.pkl"
    file.write_bytes(pickle.dumps(source, protocol))
    arrays = read_pickled_arrays(file)
    expected = {
        "v_template": np.arange(12.0).reshape(4, 3),
        "picked": np.array([[0.0, 5.0], [7.0, 11.0]]),
        "J_regressor": source["J_regressor"].toarray(),
        "rows": source["rows"].toarray(),
        "scalar": np.float64(3.5),
        "list": np.array([1, 2, 3]),
    } | {name: source[name] for name in ("f", "fortran", "big_endian", "flag")}
    assert set(arrays) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(arrays[name], value)
    assert arrays["big_endian"].dtype.isnative


def test_a_python_2_pickle_with_its_byte_strings(tmp_path: Path) -> None:
    """Written opcode by opcode as Python 2's cPickle does at protocol 2: byte strings, numpy.core, copy_reg."""
    values = np.array([[1.5, -2.0, 300.25]])

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    data = (
        b"\x80\x02}q\x00" + text(b"v_template")
        + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
        + b"(K\x01K\x01K\x03\x86cnumpy\ndtype\n" + text(b"f8") + b"K\x00K\x01\x87R"
        + b"(K\x03" + text(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + b"T" + struct.pack("<i", values.nbytes) + values.tobytes() + b"tb"
        + b"s."
    )  # fmt: skip
    pickletools.dis(data, out=io.StringIO())
    file = tmp_path / "m.pkl"
    file.write_bytes(data)
    np.testing.assert_array_equal(read_pickled_arrays(file)["v_template"], values)


def test_npy_of_a_dictionary(tmp_path: Path) -> None:
    np.save(tmp_path / "e.npy", np.array({"lmk_face_idx": np.arange(4)}, dtype=object), allow_pickle=True)
    np.testing.assert_array_equal(read_pickled_arrays(tmp_path / "e.npy")["lmk_face_idx"], np.arange(4))
    np.save(tmp_path / "p.npy", np.arange(4))
    with pytest.raises(DatasetError, match="found a plain array"):
        read_pickled_arrays(tmp_path / "p.npy")


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self.call = function, args

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def hostile(target: Path) -> dict[str, bytes]:
    """Return pickles each of which writes `target` when it is loaded plainly."""
    write = f"__import__('pathlib').Path({str(target)!r}).touch()"
    name = str(target).encode()
    return {
        "os.system": pickle.dumps({"a": np.zeros(3), "b": Call(os.system, f"touch {target}")}, 2),
        "eval": pickle.dumps({"v": Call(eval, write)}, 4),
        "exec through object state": pickle.dumps([Call(exec, write)], 0),
        "open": pickle.dumps(Call(open, str(target), "w"), 2),
        "inst opcode": b"(S'touch " + name + b"'\nios\nsystem\n.",
        "stack global": pickle.dumps(Call(os.mkdir, str(target)), 5),
        "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x16ndarray.__init__.__self__\x93.",
        "chumpy look-alike": b"cchumpyos\nsystem\n(S'touch " + name + b"'\ntR.",
        "numpy function": b"cnumpy\nsave\n(S'" + name + b"'\nI1\ntR.",
        "numpy load": b"cnumpy.lib.npyio\nload\n(S'" + name + b"'\ntR.",
        "getattr": b"c__builtin__\ngetattr\n(c__builtin__\nobject\nS'__subclasses__'\ntR.",
        "extension": b"\x80\x02\x82\x01.",
        "persistent": b"Phello\n.",
        "scipy module": b"cscipy.sparse.os\nsystem\n(S'touch " + name + b"'\ntR.",
    }


@pytest.mark.parametrize("kind", list(hostile(Path("x"))))
def test_hostile_pickles_are_refused_before_anything_runs(tmp_path: Path, kind: str) -> None:
    target, file = tmp_path / "written", tmp_path / "hostile.pkl"
    file.write_bytes(hostile(target)[kind])
    with pytest.raises(DatasetError, match=r"refused|not a readable pickle"):
        read_pickled_arrays(file)
    assert not target.exists()


def test_a_plain_load_of_the_same_pickle_would_write(tmp_path: Path) -> None:
    """The hostile samples are live: without the restriction they do what they say."""
    target = tmp_path / "written"
    pickle.loads(hostile(target)["os.system"])  # noqa: S301 - our own bytes, to show that the sample works
    assert target.exists()


def test_stand_ins_cannot_be_changed_for_the_next_load(tmp_path: Path, chumpy: None) -> None:
    for name, why in (
        (b"numpy\nndarray", "not a readable pickle"),
        (b"numpy.core.multiarray\n_reconstruct", "wants to change a function"),
    ):
        poison = b"c" + name + b"\n(N}(S'__defaults__'\n(NNNtS'__setstate__'\nNutb."
        (tmp_path / "poison.pkl").write_bytes(poison)
        with pytest.raises(DatasetError, match=why):
            read_pickled_arrays(tmp_path / "poison.pkl")
    (tmp_path / "good.pkl").write_bytes(pickle.dumps({"a": np.arange(3)}, 2))
    np.testing.assert_array_equal(read_pickled_arrays(tmp_path / "good.pkl")["a"], np.arange(3))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a pickle: the file is empty"),
        (b"PK\x03\x04\x14\x00", "not a pickle: a zip archive, or weights of PyTorch"),
        (b"<!DOCTYPE html><html>log in", "not a pickle: a web page"),
        (b'{"shape": [0.5]}', "not a pickle: JSON"),
        (b"\x1f\x8b\x08\x00", "not a pickle: compressed by gzip"),
        (b"\x80\x02}q", "not a readable pickle"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 50) + b"abc.", ""),
        (b"\x80\x04r\xff\xff\xff\x7f.", "not a readable pickle"),
        (pickle.dumps([1, 2]), "expected a pickled dictionary"),
        (pickle.dumps(np.arange(3)), "expected a pickled dictionary"),
        (pickle.dumps({"a": np.arange(300.0)}, 2).replace(b"\x4d\x2c\x01", b"\x4d\x2d\x01"), "claims shape"),
    ],
)
def test_damaged_pickles(tmp_path: Path, data: bytes, why: str) -> None:
    file = tmp_path / "damaged.pkl"
    file.write_bytes(data)
    with pytest.raises(DatasetError, match=why or None):
        read_pickled_arrays(file)


@pytest.mark.parametrize("opcode", [b"\x96", b"\x8e", b"\x8d"])
def test_claimed_lengths_take_no_memory(tmp_path: Path, opcode: bytes) -> None:
    (tmp_path / "claims.pkl").write_bytes(b"\x80\x05" + opcode + struct.pack("<Q", 1 << 36) + b"abc.")
    tracemalloc.start()
    with pytest.raises(DatasetError, match="not a readable pickle"):
        read_pickled_arrays(tmp_path / "claims.pkl")
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_sparse_matrices_that_claim_too_much(tmp_path: Path) -> None:
    for change in ({"_shape": (1 << 20, 1 << 20)}, {"indptr": np.array([0, 9])}, {"indices": np.array([99] * 4)}):
        matrix = scipy.sparse.csc_matrix(np.eye(4))
        matrix.__dict__.update(change)
        (tmp_path / "s.pkl").write_bytes(pickle.dumps({"J": matrix}, 2))
        with pytest.raises(DatasetError, match="J"):
            read_pickled_arrays(tmp_path / "s.pkl")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_pickled_arrays(tmp_path / "none.pkl")
