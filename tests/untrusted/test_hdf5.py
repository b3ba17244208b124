"""Hostile HDF5: nothing outside the file is read, and no claim takes memory."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.untrusted.hdf5 import MAX_DATASET_BYTES, Hdf5File
from renderkit.untrusted.hdf5_child import Hdf5Child


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(9.0).reshape(3, 3)
    return path


def test_links_are_not_followed(tmp_path: Path, secret: Path) -> None:
    path = tmp_path / "links.h5"
    with h5py.File(path, "w") as file:
        file["real"] = np.arange(3)
        file["soft"] = h5py.SoftLink("/real")
        file["dangling"] = h5py.SoftLink("/nothing")
        file["external"] = h5py.ExternalLink(secret.name, "/data")
        file["group/inner"] = h5py.ExternalLink(secret.name, "/")
    opened = Hdf5File(path)
    assert set(opened.keys()) == {"real", "group"}
    assert opened.keys("group") == ()
    for key in (("soft",), ("dangling",), ("external",), ("group", "inner", "data")):
        with pytest.raises(DatasetError, match="a link"):
            opened.read(*key)
    opened.close()


def test_several_paths_are_looked_at_in_one_visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "several.h5"
    with h5py.File(path, "w") as file:
        file["real"] = np.arange(3)
        file["soft"] = h5py.SoftLink("/real")
    asked: list[str] = []
    ask = Hdf5Child.ask

    def count(self: Hdf5Child, path: Path, method: str, *arguments: object, **options: Any) -> Any:
        asked.append(method)
        return ask(self, path, method, *arguments, **options)

    with closing(Hdf5File(path)) as opened:
        monkeypatch.setattr(Hdf5Child, "ask", count)
        opened.look_for(("real",), ("soft",), ("absent",))
        opened.look_for(("absent",), ("real",))
        assert opened.has_data("real")
        assert not opened.has_data("absent")
        for _ in range(2):
            with pytest.raises(DatasetError, match=r"\[soft\]: a link"):
                opened.read("soft")
        np.testing.assert_array_equal(opened.read("real"), np.arange(3))
    assert asked == ["each"]


def test_external_and_virtual_storage_is_not_read(tmp_path: Path, secret: Path) -> None:
    path, raw = tmp_path / "storage.h5", tmp_path / "raw.bin"
    raw.write_bytes(b"password" * 9)
    with h5py.File(path, "w") as file:
        file.create_dataset("external", (9,), "f8", external=[(str(raw), 0, 72)])
        layout = h5py.VirtualLayout(shape=(3, 3), dtype="f8")
        layout[:] = h5py.VirtualSource(str(secret), "data", shape=(3, 3))
        file.create_virtual_dataset("virtual", layout)
    opened = Hdf5File(path)
    for key in ("external", "virtual"):
        with pytest.raises(DatasetError, match="lie in other files"):
            opened.read(key)
    opened.close()


def test_claimed_sizes_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "claims.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("contiguous", (1 << 36,), "u1")
        file.create_dataset("chunked", (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip")
        file.create_dataset("chunk", (4,), "u1", chunks=(MAX_DATASET_BYTES + 1,), maxshape=(None,))
    assert path.stat().st_size < 1 << 20
    opened = Hdf5File(path)
    tracemalloc.start()
    for key in ("contiguous", "chunked", "chunk"):
        with pytest.raises(DatasetError, match="claims"):
            opened.read(key)
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()
    opened.close()


def test_values_of_other_kinds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "kinds.h5"
    with h5py.File(path, "w") as file:
        file["text"] = "hello"
        file["reference"] = file["text"].ref
        file.create_dataset("ragged", (2,), h5py.vlen_dtype(np.uint8))
        file["group/x"] = 1
        file["empty"], file["none"] = np.zeros((0, 2)), h5py.Empty("f4")
    opened = Hdf5File(path)
    for key in ("text", "reference", "ragged"):
        with pytest.raises(DatasetError, match="expected numbers of kind"):
            opened.read(key)
    with pytest.raises(DatasetError, match="found a group"):
        opened.read("group")
    assert opened.read("empty") is None
    assert opened.read("none") is None
    assert opened.read("absent", "deeper") is None
    assert opened.read("..") is None
    assert opened.keys("absent") == ()
    opened.close()


def test_damaged_chunks_are_an_error_of_that_dataset(tmp_path: Path) -> None:
    path = tmp_path / "damaged.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=np.arange(10000), chunks=(1000,), compression="gzip", fletcher32=True)
        offset = file["data"].id.get_chunk_info(3).byte_offset
        file["good"] = np.arange(3)
    data = bytearray(path.read_bytes())
    data[offset + 4 : offset + 24] = bytes(20)
    path.write_bytes(data)
    opened = Hdf5File(path)
    with pytest.raises(DatasetError, match="cannot be read"):
        opened.read("data")
    np.testing.assert_array_equal(opened.read("good"), [0, 1, 2])
    opened.close()


def test_a_damaged_group_costs_its_own_camera_and_is_reported(smc_single: Path) -> None:
    with h5py.File(smc_single) as file:
        addresses = [h5py.h5o.get_info(file[key].id).addr for key in ("Camera/05", "Calibration/25")]
    data = bytearray(smc_single.read_bytes())
    for address in addresses:
        data[address : address + 16] = b"damaged damaged "
    smc_single.write_bytes(data)
    with RenderMe360Capture(smc_single) as capture:
        assert capture.camera_names == ("00", "05", "25")
        assert capture.frame_ids == ("0", "2", "10")
        whole = capture.view("0", "00")
        assert whole.image is not None
        whole.image.decode_color()
        broken = capture.view("0", "05")
        assert broken.image is not None
        with pytest.raises(DatasetError, match=r"Camera/05/color/0\]: damaged"):
            broken.image.decode_color()
        with pytest.raises(CalibrationError, match="damaged"):
            capture.camera("25")
        assert any(part.kind == "damage" and part.why.startswith("Damaged:") for part in capture.inventory().missing)
    with pytest.raises(DatasetError, match="closed"):
        capture.files.keys("Camera")


def test_attributes_are_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "attributes.h5"
    with h5py.File(path, "w") as file:
        file.attrs["text"], file.attrs["bytes"] = "héllo", np.bytes_(b"abc")
        file.attrs["one"], file.attrs["two"] = np.array([5]), np.array([1, 2])
        file.attrs.create("long", np.zeros(7000))
    opened = Hdf5File(path)
    assert opened.attribute("text") == "héllo"
    assert opened.attribute("bytes") == "abc"
    assert opened.attribute("one") == 5
    np.testing.assert_array_equal(opened.attribute("two"), [1, 2])
    assert opened.attribute("none") is None
    assert opened.attribute("none", "nowhere") is None
    opened.close()


def test_a_link_in_a_capture_costs_one_camera(smc_pair: tuple[Path, Path], secret: Path) -> None:
    with h5py.File(smc_pair[1], "r+") as file:
        del file["Calibration/05/K"]
        file["Calibration/05/K"] = h5py.ExternalLink(secret.name, "/data")
    with RenderMe360Capture(smc_pair[1]) as capture:
        assert capture.camera("00").name == "00"
        assert capture.inventory().cameras == ("00", "05", "25")
        with pytest.raises(CalibrationError, match="a link"):
            capture.camera("05")
