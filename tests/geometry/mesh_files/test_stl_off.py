"""STL and OFF: dialects against hand-written values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mesh_bytes import COLORS, POLYGONS, TRIANGLES, VERTICES, binary_stl, off, text_stl

from renderkit.errors import DatasetError
from renderkit.geometry.mesh import Mesh

FIRST_SEEN = [0, 1, 4, 3, 2, 5, 6]


def read(tmp_path: Path, data: bytes, name: str) -> Mesh:
    file = tmp_path / name
    file.write_bytes(data)
    return Mesh.read(file)


@pytest.mark.parametrize(
    "data",
    [
        binary_stl(), binary_stl(b"solid in name only"), binary_stl(b"COLOR=\xff\xff\xff\xff", 77), text_stl(),
        text_stl("\r\n"), text_stl().upper(), text_stl().replace(b"solid a name with vertex in it", b"solid"),
        text_stl().replace(b"endsolid a name\n", b"endsolid a name\nsolid b\nendsolid b\n\n"),
    ],
)  # fmt: skip
def test_corners_at_one_place_are_one_vertex(tmp_path: Path, data: bytes) -> None:
    mesh = read(tmp_path, data, "m.stl")
    assert mesh.vertices.tolist() == VERTICES[FIRST_SEEN].tolist()
    assert mesh.vertices[mesh.faces].tolist() == VERTICES[np.array(TRIANGLES)].tolist()


def test_corners_that_differ_at_all_stay_apart(tmp_path: Path) -> None:
    data = bytearray(binary_stl())
    # The lowest bit of the second facet's first corner.
    data[84 + 50 + 12] ^= 1
    assert len(read(tmp_path, bytes(data), "m.stl").vertices) == 8


@pytest.mark.parametrize("data", [binary_stl(), text_stl()])
def test_an_stl_that_is_cut_off(tmp_path: Path, data: bytes) -> None:
    # The end of a text is "endsolid", with or without a name and a newline.
    end = len(data) if data == binary_stl() else data.index(b"endsolid") + len(b"endsolid")
    for length in range(end):
        with pytest.raises(DatasetError):
            read(tmp_path, data[:length], "m.stl")
    assert np.array_equal(read(tmp_path, data[:end], "m.stl").vertices, read(tmp_path, data, "m.stl").vertices)
    for head in (b"made by hand", b"solid in name only\0"):
        more = read(tmp_path, binary_stl(head) + b"more", "m.stl")
        assert more.notes == ("ignored: 4 bytes after the last facet",)


@pytest.mark.parametrize(
    ("old", "new"), [(b"vertex", b"vortex"), (b"endfacet", b"facet"), (b"0.000000e+00", b"nought"), (b"outer", b"")]
)
def test_a_text_stl_that_is_wrong(tmp_path: Path, old: bytes, new: bytes) -> None:
    head, body = text_stl().split(b"\n", 1)
    with pytest.raises(DatasetError):
        read(tmp_path, head + b"\n" + body.replace(old, new, 1), "m.stl")


@pytest.mark.parametrize(
    "data",
    [
        off(), off(comment=" # a comment"), off().replace(b"\n", b"\r\n"), off().replace(b"OFF\n\n7", b"OFF 7"),
        off("NOFF", " 0 0 1"), off("4OFF", " 1"), off("STOFF", " 0.5 0.5"), off("COFF", " 255 0 0 255"),
        off("COFF", " 1.0 0 0"), off("CNOFF", " 0 0 1 255 0 0"), off("NCOFF", " 255 0 0 255 0 0 1"),
        off("NSTOFF", " 0 0 1 0.5 0.5"), off("NCSTOFF", " 255 0 0 255 0 0 1 0.5 0.5"), off("off"),
        off().replace(b"OFF\n\n7", b"OFF7"), off().replace(b"OFF\n\n7 3", b"OFF\t7\t3"),
        off(vertex_extra=" 255 0 0 255"), off(face_extra=" 7"),
    ],
)  # fmt: skip
def test_off(tmp_path: Path, data: bytes) -> None:
    mesh = read(tmp_path, data, "m.off")
    assert mesh.vertices.tolist() == VERTICES.tolist()
    assert mesh.faces.tolist() == TRIANGLES
    if b"255 0 0" in data or b"1.0 0 0" in data:
        assert mesh.vertex_colors is not None
        assert mesh.vertex_colors.tolist() == [[255, 0, 0]] * 7
    else:
        assert mesh.vertex_colors is None
    assert mesh.face_colors is None


def test_off_with_face_colours_and_weights(tmp_path: Path) -> None:
    mesh = read(tmp_path, off(face_extra=" 0 128 255 255"), "m.off")
    assert mesh.face_colors is not None
    assert mesh.face_colors.tolist() == [[0, 128, 255]] * 5
    assert np.array_equal(read(tmp_path, off("4OFF", " 2"), "m.off").vertices, VERTICES / 2)
    for kind, extra in (("NOFF", " 0 0 -3"), ("CNOFF", " 0 0 -3 9 8 7 255"), ("NCOFF", " 9 8 7 255 0 0 -3")):
        given = read(tmp_path, off(kind, extra), "m.off")
        assert given.vertex_normals.tolist() == [[0, 0, -1]] * 7
        colors = None if given.vertex_colors is None else given.vertex_colors.tolist()
        assert colors == (None if kind == "NOFF" else [[9, 8, 7]] * 7)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (off().replace(b"7 3 0", b"6 3 0"), "6 vertices and 3 faces in 10 lines"),
        (off().replace(b"7 3 0", b"99999999999999999999 3 0"), "cut off"),
        (off().replace(b"7 3 0", b"7 -3 0"), "expected the numbers"),
        (off().replace(b"4 0 1 4 3", b"4 0 1 9 3"), "point outside the 7 vertices"),
        (off().replace(b"4 0 1 4 3", b"5 0 1 4 3"), "face 0"),
        (off().replace(b"4 0 1 4 3", b"4 0 1 x 3"), "face 0"),
        (off().replace(b"OFF", b"OFF BINARY"), "binary"),
        (off("nOFF"), "n-dimensional"),
        (off("OOF"), "expected OFF"),
        (off("NOFF"), "vertex 0"),
    ],
)
def test_an_off_that_is_wrong(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read(tmp_path, data, "m.off")


def test_an_off_that_is_cut_off(tmp_path: Path) -> None:
    data = off()
    for length in range(len(data) - 1):
        with pytest.raises(DatasetError):
            read(tmp_path, data[:length], "m.off")
    assert np.array_equal(read(tmp_path, data[:-1], "m.off").faces, read(tmp_path, data, "m.off").faces)


def test_arrays(tmp_path: Path) -> None:
    triangles = np.array(TRIANGLES)

    def save(arrays: dict[str, Any]) -> None:
        np.savez(tmp_path / "m.npz", **arrays)

    for names in (("vertices", "faces"), ("verts", "triangles"), ("v", "f")):
        save({names[0]: VERTICES, names[1]: triangles})
        mesh = Mesh.read(tmp_path / "m.npz")
        assert mesh.vertices.tolist() == VERTICES.tolist()
        assert mesh.faces.tolist() == TRIANGLES
    np.savez(tmp_path / "m.npz", points=VERTICES)
    assert "point cloud" in Mesh.read(tmp_path / "m.npz").notes[0]
    for wrong, message in (
        ({"faces": triangles, "pose": VERTICES}, "found faces, pose"),
        ({"v": VERTICES, "f": triangles + 5}, "point outside"),
        ({"v": VERTICES, "f": triangles[:, :2]}, r"shape \(F, 3\)"),
        ({"v": VERTICES, "f": triangles + 0.5}, "whole numbers"),
        ({"v": VERTICES.T, "f": triangles}, r"shape \(V, 3\)"),
    ):
        save(wrong)
        with pytest.raises(DatasetError, match=message):
            Mesh.read(tmp_path / "m.npz")


def test_arrays_with_a_leading_axis_quads_and_colours(tmp_path: Path) -> None:
    quads = np.array(POLYGONS[:2])
    for colors in (COLORS, COLORS / 255.0, np.column_stack([COLORS, COLORS[:, 0]]).astype(np.int64)):
        np.savez(tmp_path / "m.npz", vertices=VERTICES[None], faces=quads[None], vertex_colors=colors)
        mesh = Mesh.read(tmp_path / "m.npz")
        assert mesh.vertices.tolist() == VERTICES.tolist()
        assert mesh.faces.tolist() == TRIANGLES[:4]
        assert mesh.vertex_colors is not None
        assert mesh.vertex_colors.tolist() == COLORS.tolist()
    np.savez(tmp_path / "m.npz", v=VERTICES, f=quads, colors=COLORS[:2])
    assert "colours are left out: expected numbers of shape (7, 3 or 4)" in Mesh.read(tmp_path / "m.npz").notes[0]
