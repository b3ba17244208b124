"""OBJ: a table of dialects against hand-written values; materials and their textures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mesh_bytes import COLORS, POLYGONS, TRIANGLES, VERTICES, obj, picture

from renderkit.errors import DatasetError
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.mesh_files.obj import read_obj_geometry

UV = "".join(f"vt {x / 4:g} {y / 4:g}\n" for x, y, _ in VERTICES)
NORMALS = "vn 0 0 1\nvn 0 0 -2\n"


def read(tmp_path: Path, data: bytes | str) -> Mesh:
    file = tmp_path / "m.obj"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return Mesh.read(file)


def faces(corner: str) -> str:
    """Write the polygons; `corner` is a pattern of {i} (from 1) and {n} (from -1 backwards)."""
    return "".join(f"f {' '.join(corner.format(i=i + 1, n=i - 7) for i in polygon)}\n" for polygon in POLYGONS)


DIALECTS = {
    "plain": obj(),
    "crlf": obj().replace(b"\n", b"\r\n"),
    "cr": obj().replace(b"\n", b"\r"),
    "bom": b"\xef\xbb\xbf# made by hand\n" + obj(),
    "negative": obj(faces("{n}")),
    "v/t": obj(UV + faces("{i}/{i}")),
    "negative v/t": obj(UV + faces("{n}/{n}")),
    "v//n": obj(NORMALS + faces("{i}//1")),
    "v/t/n": obj(UV + NORMALS + faces("{i}/{n}/-2")),
    "v/": obj(faces("{i}/")),
    "continued": obj(faces("{i}").replace(" ", " \\\n ")),
    "tabs and blanks": obj().replace(b" ", b" \t ").replace(b"\n", b" \n\n"),
    "comments": obj(faces("{i}").replace("\n", " # a face\n"), "# head\n#\n"),
    "groups": obj("g a b\ns 1\no thing\n" + faces("{i}") + "g\ns off\n"),
    "w": obj().replace(b" 0.5\n", b" 0.5 1.0\n"),
    "exponents": obj().replace(b" 0.5\n", b" +5.0e-1\n").replace(b"v 1 ", b"v 1.0E0 "),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_is_the_same_mesh(tmp_path: Path, name: str) -> None:
    mesh = read(tmp_path, DIALECTS[name])
    assert mesh.vertices.tolist() == VERTICES.tolist()
    assert mesh.faces.tolist() == TRIANGLES
    assert (mesh.notes, mesh.texture, mesh.vertex_colors, mesh.source_vertex) == ((), None, None, None)


def test_indices_count_what_came_before(tmp_path: Path) -> None:
    text = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\nv 5 0 0\nv 6 0 0\nv 5 1 0\nf -3 -2 -1\nf 1 -1 2\n"
    assert read(tmp_path, text).faces.tolist() == [[0, 1, 2], [3, 4, 5], [0, 5, 1]]


def test_lines_and_points_are_ignored_with_a_note(tmp_path: Path) -> None:
    mesh = read(tmp_path, obj(faces("{i}") + "l 1 2 3\np 1\np 2\ncurv 0 1 1 2\ncsh touch x\n"))
    assert mesh.faces.tolist() == TRIANGLES
    assert mesh.notes == ("lines that are not read: 'p' (2), 'l' (1), 'curv' (1), 'csh' (1)",)


def test_faces_of_two_corners_are_left_out_with_a_note(tmp_path: Path) -> None:
    mesh = read(tmp_path, obj(faces("{i}") + "f 1 2\nf 3\n"))
    assert mesh.faces.tolist() == TRIANGLES
    assert mesh.notes == ("left out: 2 faces of fewer than three corners",)


def test_decimal_commas_are_read_and_noted(tmp_path: Path) -> None:
    mesh = read(tmp_path, obj().replace(b"0.5", b"0,5").replace(b"0.25", b"0,25"))
    assert mesh.vertices.tolist() == VERTICES.tolist()
    assert mesh.notes == ("3 numbers with a decimal comma, read as a decimal point",)
    for line in ("v 1,2,3", "v 1, 2, 3", "v 1.5,2 0 0"):
        with pytest.raises(DatasetError, match="line 1"):
            read(tmp_path, f"{line}\nv 0 0 0\nv 1 1 1\nf 1 2 3\n")


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_colours_behind_coordinates(tmp_path: Path, scale: float) -> None:
    lines = [
        f"v {' '.join(map(str, v))} {' '.join(repr(c / 255.0 * scale) for c in color)}"
        for v, color in zip(VERTICES.tolist(), COLORS.tolist(), strict=True)
    ]
    mesh = read(tmp_path, "\n".join(lines) + "\n" + faces("{i}"))
    assert mesh.vertex_colors is not None
    assert mesh.vertex_colors.tolist() == COLORS.tolist()


def test_normals_of_the_file_and_computed_ones(tmp_path: Path) -> None:
    assert read(tmp_path, DIALECTS["v//n"]).vertex_normals.tolist() == [[0, 0, 1]] * 7
    computed = read(tmp_path, obj(NORMALS + faces("{i}//1") + "f 1 2 3\n")).vertex_normals
    assert not np.allclose(computed[0], [0, 0, 1])


def prism(tmp_path: Path, sides: int, normals: bool) -> Mesh:
    """A textured prism around z whose texture has a seam along every edge."""
    picture(tmp_path / "skin.png", (90, 90, 90))
    (tmp_path / "m.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    angle = 2 * np.pi * np.arange(sides) / sides
    text = "mtllib m.mtl\nusemtl skin\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    for z in (0, 1):
        text += "".join(f"v {np.cos(a):.17g} {np.sin(a):.17g} {z}\n" for a in angle)
    text += "".join(f"vn {np.cos(a):.17g} {np.sin(a):.17g} 0\n" for a in angle)
    for i in range(sides):
        j = (i + 1) % sides
        corners = [(i, 1, i), (j, 2, j), (j + sides, 3, j), (i + sides, 4, i)]
        text += "f " + " ".join(f"{v + 1}/{t}" + (f"/{n + 1}" if normals else "") for v, t, n in corners) + "\n"
    return read(tmp_path, text)


@pytest.mark.parametrize("normals", [True, False])
def test_a_texture_seam_is_no_edge(tmp_path: Path, normals: bool) -> None:
    mesh = prism(tmp_path, 12, normals)
    assert len(mesh.vertices) == 48
    assert mesh.source_vertex is not None
    outward = mesh.vertices * (1, 1, 0)
    angle = np.rad2deg(np.arccos(np.clip(np.einsum("ij,ij->i", mesh.vertex_normals, outward), -1, 1)))
    # Cut along a diagonal, both sides of an edge weigh 2 : 1; before, the seams were off by 15 degrees.
    assert angle.max() < (1e-5 if normals else 5.11)
    assert np.array_equal(mesh.vertex_normals, mesh.vertex_normals[mesh.source_vertex])


def test_each_material_has_its_texture(tmp_path: Path) -> None:
    picture(tmp_path / "u1 v1.png", (200, 0, 0))
    (tmp_path / "maps").mkdir()
    picture(tmp_path / "maps" / "b.jpg", (0, 0, 200), (8, 8))
    (tmp_path / "one two.mtl").write_text(
        "# c\nnewmtl left\nKd 1 1 1\nmap_Kd -s 2 3 1 -o 0.5 0.25 -bm 0.3 -mm 0 1 u1 v1.png\n"
        "newmtl right\r\nmap_Kd -clamp on maps\\b.jpg\nnewmtl plain\nKd 0 0.5 0\nnewmtl gone\nmap_Kd absent.png\n"
    )
    text = "mtllib one two.mtl\n" + obj().decode().split("f ")[0] + UV
    for name, i in (("left", 0), ("right", 1), ("plain", 2), ("gone", 2), ("left", 1)):
        text += f"usemtl {name}\nf " + " ".join(f"{v + 1}/{v + 1}" for v in POLYGONS[i]) + "\n"
    mesh = read(tmp_path, text)
    assert mesh.face_textures is not None
    assert mesh.face_textures.tolist() == [0, 0, 1, 1, -1, -1, 0, 0]
    assert [texture[0, 0].argmax() for texture in mesh.textures] == [0, 2]
    assert mesh.wraps == (("repeat", "repeat"), ("clamp", "clamp"))
    assert mesh.vertices[:7].tolist() == VERTICES.tolist()
    assert mesh.uv is not None
    uv = VERTICES[:, :2] / 4
    assert np.allclose(mesh.uv[mesh.faces[0]], uv[[0, 1, 4]] * (2, 3) + (0.5, 0.25))
    assert np.allclose(mesh.uv[mesh.faces[2]], uv[[1, 2, 5]])
    assert mesh.face_colors is not None
    assert mesh.face_colors[4].tolist() == [0, 128, 0]
    assert len(mesh.notes) == 1
    assert "absent.png" in mesh.notes[0]


def test_what_is_wrong_with_materials_is_a_note(tmp_path: Path) -> None:
    text = "mtllib none.mtl\nusemtl a\n" + obj(UV + faces("{i}/{i}")).decode()
    mesh = read(tmp_path, text)
    assert mesh.faces.tolist() == TRIANGLES
    assert "none.mtl" in mesh.notes[0]
    assert "'a'" in mesh.notes[1]
    (tmp_path / "none.mtl").write_text("newmtl a\nKd x\nmap_Kd -s\nmap_Kd\n")
    assert [note.split(":")[0] for note in read(tmp_path, text).notes] == ["material 'a'"] * 3


def test_the_only_material_is_for_faces_that_name_none(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png", (200, 0, 0))
    (tmp_path / "m.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    mesh = read(tmp_path, "mtllib m.mtl\n" + obj(UV + faces("{i}/{i}")).decode())
    assert mesh.texture is not None
    assert "the only one, 'skin'" in mesh.notes[0]


@pytest.mark.parametrize(
    "line",
    ["f 1 2 9", "f 1 9", "f 0 1 2", "f a b c", "f 1/1/1/1 2 3", "v 1 2", "v x y z", "v 1_0 2 3", "vt", "f 1/2 2/1 3/1",
     "f -9 1 2", "f " + "9" * 5000 + " 1 2"],
)  # fmt: skip
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(DatasetError, match="line 5"):
        read(tmp_path, f"v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\n{line}\n")


def test_a_file_without_a_final_newline_is_read_and_noted(tmp_path: Path) -> None:
    """No count of the format tells whether it was cut off."""
    whole, open_end = read(tmp_path, obj()), read(tmp_path, obj().rstrip(b"\n"))
    assert np.array_equal(whole.vertices, open_end.vertices)
    assert np.array_equal(whole.faces, open_end.faces)
    assert (whole.notes, open_end.notes) == (
        (),
        ("the last line has no end; a file that was cut off looks the same",),
    )
    with pytest.raises(DatasetError, match="no vertices"):
        read(tmp_path, b"# nothing\n")


def test_geometry_alone(tmp_path: Path) -> None:
    file = tmp_path / "m.obj"
    file.write_text(
        "# a comment\nmtllib ../../x.mtl\no head\nv 0 0 0 1 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvn 0 0 1\n"
        "vt 0.25 0.5 0\nusemtl a\nf 1/1/1 2/1/1 3/1/1 4/1/1\nf -4//1 -3//1 -1//1\n\nv 9 9 9\n"
    )
    content = read_obj_geometry(file)
    np.testing.assert_array_equal(content.vertices[[1, 4]], [[1, 0, 0], [9, 9, 9]])
    np.testing.assert_array_equal(content.faces, [[0, 1, 2], [0, 2, 3], [0, 1, 3]])
    np.testing.assert_array_equal(content.uv, [[0.25, 0.5]])
    np.testing.assert_array_equal(content.uv_faces, [[0, 0, 0], [0, 0, 0], [-1, -1, -1]])
    with pytest.raises(DatasetError, match="cannot be read"):
        read_obj_geometry(tmp_path / "none.obj")


@pytest.mark.parametrize(
    ("library", "folder", "texture", "where"),
    [
        ("m.mtl", "", "skin.png", ""), ('"my lib.mtl"', "", "skin.png", ""), ("M.MTL", "", "Skin.PNG", ""),
        ("sub/m.mtl", "sub", "skin.png", "sub"), ("sub/m.mtl", "sub", "sub/skin.png", "sub"),
        ("sub\\m.mtl", "sub", "D:\\scans\\skin.png", "sub"), ("sub/m.mtl", "sub", "skin.png", ""),
    ],
)  # fmt: skip
def test_textures_are_found_from_the_library_and_in_any_case(
    tmp_path: Path, library: str, folder: str, texture: str, where: str
) -> None:
    (tmp_path / "sub").mkdir()
    picture(tmp_path / where / "skin.png", (200, 100, 50))
    name = Path(library.strip('"').replace("\\", "/")).name
    (tmp_path / folder / (name if " " in name else "m.mtl")).write_text(f"newmtl skin\nmap_Kd {texture}\n")
    mesh = read(tmp_path, f"mtllib {library}\n" + obj(UV + "usemtl skin\n" + faces("{i}/{i}")).decode())
    assert mesh.texture is not None, mesh.notes
    assert mesh.texture[0, 0].tolist() == [200, 100, 50]
    assert mesh.notes == ()


def test_two_names_that_differ_in_capitals_alone_mean_themselves(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png", (200, 0, 0))
    picture(tmp_path / "SKIN.png", (0, 0, 200))
    for name, color in (("skin.png", [200, 0, 0]), ("SKIN.png", [0, 0, 200]), ("Skin.png", None)):
        (tmp_path / "m.mtl").write_text(f"newmtl skin\nmap_Kd {name}\n")
        mesh = read(tmp_path, "mtllib m.mtl\n" + obj(UV + "usemtl skin\n" + faces("{i}/{i}")).decode())
        assert (None if mesh.texture is None else mesh.texture[0, 0].tolist()) == color


def test_two_libraries_may_name_their_textures_alike(tmp_path: Path) -> None:
    for folder, color in (("a", (200, 0, 0)), ("b", (0, 0, 200))):
        (tmp_path / folder).mkdir()
        picture(tmp_path / folder / "skin.png", color)
        (tmp_path / folder / "m.mtl").write_text(f"newmtl {folder}\nmap_Kd skin.png\n")
    body = UV + "usemtl a\nf 1/1 2/2 5/5\nusemtl b\nf 1/1 5/5 4/4\n"
    mesh = read(tmp_path, "mtllib a/m.mtl b/m.mtl\n" + obj(body).decode())
    assert [texture[0, 0].tolist() for texture in mesh.textures] == [[200, 0, 0], [0, 0, 200]]


@pytest.mark.parametrize("word", ["map_Ka", "map_Ke"])
def test_a_material_with_another_texture_than_its_colour_is_noted(tmp_path: Path, word: str) -> None:
    picture(tmp_path / "skin.png", (200, 0, 0))
    (tmp_path / "m.mtl").write_text(f"newmtl skin\n{word} skin.png\n")
    mesh = read(tmp_path, "mtllib m.mtl\n" + obj(UV + "usemtl skin\n" + faces("{i}/{i}")).decode())
    assert mesh.texture is None
    assert mesh.notes == (f"material 'skin' has no map_Kd, the texture of its colour; its {word.lower()} is not read",)
