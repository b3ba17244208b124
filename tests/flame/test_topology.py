"""Where FLAME's faces come from, and how a user's choice is remembered."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.flame.remembered import config_folder, remember_flame, remembered_flame
from renderkit.flame.topology import FlameTopology, read_flame_topology

FACES = np.array([[0, 1, 2], [0, 2, 3]])


def test_faces_from_every_kind_of_file(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "t.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 3 4\n")
    np.savez(tmp_path / "t.npz", f=FACES.astype(np.uint32), v_template=np.zeros((4, 3)))
    for name in ("t.obj", "t.npz"):
        topology = read_flame_topology(tmp_path / name)
        np.testing.assert_array_equal(topology.faces, FACES)
        assert topology.num_vertices == 4
    real = read_flame_topology(shared_data / "flame" / "topology.npz")
    assert (real.faces.shape, real.num_vertices) == ((9976, 3), 5023)


SEAM = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nvt 1 1\nvt 0.5 0.5\nvt 0.6 0.6\n" + (
    "f 4/4 3/3 1/1\nf 1/5 2/2 4/6\n"
)


def test_a_texture_seam_keeps_vertex_order_and_each_corners_coordinates(tmp_path: Path) -> None:
    (tmp_path / "seam.obj").write_text(SEAM)
    topology = read_flame_topology(tmp_path / "seam.obj")
    assert topology.num_vertices == 4
    np.testing.assert_array_equal(topology.faces, [[3, 2, 0], [0, 1, 3]])
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    mesh = topology.textured_mesh(vertices, np.zeros((4, 4, 3), np.uint8))
    np.testing.assert_array_equal(mesh.vertices[:4], vertices)
    assert len(mesh.vertices) == 6
    assert mesh.uv is not None
    corners = [[(1, 1), (0, 1), (0, 0)], [(0.5, 0.5), (1, 0), (0.6, 0.6)]]
    np.testing.assert_array_equal(mesh.uv[mesh.faces], corners)
    np.testing.assert_array_equal(mesh.vertices[mesh.faces], vertices[topology.faces])
    with pytest.raises(ValueError, match="no texture coordinates"):
        FlameTopology(FACES, 4).textured_mesh(vertices, np.zeros((4, 4, 3), np.uint8))


def test_one_texture_coordinate_per_vertex_needs_no_seams(tmp_path: Path) -> None:
    path = tmp_path / "template.npz"
    uv = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    np.savez(path, faces=faces, template=np.column_stack([uv, np.zeros(4)]), uv=uv)
    texture = np.zeros((4, 4, 3), np.uint8)
    mesh = read_flame_topology(path).textured_mesh(np.column_stack([uv, np.zeros(4)]), texture, "flame")
    assert mesh.uv is not None
    assert np.array_equal(mesh.uv[mesh.faces], uv[faces])
    assert np.array_equal(mesh.vertices[mesh.faces][..., :2], uv[faces])


def test_files_without_faces_say_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"flame\.is\.tue\.mpg\.de"):
        read_flame_topology(tmp_path / "none.pkl")
    np.savez(tmp_path / "a.npz", other=np.zeros(3))
    np.savez(tmp_path / "b.npz", faces=np.array([[0, 1, 9]]), v_template=np.zeros((4, 3)))
    np.savez(tmp_path / "c.npz", faces=np.zeros((0, 3), int))
    np.savez(tmp_path / "d.npz", faces=np.zeros((2, 4), int))
    (tmp_path / "e.npz").write_bytes(b"PK no zip")
    for name, why in (
        ("a", "named one of"),
        ("b", "outside the 4"),
        ("c", "at least one"),
        ("d", "shape"),
        ("e", "zip"),
    ):
        with pytest.raises(DatasetError, match=why):
            read_flame_topology(tmp_path / f"{name}.npz")


def test_npz_with_objects_or_false_claims_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", faces=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DatasetError, match="faces is of Python objects, which are not loaded"):
        read_flame_topology(tmp_path / "o.npz")
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<i8", "fortran_order": False, "shape": (1 << 40, 3)})
    with zipfile.ZipFile(tmp_path / "big.npz", "w") as archive:
        archive.writestr("faces.npy", stream.getvalue())
    with pytest.raises(DatasetError, match="claims shape"):
        read_flame_topology(tmp_path / "big.npz")


def test_texture_coordinates_are_checked() -> None:
    with pytest.raises(ValueError, match="texture coordinates"):
        FlameTopology(FACES, 4, np.zeros((3, 2)), np.array([[0, 1, 2], [0, 1, 3]]))


def test_a_file_is_remembered_when_asked_to(tmp_path: Path) -> None:
    folder, file = tmp_path / "config", tmp_path / "flame.npz"
    assert remembered_flame(folder) is None
    with pytest.raises(DatasetError, match="nothing was remembered"):
        remember_flame(file, folder)
    file.touch()
    assert remember_flame(file, folder).parent == folder
    assert remembered_flame(folder) == file
    file.unlink()
    with pytest.raises(DatasetError, match="is gone"):
        remembered_flame(folder)
    (folder / "flame.json").unlink()
    assert remembered_flame(folder) is None
    (folder / "flame.json").write_text("{")
    with pytest.raises(DatasetError, match="not a JSON file"):
        remembered_flame(folder)
    file.touch()
    (tmp_path / "blocked").touch()
    with pytest.raises(DatasetError, match="cannot be written"):
        remember_flame(file, tmp_path / "blocked")


def test_the_memory_lies_in_the_users_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_folder() == tmp_path / "renderkit"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert config_folder() == tmp_path / "home" / ".config" / "renderkit"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert config_folder() == tmp_path / "home" / ".config" / "renderkit"


def test_faces_from_arrays_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", FACES.astype(np.uint32))
    dictionary = np.array({"f": FACES, "v_template": np.zeros((4, 3))}, dtype=object)
    np.save(tmp_path / "dictionary.npy", dictionary, allow_pickle=True)
    for name, count in (("faces.npy", None), ("dictionary.npy", 4)):
        topology = read_flame_topology(tmp_path / name)
        assert topology.faces.tolist() == FACES.tolist()
        assert topology.num_vertices == count


@pytest.mark.parametrize(
    ("name", "arrays", "why"),
    [
        ("a.npz", {"f": FACES, "v_template": np.zeros((10475, 3))}, "10475 vertices are SMPL-X"),
        ("a.pkl", {"f": FACES, "v_template": np.zeros((6890, 3))}, "6890 vertices are SMPL or SMPL-H"),
        ("a.npz", {"f": FACES, "v_template": np.zeros((778, 3))}, "778 vertices are MANO"),
        ("a.npz", {"faces": np.array([[0, 1, 10474]])}, "10475 vertices are SMPL-X"),
        ("a.npz", {"faces": FACES + 1}, "they count from 1"),
        ("a.npy", FACES + 1, "they count from 1"),
        ("a.npz", {"shape": np.zeros((1, 300)), "exp": np.zeros((1, 100))}, "it holds exp, shape: parameters of a fit"),
        ("a.pkl", {"lmk_face_idx": FACES[:, 0], "lmk_b_coords": FACES}, "where landmarks lie on FLAME"),
        ("a.npz", {"verts": np.zeros((5023, 3))}, "it holds verts: vertices without faces"),
        ("a.pkl", {}, "it holds no arrays"),
        ("a.safetensors", {}, "not a file of FLAME's faces by its suffix. FLAME vertices are stored without faces"),
        ("a.json", {}, "not a file of FLAME's faces by its suffix"),
    ],
)
def test_what_is_not_flame_is_named(tmp_path: Path, name: str, arrays: Any, why: str) -> None:
    path = tmp_path / name
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".npy":
        np.save(path, arrays)
    else:
        path.write_bytes(pickle.dumps(arrays))
    with pytest.raises(DatasetError, match=why):
        read_flame_topology(path)


def test_a_mesh_of_another_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "hand.obj").write_text("v 0 0 0\n" * 778 + "f 1 2 3\n")
    with pytest.raises(DatasetError, match="778 vertices are MANO"):
        read_flame_topology(tmp_path / "hand.obj")


def test_flame_with_teeth_and_flame_without_do_not_mix() -> None:
    for ours, theirs in ((5143, 5023), (5023, 5143)):
        with pytest.raises(ValueError, match="5143 are FLAME with teeth, as VHAP adds them"):
            FlameTopology(FACES, ours).mesh(np.zeros((theirs, 3)))
    with pytest.raises(ValueError, match="5143 are FLAME with teeth"):
        FlameTopology(np.array([[0, 1, 5142]])).mesh(np.zeros((5023, 3)))
    assert len(FlameTopology(FACES, 5143).mesh(np.zeros((5143, 3))).vertices) == 5143


def test_faces_of_a_few_vertices_are_noted() -> None:
    (note,) = FlameTopology(FACES).mesh(np.zeros((9, 3))).notes
    assert note == "the faces given for it are of 4 of its 9 vertices: is it their file?"
    assert FlameTopology(FACES).mesh(np.zeros((8, 3))).notes == ()
