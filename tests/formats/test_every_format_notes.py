"""Walks the registry: in every format, what a file states and its reader does not use is noted or refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import formats, read_raw_rig, read_rig, write_rig
from renderkit.geometry.rig import Rig

KEY = "rolling_shutter"
FOLDERS = {"colmap", "colmap-bin", "opencv"}
SUFFIXES = {"renderme360": ".smc", "metashape": ".xml", "actorshq": ".csv", "middlebury": "_par.txt"}


def in_json(*places: tuple[str | int, ...]) -> Callable[[Path], None]:
    """Add the key to the objects at these places; "*" stands for the first entry."""

    def change(path: Path) -> None:
        top = json.loads(path.read_text())
        for place in places:
            at: Any = top
            for key in place:
                at = at[next(iter(at)) if key == "*" else key]
            at[KEY] = 0.01
        path.write_text(json.dumps(top))

    return change


def in_facescape(path: Path) -> None:
    top = json.loads(path.read_text())
    path.write_text(json.dumps(top | {f"0_{KEY}": 0.01}))


def in_yaml(path: Path) -> None:
    name = "00"
    (path / "extri.yml").write_text((path / "extri.yml").read_text() + f"rollingshutter_{name}: 0.01\n")


def in_kalibr(path: Path) -> None:
    path.write_text(path.read_text() + f"  {KEY}: 0.01\n")


def in_toml(path: Path) -> None:
    path.write_text(re.sub(r"^(\[.*\])$", rf"\1\n{KEY} = 0.01", path.read_text(), count=1, flags=re.MULTILINE))


def in_npz(path: Path) -> None:
    with np.load(path) as arrays:
        kept: dict[str, Any] = dict(arrays)
    with path.open("wb") as stream:  # given a path, NumPy would add its own suffix
        np.savez(stream, **(kept | {f"{KEY}_0": np.array([0.01])}))


def in_xml(path: Path) -> None:
    path.write_text(path.read_text().replace("</transform>", f"</transform><{KEY}>0.01</{KEY}>", 1))


def in_smc(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file[f"Calibration/00/{KEY}"] = np.array([0.01])


def in_csv(path: Path) -> None:
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},{KEY}", *(f"{row},0.01" for row in rows)]) + "\n")


def replaced(pattern: str, by: str, file: str = "") -> Callable[[Path], None]:
    """Replace the first match of a pattern in a text file."""

    def change(path: Path) -> None:
        target = path / file if file else path
        text = target.read_text()
        changed = re.sub(pattern, by, text, count=1, flags=re.MULTILINE)
        assert changed != text
        target.write_text(changed)

    return change


NOTED: dict[str, tuple[Callable[[Path], None], ...]] = {
    "rig": (in_json((), ("cameras", 0), ("cameras", 0, "distortion")),),
    "renderme360": (in_smc,),
    "opencv": (in_yaml,),
    "nerfstudio": (in_json(("frames", 0)), in_json(())),
    "instant-ngp": (in_json(("frames", 0)), in_json(())),
    "krt-json": (in_json(("KRT", 0)),),
    "nersemble": (in_json(()),),
    "facescape": (in_facescape, in_json(())),
    "bop": (in_json(("*",)),),
    "opensfm": (in_json((0,)), in_json((0, "cameras", "*")), in_json((0, "shots", "*"))),
    "metashape": (in_xml,),
    "actorshq": (in_csv,),
    "kalibr": (in_kalibr,),
    "motion-toml": (in_toml,),
    "neus": (in_npz,),
}
REFUSED: dict[str, Callable[[Path], None]] = {
    "colmap": replaced(r"^(1 PINHOLE .*)$", r"\1 0.01", "cameras.txt"),
    "middlebury": replaced(r"^(00\.png .*)$", r"\1 0.01"),
    "krt": replaced(r"^(\S+ \S+ \S+ \S+)$", r"\1 0.01"),
    "mvsnet": replaced(r"^(intrinsic)$", r"0.01\n\1", "00_cam.txt"),
}
WRITTEN = {one.name for one in formats().values() if one.write is not None}


def test_the_walk_leaves_out_no_format_that_can_be_written() -> None:
    # The binary form has no room for a key: its every byte is accounted for, as its own tests show.
    assert {*NOTED, *REFUSED, "colmap-bin"} == WRITTEN


def cases() -> Iterator[tuple[str, Callable[[Path], None]]]:
    for name, changes in NOTED.items():
        for change in changes:
            yield name, change


@pytest.fixture
def shared_lens_ring(make_ring: Callable[..., Rig]) -> Rig:
    rig = make_ring(3)
    K = next(iter(rig)).K
    return Rig({name: replace(camera, K=K) for name, camera in rig.cameras.items()}, "m")


def written(rig: Rig, folder: Path, name: str) -> Path:
    path = folder / f"rig{'' if name in FOLDERS else SUFFIXES.get(name, '.json')}"
    write_rig(rig, path, format=name)
    return path


@pytest.mark.parametrize(("name", "change"), [*cases()])
def test_an_unknown_key_is_noted(
    name: str, change: Callable[[Path], None], shared_lens_ring: Rig, tmp_path: Path
) -> None:
    path = written(shared_lens_ring, tmp_path, name)
    before = read_raw_rig(path, name, size=(1200, 900))
    assert not [note for note in before.notes if "ignored" in note], "a file as we write it has nothing unread"
    change(path)
    after = read_raw_rig(path, name, size=(1200, 900))
    noted = [note for note in after.notes if "is ignored" in note and KEY.replace("_", "") in note.replace("_", "")]
    assert noted
    for one, other in zip(before.cameras, after.cameras, strict=True):
        assert np.array_equal(one.pose, other.pose)
        assert np.array_equal(one.K, other.K)


@pytest.mark.parametrize("name", REFUSED)
def test_extra_columns_are_refused(name: str, shared_lens_ring: Rig, tmp_path: Path) -> None:
    path = written(shared_lens_ring, tmp_path, name)
    read_raw_rig(path, name, size=(1200, 900))
    REFUSED[name](path)
    with pytest.raises(DatasetError):
        read_raw_rig(path, name, size=(1200, 900))


def test_dictionaries_note_unknown_keys(tmp_path: Path) -> None:
    entry = {"K": np.eye(3).tolist(), "RT": np.eye(4).tolist(), KEY: 0.01}
    (tmp_path / "cams.json").write_text(json.dumps({"a": entry, "b": entry}))
    notes = read_raw_rig(tmp_path / "cams.json", size=(10, 10)).notes
    assert f"`{KEY}` is ignored (2 cameras)" in notes


def test_dna_rendering_notes_unknown_entries(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.smc", "w") as file:
        for name in ("0", "1"):
            group = file.create_group(f"Camera_Parameter/{name}")
            group["K"], group["D"], group["RT"] = np.eye(3), np.zeros(5), np.eye(4)
            group[KEY] = np.array([0.01])
    notes = read_raw_rig(tmp_path / "a.smc", size=(10, 10)).notes
    assert f"`Camera_Parameter/*/{KEY}` is ignored (2 cameras)" in notes


# By format: where an entry has its name, and what a camera cannot do without.
NAMES = {
    "nerfstudio": ("frames", 0, "file_path"),
    "krt-json": ("KRT", 0, "cameraId"),
    "rig": ("cameras", 0, "name"),
}
NEEDED = {
    "nerfstudio": ("frames", 0, "transform_matrix"),
    "krt-json": ("KRT", 0, "K"),
    "rig": ("cameras", 0, "cam_from_world"),
    "opensfm": (0, "shots", "*", "rotation"),
    "bop": ("*", "cam_R_w2c"),
    "nersemble": ("world_2_cam", "*"),
}
WRONG: list[object] = ["False", None, float("nan"), ["a", "b"], {}, True]


def with_value(path: Path, place: tuple[str | int, ...], value: object) -> None:
    top = json.loads(path.read_text())
    at: Any = top
    for key in place[:-1]:
        at = at[next(iter(at)) if key == "*" else key]
    at[next(iter(at)) if place[-1] == "*" else place[-1]] = value
    path.write_text(json.dumps(top))


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("name", NEEDED)
def test_a_value_of_the_wrong_type_is_refused(name: str, value: object, shared_lens_ring: Rig, tmp_path: Path) -> None:
    path = written(shared_lens_ring, tmp_path, name)
    with_value(path, NEEDED[name], value)
    with pytest.raises(DatasetError):
        read_rig(path, name, size=(1200, 900))


@pytest.mark.parametrize("value", [None, float("nan"), ["a"], {}, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_name_is_refused(name: str, value: object, shared_lens_ring: Rig, tmp_path: Path) -> None:
    path = written(shared_lens_ring, tmp_path, name)
    with_value(path, NAMES[name], value)
    with pytest.raises(DatasetError, match=r"expected (a name|text)"):
        read_rig(path, name, size=(1200, 900))


@pytest.mark.parametrize(("name", "key"), [("nerfstudio", "cx"), ("nerfstudio", "k1"), ("rig", "distortion")])
def test_a_near_miss_is_noted(name: str, key: str, shared_lens_ring: Rig, tmp_path: Path) -> None:
    """An optional key in another spelling is not passed over."""
    path = written(shared_lens_ring, tmp_path, name)
    top = json.loads(path.read_text())
    entry = top["frames" if name == "nerfstudio" else "cameras"][0]
    entry[key.capitalize()] = entry.pop(key)
    path.write_text(json.dumps(top))
    notes = read_raw_rig(path, name, size=(1200, 900)).notes
    assert any(note.startswith(f"`{key.capitalize()}` is ignored") for note in notes)
