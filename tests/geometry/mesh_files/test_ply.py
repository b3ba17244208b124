"""PLY: a table of dialects, each held against hand-written values and against plyfile."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import plyfile
import pytest
from mesh_bytes import COLORS, POLYGONS, TRIANGLES, VERTICES, face_element, picture, ply, vertex_element

from renderkit.errors import DatasetError
from renderkit.geometry.mesh import Mesh

FORMS = ("ascii", "binary_little_endian", "binary_big_endian")
INTEGERS = ("char", "uchar", "short", "ushort", "int", "uint", "int8", "uint16", "int32")
EDGES: tuple[str, list[str], Any] = ("edge", ["int vertex1", "int vertex2", "uchar red"], [[0, 1, 9], [1, 2, 8]])
ODD: tuple[str, list[str], Any] = ("odd", ["list uchar double w", "char n"], [[[1.5], -1], [[], 2], [[1.0, 2.0], 3]])

LAST = ("last", *ODD[1:])


def read(tmp_path: Path, data: bytes, name: str = "m.ply") -> Mesh:
    file = tmp_path / name
    file.write_bytes(data)
    return Mesh.read(file)


def dialects() -> dict[str, bytes]:
    """Every way to write the same mesh."""
    found = {}
    for form in FORMS:
        found[form] = ply([vertex_element(), face_element()], form)
        found[f"{form} double"] = ply([vertex_element("double"), face_element("vertex_index")], form)
        found[f"{form} float32"] = ply([vertex_element("float32"), face_element(count="int32", index="uint32")], form)
        found[f"{form} elements around"] = ply([ODD, vertex_element(), EDGES, face_element(), LAST], form)
        found[f"{form} faces first"] = ply([face_element(), vertex_element()], form)
        flags = ("face", ["uchar flags", *face_element()[1], "float q"], [[7, p, 0.5] for p in POLYGONS])
        found[f"{form} flags around"] = ply([vertex_element(), flags], form)
        mixed = ["float z", "int id", "float x", "float y"]
        found[f"{form} z first"] = ply(
            [
                ("vertex", mixed, [[float(v[2]), i, float(v[0]), float(v[1])] for i, v in enumerate(VERTICES)]),
                face_element(),
            ],
            form,
        )
        for count in INTEGERS:
            found[f"{form} count {count}"] = ply([vertex_element(), face_element(count=count, index=count)], form)
    comments = ("comment made by hand", "obj_info num_cols 16", "comment end_header is not here")
    found["comments"] = ply([vertex_element(), face_element()], comments=comments)
    found["crlf"] = ply([vertex_element(), face_element()], newline="\r\n")
    found["blank after ply"] = ply([vertex_element(), face_element()]).replace(b"ply", b"ply ", 1)
    found["tabs"] = ply([vertex_element(), face_element()]).replace(b"property float", b"property\tfloat\t")
    found["cr"] = ply([vertex_element(), face_element()], newline="\r")
    found["ascii crlf once"] = found["ascii"].replace(b"ply\n", b"ply\r\n")
    found["binary crlf once"] = found["binary_little_endian"].replace(b"end_header\n", b"end_header\r\n")
    found["binary crlf"] = ply([vertex_element(), face_element()], "binary_little_endian", newline="\r\n")
    return found


@pytest.mark.parametrize("name", dialects())
def test_every_dialect_is_the_same_mesh(tmp_path: Path, name: str) -> None:
    data = dialects()[name]
    mesh = read(tmp_path, data)
    assert mesh.vertices.tolist() == VERTICES.tolist()
    assert mesh.faces.tolist() == TRIANGLES
    assert (mesh.name, mesh.notes, mesh.source_vertex) == ("m", (), None)
    # plyfile reads no CR and no white space but blanks, and warns of empty lists in text.
    if name not in {"cr", "ascii elements around", "blank after ply", "tabs", "ascii crlf once", "binary crlf once"}:
        oracle = plyfile.PlyData.read(io.BytesIO(data))
        assert np.column_stack([oracle["vertex"][axis] for axis in "xyz"]).tolist() == mesh.vertices.tolist()
        assert [list(row[0 if "flags" not in name else 1]) for row in oracle["face"].data] == POLYGONS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("names", "kind", "scale"),
    [
        ("red green blue", "uchar", 1), ("r g b", "uchar", 1), ("diffuse_red diffuse_green diffuse_blue", "uchar", 1),
        ("red green blue", "ushort", 257), ("red green blue", "float", 1 / 255), ("red green blue", "int", 1),
    ],
)  # fmt: skip
def test_colours_are_as_stored(tmp_path: Path, form: str, names: str, kind: str, scale: float) -> None:
    values = [[type(scale)(c) * scale for c in row] for row in COLORS.tolist()]
    extra = tuple(f"{kind} {name}" for name in (*names.split(), "alpha"))
    mesh = read(tmp_path, ply([vertex_element("float", extra, [[*v, v[0]] for v in values]), face_element()], form))
    assert mesh.vertex_colors is not None
    assert mesh.vertex_colors.tolist() == COLORS.tolist()
    faces = (
        "face",
        [*face_element()[1], *(f"{kind} {n}" for n in names.split())],
        [[p, *v] for p, v in zip(POLYGONS, values, strict=False)],
    )
    own = read(tmp_path, ply([vertex_element(), faces], form))
    assert own.vertex_colors is None
    assert own.face_colors is not None
    assert own.face_colors.tolist() == [COLORS[i].tolist() for i in (0, 0, 1, 1, 2)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("names", ["s t", "u v", "texture_u texture_v"])
def test_texture_coordinates_of_vertices(tmp_path: Path, form: str, names: str) -> None:
    picture(tmp_path / "skin.png", (10, 20, 30))
    uv = VERTICES[:, :2] / 4.0
    extra = ("float nx", "float ny", "float nz", *(f"float {name}" for name in names.split()))
    element = vertex_element("float", extra, np.column_stack([np.tile([0, 0, 2.0], (7, 1)), uv]).tolist())
    mesh = read(tmp_path, ply([element, face_element()], form, comments=("comment TextureFile skin.png",)))
    assert mesh.texture is not None
    assert mesh.texture[0, 0].tolist() == [10, 20, 30]
    assert mesh.uv is not None
    assert mesh.uv.tolist() == uv.tolist()
    assert mesh.vertex_normals.tolist() == [[0, 0, 1]] * 7
    assert read(tmp_path, ply([element, face_element()], form)).texture is None


@pytest.mark.parametrize("form", FORMS)
def test_texture_coordinates_of_corners_keep_the_vertices(tmp_path: Path, form: str) -> None:
    picture(tmp_path / "a.png", (200, 0, 0))
    picture(tmp_path / "b b.jpg", (0, 0, 200), (8, 8))
    corners = [[0.0, 0, 1, 0, 1, 1, 0, 1], [0.5, 0, 0.75, 0, 0.75, 0.5, 0.5, 0.5], []]
    face = (
        "face", [*face_element()[1], "list uchar float texcoord", "int texnumber"],
        [[p, c, n] for p, c, n in zip(POLYGONS, corners, (1, 0, 0), strict=True)],
    )  # fmt: skip
    comments = ("comment TextureFile a.png", "comment TextureFile b b.jpg")
    mesh = read(tmp_path, ply([vertex_element(), face], form, comments=comments))
    assert mesh.vertices[:7].tolist() == VERTICES.tolist()
    assert mesh.source_vertex is not None
    # Vertices 1 and 4 have other coordinates in the second square; the triangle without any needs no copies.
    assert mesh.source_vertex.tolist() == [0, 1, 2, 3, 4, 5, 6, 1, 4]
    assert mesh.source_vertex[mesh.faces].tolist() == TRIANGLES
    assert mesh.vertices.tolist() == VERTICES[mesh.source_vertex].tolist()
    assert mesh.uv is not None
    assert mesh.uv[mesh.faces[:4]].tolist() == [
        [[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]],
        [[0.5, 0], [0.75, 0], [0.75, 0.5]], [[0.5, 0], [0.75, 0.5], [0.5, 0.5]],
    ]  # fmt: skip
    assert mesh.face_textures is not None
    assert mesh.face_textures.tolist() == [1, 1, 0, 0, -1]
    assert [texture.shape for texture in mesh.textures] == [(4, 6, 3), (8, 8, 3)]
    assert mesh.texture is None


def test_a_missing_texture_is_a_note(tmp_path: Path) -> None:
    face = ("face", [*face_element()[1], "list uchar float texcoord"], [[p, [0.0] * 2 * len(p)] for p in POLYGONS])
    mesh = read(tmp_path, ply([vertex_element(), face], comments=("comment TextureFile absent.png",)))
    assert mesh.vertices.tolist() == VERTICES.tolist()
    assert (mesh.uv, mesh.texture, mesh.textures) == (None, None, ())
    assert "absent.png" in mesh.notes[0]


def test_a_point_cloud_says_so(tmp_path: Path) -> None:
    for data in (ply([vertex_element()]), ply([vertex_element(), ("face", face_element()[1], [])], FORMS[1])):
        mesh = read(tmp_path, data)
        assert mesh.vertices.tolist() == VERTICES.tolist()
        assert mesh.faces.shape == (0, 3)
        assert "point cloud of 7 vertices" in mesh.notes[0]


def test_vertices_that_are_not_finite(tmp_path: Path) -> None:
    kind, properties, rows = vertex_element()
    with_nan = [*rows[:2], [float("nan")] * 3, *rows[2:], [float("inf"), 0.0, 0.0]]
    moved = [[[i + (i > 1) for i in polygon]] for polygon in POLYGONS]
    mesh = read(tmp_path, ply([(kind, properties, with_nan), ("face", face_element()[1], moved)], FORMS[1]))
    assert len(mesh.vertices) == 8
    assert mesh.vertices[[0, 1, 3, 4, 5, 6, 7]].tolist() == VERTICES.tolist()
    assert ["1 vertex of no face" in note for note in mesh.notes] == [True, True]
    with pytest.raises(DatasetError, match=r"\[face 0\].*its vertex 1 is"):
        read(tmp_path, ply([(kind, properties, [rows[0], [1e300, 0.0, 0.0], *rows[2:]]), face_element()]))


def test_short_faces_are_left_out(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[[0, 1]], *([p] for p in POLYGONS), [[]], [[3]]]
    for form in FORMS:
        mesh = read(tmp_path, ply([vertex_element(), ("face", face_element()[1], rows)], form))
        assert mesh.faces.tolist() == TRIANGLES
        assert "3 faces of fewer than three corners" in mesh.notes[0]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_cut_off_is_refused(tmp_path: Path, form: str) -> None:
    data = ply([vertex_element(), EDGES, face_element()], form)
    # The counts tell; the newline after the last row says nothing.
    for length in range(len(data) - (form == FORMS[0])):
        with pytest.raises(DatasetError):
            read(tmp_path, data[:length])


def test_a_text_without_a_final_newline_is_whole(tmp_path: Path) -> None:
    data = ply([vertex_element(), face_element()])
    whole, open_end = read(tmp_path, data), read(tmp_path, data.rstrip(b"\n"))
    assert np.array_equal(whole.vertices, open_end.vertices)
    assert np.array_equal(whole.faces, open_end.faces)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ply([vertex_element(), face_element()]).replace(b"vertex 7", b"vertex 6"), "follow the rows|expected"),
        (ply([vertex_element(), face_element()]).replace(b"vertex 7", b"vertex 99999999999"), "cut off"),
        (ply([vertex_element(), face_element()], FORMS[1]).replace(b"face 3", b"face 4000000000"), "cut off"),
        (ply([vertex_element(), ("face", face_element()[1], [[[0, 1, 7]]])]), "0..7 point outside the 7 vertices"),
        (ply([vertex_element(), ("face", face_element()[1], [[[0, 1, -1]]])], FORMS[2]), "-1..1 point outside"),
        (ply([vertex_element(), ("face", face_element()[1], [[[0, 1, 1.5]]])]), "whole numbers"),
        (ply([("vertex", ["float x", "float y"], [[0, 0]])]), "expected the properties x, y, z"),
        (ply([face_element()]), "no element 'vertex'"),
        (ply([vertex_element(), ("face", ["uchar flags"], [[1]])]), "expected the list vertex_indices"),
        (ply([vertex_element(), vertex_element()]), "lists this element twice"),
        (b"ply\nformat ascii 1.0\nelement vertex -3\nend_header\n", "header line 3"),
        (b"ply\nformat ascii 1.0\nelement vertex 1\nproperty list float int x\nend_header\n", "header line 4"),
        (b"ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\nend_header\n", "header line 4"),
        (b"ply\nformat binary_middle_endian 1.0\nend_header\n", "header line 2"),
        (b"ply\nelement vertex 0\nend_header\n", "format"),
        (b"solid", "expected 'ply'"),
        (b"", "expected 'ply'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read(tmp_path, data)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lists", [[[0, 1, 3, 4, 6, -1, 2, 5, 1, -1, 1, 2]], [[0, 1, 3, 4, 6], [2, 5, 1], [1, 2], []]])
def test_triangle_strips(tmp_path: Path, form: str, lists: list[list[int]]) -> None:
    """Every other triangle of a strip is turned; a -1 within a list begins another strip, as in Stanford's files."""
    strips = ("tristrips", ["list int int vertex_indices"], [[row] for row in lists])
    mesh = read(tmp_path, ply([vertex_element(), strips], form))
    assert mesh.faces.tolist() == [[0, 1, 3], [3, 1, 4], [3, 4, 6], [2, 5, 1]]
    joined = ("tristrips", ["list int int vertex_indices"], [[[0, 1, 3, 3, 2, 2, 2, 5, 1]]])
    assert read(tmp_path, ply([vertex_element(), joined], form)).faces.tolist() == [[0, 1, 3], [2, 5, 1]]
    with pytest.raises(DatasetError, match="point outside"):
        read(tmp_path, ply([vertex_element(), ("tristrips", strips[1], [[[0, 1, 9]]])], form))
    for bad in ("nan", "0.5", "-2"):
        text = ply([vertex_element(), ("tristrips", strips[1], [[[0, 1, 3]]])]).replace(
            b"3 0 1 3", b"3 0 1 " + bad.encode()
        )
        with pytest.raises(DatasetError, match=r"whole numbers|point outside"):
            read(tmp_path, text)
    with pytest.raises(DatasetError, match="faces and triangle strips"):
        read(tmp_path, ply([vertex_element(), strips, face_element()], form))


def test_the_comment_that_names_a_texture_is_read_in_any_case(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png", (200, 0, 0))
    element = vertex_element("float", ("float s", "float t"), (VERTICES[:, :2] / 4).tolist())
    for comment in ("comment TextureFile skin.png", "comment texturefile skin.png", "comment TEXTUREFILE SKIN.PNG"):
        assert read(tmp_path, ply([element, face_element()], comments=(comment,))).texture is not None


@pytest.mark.parametrize("form", FORMS)
def test_artecs_texture_coordinates_are_noted(tmp_path: Path, form: str) -> None:
    """The header of Artec Studio's files: coordinates in elements of their own, and no name of a picture."""
    uv = ("multi_texture_vertex", ["uchar tx", "float u", "float v"], [[0, 0.5, 0.5]])
    of_faces = ("multi_texture_face", ["uchar tx", "uint tn", "list uchar int texture_vertex_indices"],
                [[0, 0, [0] * len(polygon)] for polygon in POLYGONS])  # fmt: skip
    mesh = read(tmp_path, ply([vertex_element(), face_element(), uv, of_faces], form))
    assert mesh.faces.tolist() == TRIANGLES
    assert len(mesh.notes) == 1
    assert "Artec Studio" in mesh.notes[0]
