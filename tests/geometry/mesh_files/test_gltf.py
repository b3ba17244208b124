"""glTF: scenes against hand-written values and against pygltflib's reading."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pygltflib
import pytest
from mesh_bytes import COLORS, TRIANGLES, VERTICES, GltfBuilder, picture, roof_glb

from renderkit.errors import DatasetError
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.mesh_files.gltf import MAX_DEPTH
from renderkit.geometry.rotation import matrix_from_rotation_vector

INDICES = np.ravel(TRIANGLES)


def read(tmp_path: Path, data: bytes, name: str = "m.glb") -> Mesh:
    file = tmp_path / name
    file.write_bytes(data)
    return Mesh.read(file)


def read_json(tmp_path: Path, builder: GltfBuilder, uri: str | None) -> Mesh:
    root = json.loads(json.dumps(builder.root))
    root["buffers"][0] = {"byteLength": len(builder.buffer)} | ({} if uri is None else {"uri": uri})
    return read(tmp_path, json.dumps(root).encode(), "m.gltf")


def roof(**node: Any) -> GltfBuilder:
    builder = GltfBuilder()
    position, index = builder.accessor(VERTICES), builder.accessor(INDICES, "<u1")
    builder.mesh({"attributes": {"POSITION": position}, "indices": index}, **node)
    return builder


@pytest.mark.parametrize("kind", ["<u1", "<u2", "<u4", None])
def test_indices_of_every_type(tmp_path: Path, kind: str | None) -> None:
    builder = GltfBuilder()
    points = VERTICES if kind else VERTICES[INDICES]
    primitive: dict[str, Any] = {"attributes": {"POSITION": builder.accessor(points)}}
    if kind:
        primitive["indices"] = builder.accessor(INDICES, kind)
    builder.mesh(primitive)
    mesh = read(tmp_path, builder.glb())
    assert mesh.vertices.tolist() == points.tolist()
    assert mesh.vertices[mesh.faces].tolist() == VERTICES[np.array(TRIANGLES)].tolist()
    oracle = pygltflib.GLTF2.load(str(tmp_path / "m.glb"))
    view = oracle.bufferViews[oracle.accessors[0].bufferView]
    stored = np.frombuffer(oracle.binary_blob(), "<f4", 3 * len(points), view.byteOffset)
    assert mesh.vertices.ravel().tolist() == stored.tolist()


def test_buffers_beside_and_inside_the_file(tmp_path: Path) -> None:
    builder = roof()
    (tmp_path / "a b.bin").write_bytes(builder.buffer)
    data = "data:application/octet-stream;base64," + base64.b64encode(builder.buffer).decode()
    for uri in ("a%20b.bin", "./a b.bin", data):
        assert read_json(tmp_path, builder, uri).faces.tolist() == TRIANGLES
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / "link.bin").symlink_to(tmp_path / "a b.bin")
    for bad in (
        "../a b.bin",
        str(tmp_path / "a b.bin"),
        "/etc/passwd",
        "link.bin",
        "http://x/y.bin",
        None,
        "data:;base64,@@",
        "data:,x",
    ):
        with pytest.raises(DatasetError):
            read_json(tmp_path / "scene", builder, bad)


@pytest.mark.parametrize("mirrored", [False, True])
def test_nodes_place_their_meshes(tmp_path: Path, mirrored: bool) -> None:
    R = matrix_from_rotation_vector(np.array([0.3, -0.5, 0.2]))
    quaternion = cv2.RQDecomp3x3(R) and _quaternion(R)
    scale = np.array([2.0, 3.0, -0.5 if mirrored else 0.5])
    builder = roof(translation=[1.0, 2, 3], rotation=quaternion, scale=scale.tolist())
    parent = np.eye(4)
    parent[:3, :3], parent[:3, 3] = matrix_from_rotation_vector(np.array([0.0, 1.0, 0.0])), (-4, 0, 7)
    builder.root["nodes"].append({"children": [0], "matrix": parent.T.ravel().tolist()})
    builder.root["scenes"][0]["nodes"] = [1]
    mesh = read(tmp_path, builder.glb())
    expected = (VERTICES * scale @ R.T + [1, 2, 3]) @ parent[:3, :3].T + parent[:3, 3]
    np.testing.assert_allclose(mesh.vertices, expected, atol=1e-6)
    # A mirror turns faces inside out: their corners run the other way.
    assert mesh.faces.tolist() == [triangle[::-1] if mirrored else triangle for triangle in TRIANGLES]


def _quaternion(R: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """(x, y, z, w) from the axis and angle that OpenCV finds."""
    vector = cv2.Rodrigues(R)[0].ravel()
    angle = float(np.linalg.norm(vector))
    return [*(vector / angle * np.sin(angle / 2)).tolist(), float(np.cos(angle / 2))]


def test_several_meshes_and_primitives_in_order(tmp_path: Path) -> None:
    builder = GltfBuilder()
    shared = {"POSITION": builder.accessor(VERTICES)}
    first, second = builder.accessor(INDICES[:6], "<u2"), builder.accessor(INDICES[6:], "<u2")
    other = {"POSITION": builder.accessor(VERTICES + 10)}
    a = builder.mesh({"attributes": shared, "indices": first}, {"attributes": shared, "indices": second})
    b = builder.mesh({"attributes": other, "indices": builder.accessor(INDICES, "<u2")}, translation=[0, 0, 1])
    builder.root["scenes"][0]["nodes"] = [b, a]
    mesh = read(tmp_path, builder.glb())
    assert mesh.vertices.tolist() == [*(VERTICES + 10 + (0, 0, 1)).tolist(), *VERTICES.tolist()]
    assert mesh.faces.tolist() == [*TRIANGLES, *(np.array(TRIANGLES) + 7).tolist()]


def test_strips_fans_and_lines(tmp_path: Path) -> None:
    builder = GltfBuilder()
    attributes = {"POSITION": builder.accessor(VERTICES)}
    order = builder.accessor([0, 1, 3, 4, 6], "<u2")
    builder.mesh(
        {"attributes": attributes, "indices": order, "mode": 5},
        {"attributes": attributes, "indices": order, "mode": 6},
        {"attributes": attributes, "indices": order, "mode": 3},
    )  # fmt: skip
    mesh = read(tmp_path, builder.glb())
    assert mesh.faces.tolist() == [[0, 1, 3], [1, 4, 3], [3, 4, 6], [1, 3, 0], [3, 4, 0], [4, 6, 0]]
    assert mesh.notes == ("lines are left out",)


@pytest.mark.parametrize("kind", ["<u1", "<u2", "<f4"])
@pytest.mark.parametrize("channels", [3, 4])
def test_normalised_attributes(tmp_path: Path, kind: str, channels: int) -> None:
    picture(tmp_path / "skin.png", (1, 2, 3))
    builder = GltfBuilder()
    top = {"<u1": 255, "<u2": 65535, "<f4": 1.0}[kind]
    more: dict[str, Any] = {} if kind == "<f4" else {"normalized": True}
    colors = np.column_stack([COLORS / 255.0 * top, np.full(7, top)])[:, :channels]
    uv = VERTICES[:, :2] / 4
    attributes = {
        "POSITION": builder.accessor(VERTICES),
        "COLOR_0": builder.accessor(colors if kind == "<f4" else np.rint(colors), kind, **more),
        "TEXCOORD_0": builder.accessor(uv * top if kind == "<f4" else np.rint(uv * top), kind, **more),
        "NORMAL": builder.accessor(np.tile([0, 0, 127], (7, 1)), "i1", normalized=True),
    }
    builder.root |= {
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "textures": [{"source": 0, "sampler": 0}], "images": [{"uri": "skin.png"}],
        "samplers": [{"wrapS": 33071, "wrapT": 33648}],
    }  # fmt: skip
    builder.mesh({"attributes": attributes, "indices": builder.accessor(INDICES, "<u2"), "material": 0})
    mesh = read(tmp_path, builder.glb())
    assert mesh.vertex_colors is not None
    assert mesh.vertex_colors.tolist() == COLORS.tolist()
    assert mesh.uv is not None
    np.testing.assert_allclose(mesh.uv, np.column_stack([uv[:, 0], 1 - uv[:, 1]]), atol=0.5 / 255)
    assert mesh.wraps == (("clamp", "mirror"),)
    assert mesh.texture is not None
    assert mesh.texture[0, 0].tolist() == [1, 2, 3]
    assert mesh.vertex_normals.tolist() == [[0, 0, 1]] * 7


def test_materials_textures_and_factors(tmp_path: Path) -> None:
    red, blue = picture(tmp_path / "r.png", (200, 0, 0)), picture(tmp_path / "b.jpg", (0, 0, 200), (8, 8))
    builder = GltfBuilder()
    inside = builder.view(red.read_bytes())
    uri = "data:image/jpeg;base64," + base64.b64encode(blue.read_bytes()).decode()
    turned = {"KHR_texture_transform": {"offset": [0.5, 0.25], "rotation": np.pi / 2, "scale": [2, 3], "texCoord": 1}}
    builder.root |= {
        "images": [{"bufferView": inside, "mimeType": "image/png"}, {"uri": uri}, {"uri": "absent.png"}],
        "textures": [{"source": 0}, {"source": 1}, {"source": 2}],
        "materials": [
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 1, "extensions": turned}}},
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}},
            {"pbrMetallicRoughness": {"baseColorFactor": [0.2, 0.4, 0.6, 1.0]}},
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 2}}},
        ],
    }
    uv = VERTICES[:, :2] / 4
    attributes = {"POSITION": builder.accessor(VERTICES), "TEXCOORD_0": builder.accessor(uv),
                  "TEXCOORD_1": builder.accessor(uv[::-1])}  # fmt: skip
    corner = builder.accessor(INDICES[:3], "<u2")
    builder.mesh(*({"attributes": attributes, "indices": corner, "material": m} for m in range(4)))
    mesh = read(tmp_path, builder.glb())
    assert mesh.face_textures is not None
    assert mesh.face_textures.tolist() == [0, 1, -1, -1]
    assert [texture[0, 0].argmax() for texture in mesh.textures] == [2, 0]
    assert mesh.uv is not None
    # One set of attributes is one set of vertices; copies follow where a texture needs them.
    assert mesh.vertices[:7].tolist() == VERTICES.tolist()
    assert len(mesh.vertices) == 7 + 3
    assert mesh.vertex_colors is None
    assert mesh.face_colors is not None
    assert mesh.face_colors[2].tolist() == [51, 102, 153]
    # KHR_texture_transform: scaled, turned clockwise, moved, in coordinates from the top left.
    u, v = 2 * uv[::-1][0][0], 3 * uv[::-1][0][1]
    np.testing.assert_allclose(mesh.uv[mesh.faces[0, 0]], [v + 0.5, 1 - (-u + 0.25)], atol=1e-6)
    np.testing.assert_allclose(mesh.uv[mesh.faces[1, 1]], [uv[1, 0], 1 - uv[1, 1]], atol=1e-6)
    assert len(mesh.notes) == 1
    assert "absent.png" in mesh.notes[0]


def test_sparse_and_interleaved_accessors(tmp_path: Path) -> None:
    builder = roof()
    where, what = (
        builder.view(np.array([1, 3], "<u2").tobytes()),
        builder.view(np.array([[9, 9, 9], [8, 8, 8]], "<f4").tobytes()),
    )
    sparse = {"count": 2, "indices": {"bufferView": where, "componentType": 5123}, "values": {"bufferView": what}}
    builder.root["accessors"][0]["sparse"] = sparse
    expected = VERTICES.copy()
    expected[1], expected[3] = 9, 8
    assert read(tmp_path, builder.glb()).vertices.tolist() == expected.tolist()
    del builder.root["accessors"][0]["bufferView"]
    assert read(tmp_path, builder.glb()).vertices.tolist() == np.where((expected == VERTICES), 0, expected).tolist()
    rows = np.zeros(7, [("junk", "<u4"), ("position", "<f4", 3), ("more", "<u4")])
    rows["position"] = VERTICES
    striped = GltfBuilder()
    view = striped.view(rows.tobytes(), byteStride=20)
    striped.root["accessors"].append(
        {"componentType": 5126, "type": "VEC3", "count": 7, "bufferView": view, "byteOffset": 4}
    )
    striped.mesh({"attributes": {"POSITION": 0}, "indices": striped.accessor(INDICES, "<u2")})
    assert read(tmp_path, striped.glb()).vertices.tolist() == VERTICES.tolist()


def test_a_scene_of_points_is_a_point_cloud(tmp_path: Path) -> None:
    builder = GltfBuilder()
    builder.mesh({"attributes": {"POSITION": builder.accessor(VERTICES)}, "mode": 0})
    mesh = read(tmp_path, builder.glb())
    assert (len(mesh.vertices), len(mesh.faces)) == (7, 0)
    assert "point cloud" in mesh.notes[-1]


def _change(**changes: Any) -> bytes:
    builder = roof()
    for where, value in changes.items():
        entry: Any = builder.root
        *path, last = where.split("__")
        for step in path:
            entry = entry[int(step) if step.isdigit() else step]
        entry[int(last) if last.isdigit() else last] = value
    return builder.glb()


def compressed() -> bytes:
    """A primitive whose data are nowhere but in Draco's form."""
    builder = roof()
    builder.root["meshes"][0]["primitives"][0]["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0}}
    del builder.root["accessors"][0]["bufferView"]
    return builder.glb()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_change(accessors__0__count=2**40), "claim more than"),
        (_change(accessors__0__count=8), "do not fit"),
        (_change(accessors__0__count=-1), "expected a count"),
        (_change(accessors__0__count=7.5), "expected int"),
        (_change(accessors__0__type="MAT4"), "MAT4"),
        (_change(accessors__0__componentType=5124), "5124"),
        (_change(accessors__1__count=2**20), "do not fit"),
        (_change(bufferViews__0__byteLength=2**40), "of a buffer of"),
        (_change(bufferViews__0__byteStride=4), "do not fit"),
        (_change(nodes__0__mesh=1), "expected an index"),
        (_change(nodes__0__matrix=[1.0] * 15), "expected 16 finite"),
        (_change(nodes__0__rotation=[0, 0, 0, 0]), "unit quaternion"),
        (_change(nodes__0__children=[0]), "cycle"),
        (_change(meshes__0__primitives__0__attributes={}), "no positions"),
        (compressed(), "draco"),
        (_change(nodes__0__extensions={"EXT_mesh_gpu_instancing": {}}), "EXT_mesh_gpu_instancing"),
        (_change(extensionsRequired=["KHR_materials_unlit", "KHR_texture_basisu"]), "not read: KHR_texture_basisu;"),
        (_change(extensionsRequired=["EXT_meshopt_compression"]), "EXT_meshopt_compression"),
        (_change(asset={"version": "1.0"}), "expected glTF 2"),
        (_change(asset=[]), "expected dict"),
        (_change(meshes=[]), "expected an index"),
        (_change(scenes=[{"nodes": []}]), "no vertices"),
        (roof_glb().replace(b"glTF\x02", b"glTF\x01"), "version 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", "expected glTF 2"),
        (b"", "not a JSON file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read(tmp_path, data)


def test_depth_and_instances_are_bounded(tmp_path: Path) -> None:
    deep = roof()
    deep.root["nodes"] += [{"children": [i + 1 if i < 2000 else 0]} for i in range(1, 2001)]
    deep.root["scenes"][0]["nodes"] = [1]
    with pytest.raises(DatasetError, match=f"{MAX_DEPTH} nodes below"):
        read(tmp_path, deep.glb())
    wide = roof()
    wide.root["scenes"][0]["nodes"] = [0] * 6_000
    with pytest.raises(DatasetError, match="too many nodes"):
        read(tmp_path, wide.glb())
    doubling = roof()
    doubling.root["nodes"] += [{"children": [i, i]} for i in range(40)]
    doubling.root["scenes"][0]["nodes"] = [40]
    with pytest.raises(DatasetError, match="too many nodes"):
        read(tmp_path, doubling.glb())


def test_a_glb_that_is_cut_off(tmp_path: Path) -> None:
    data = roof_glb()
    for length in range(len(data)):
        with pytest.raises(DatasetError):
            read(tmp_path, data[:length])


def test_a_compressed_primitive_with_plain_data_beside_is_read(tmp_path: Path) -> None:
    data = _change(meshes__0__primitives__0__extensions={"KHR_draco_mesh_compression": {"bufferView": 0}})
    assert read(tmp_path, data).vertices.tolist() == VERTICES.tolist()


def test_extensions_that_change_the_material_alone_may_be_required(tmp_path: Path) -> None:
    data = _change(extensionsRequired=["KHR_materials_clearcoat", "KHR_lights_punctual"])
    assert read(tmp_path, data).faces.tolist() == TRIANGLES


@pytest.mark.parametrize("textured", [False, True])
def test_the_diffuse_colour_of_the_older_model_of_materials(tmp_path: Path, textured: bool) -> None:
    picture(tmp_path / "skin.png", (200, 0, 0))
    older: dict[str, Any] = {"diffuseTexture": {"index": 0}} if textured else {"diffuseFactor": [0.2, 0.4, 0.6, 1.0]}
    builder = GltfBuilder()
    builder.root |= {
        "materials": [{"extensions": {"KHR_materials_pbrSpecularGlossiness": older}}],
        "textures": [{"source": 0}], "images": [{"uri": "skin.png"}],
        "extensionsRequired": ["KHR_materials_pbrSpecularGlossiness"],
    }  # fmt: skip
    attributes = {"POSITION": builder.accessor(VERTICES), "TEXCOORD_0": builder.accessor(VERTICES[:, :2] / 4)}
    builder.mesh({"attributes": attributes, "indices": builder.accessor(INDICES, "<u2"), "material": 0})
    mesh = read(tmp_path, builder.glb())
    if textured:
        assert mesh.texture is not None
        assert mesh.texture[0, 0].tolist() == [200, 0, 0]
    else:
        assert mesh.face_colors is not None
        assert mesh.face_colors.tolist() == [[51, 102, 153]] * 5


def test_a_texture_without_a_readable_source_is_noted_by_its_extension(tmp_path: Path) -> None:
    builder = GltfBuilder()
    builder.root |= {
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "textures": [{"extensions": {"KHR_texture_basisu": {"source": 0}}}], "images": [{"uri": "skin.ktx2"}],
    }  # fmt: skip
    attributes = {"POSITION": builder.accessor(VERTICES), "TEXCOORD_0": builder.accessor(VERTICES[:, :2] / 4)}
    builder.mesh({"attributes": attributes, "indices": builder.accessor(INDICES, "<u2"), "material": 0})
    mesh = read(tmp_path, builder.glb())
    assert mesh.texture is None
    assert mesh.notes == ("texture 0 is left out: no PNG or JPEG source, only KHR_texture_basisu",)


@pytest.mark.parametrize("of_node", [False, True])
def test_morph_targets_by_their_weights(tmp_path: Path, of_node: bool) -> None:
    builder = GltfBuilder()
    shift = np.linspace(0, 1, 21).reshape(7, 3)
    targets = [{"POSITION": builder.accessor(shift)}, {"NORMAL": builder.accessor(shift)}]
    primitive = {"attributes": {"POSITION": builder.accessor(VERTICES)}, "indices": builder.accessor(INDICES, "<u2")}
    builder.mesh(primitive | {"targets": targets}, **({"weights": [0.5, 0.0]} if of_node else {}))
    builder.root["meshes"][0]["weights"] = [0.25, 1.0]
    mesh = read(tmp_path, builder.glb())
    np.testing.assert_allclose(mesh.vertices, VERTICES + (0.5 if of_node else 0.25) * shift, atol=1e-6)
    del builder.root["meshes"][0]["weights"]
    builder.root["nodes"][0].pop("weights", None)
    assert read(tmp_path, builder.glb()).vertices.tolist() == VERTICES.tolist()


def skinned(weights: np.ndarray[Any, Any], *, joints_in_scene: bool = True) -> GltfBuilder:
    """The roof on two bones, the second a turned child of the first; the mesh's own node is far off."""
    builder = GltfBuilder()
    inverse = np.stack([np.eye(4), np.eye(4)])
    inverse[1, :3, 3] = (0, -1, 0)
    at = len(builder.root["accessors"])
    view = builder.view(inverse.transpose(0, 2, 1).astype("<f4").tobytes())
    builder.root["accessors"].append({"componentType": 5126, "type": "MAT4", "count": 2, "bufferView": view})
    attributes = {
        "POSITION": builder.accessor(VERTICES), "JOINTS_0": builder.accessor(np.tile([0, 1, 0, 0], (7, 1)), "u1"),
        "WEIGHTS_0": builder.accessor(weights),
    }  # fmt: skip
    builder.mesh({"attributes": attributes, "indices": builder.accessor(INDICES, "<u2")}, skin=0, translation=[9, 9, 9])
    builder.root["skins"] = [{"joints": [1, 2], "inverseBindMatrices": at}]
    builder.root["nodes"] += [{"translation": [1, 2, 3], "children": [2]},
                              {"translation": [0, 1, 0], "rotation": [0, 0, 0.6, 0.8]}]  # fmt: skip
    builder.root["scenes"][0]["nodes"] = [0, 1] if joints_in_scene else [0]
    return builder


def test_a_skin_moves_vertices_with_its_joints(tmp_path: Path) -> None:
    share = np.linspace(0, 1, 7)
    weights = np.column_stack([1 - share, share, np.zeros(7), np.zeros(7)])
    mesh = read(tmp_path, skinned(weights).glb())
    # A rotation by twice the angle whose sine is 0.6 about z, through (0, 1, 0).
    turn = np.array([[0.28, -0.96, 0], [0.96, 0.28, 0], [0, 0, 1]])
    first = np.add(VERTICES, (1, 2, 3))
    second = np.add((VERTICES - (0, 1, 0)) @ turn.T, (1, 3, 3))
    np.testing.assert_allclose(mesh.vertices, (1 - share)[:, None] * first + share[:, None] * second, atol=1e-6)
    assert mesh.faces.tolist() == TRIANGLES
    assert mesh.notes == ()
    # Weights need not be normalised; of none, the first joint counts.
    np.testing.assert_allclose(read(tmp_path, skinned(3 * weights).glb()).vertices, mesh.vertices, atol=1e-6)
    np.testing.assert_allclose(read(tmp_path, skinned(0 * weights).glb()).vertices, first, atol=1e-6)


def test_a_skin_whose_joints_are_not_there(tmp_path: Path) -> None:
    weights = np.tile([1.0, 0, 0, 0], (7, 1))
    mesh = read(tmp_path, skinned(weights, joints_in_scene=False).glb())
    assert mesh.vertices.tolist() == (VERTICES + 9).tolist()
    assert "skin is not applied" in mesh.notes[0]
    builder = skinned(np.tile([0, 1.0, 0, 0], (7, 1)))
    builder.root["skins"][0]["joints"] = [1]
    with pytest.raises(DatasetError, match="joint 1 of 1 joint"):
        read(tmp_path, builder.glb())
    builder.root["skins"][0]["joints"] = [1, 2, 1]
    with pytest.raises(DatasetError, match="2 of 3 joints"):
        read(tmp_path, builder.glb())


def test_primitives_of_other_materials_share_their_vertices(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png", (200, 0, 0))
    builder = GltfBuilder()
    builder.root |= {
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}},
                      {"pbrMetallicRoughness": {"baseColorFactor": [0.2, 0.4, 0.6, 1.0]}}, {}],
        "textures": [{"source": 0}], "images": [{"uri": "skin.png"}],
    }  # fmt: skip
    attributes = {"POSITION": builder.accessor(VERTICES), "TEXCOORD_0": builder.accessor(VERTICES[:, :2] / 4)}
    parts = [INDICES[:6], INDICES[6:9], INDICES[9:]]
    builder.mesh(*({"attributes": attributes, "indices": builder.accessor(part, "<u2"), "material": material}
                   for material, part in enumerate(parts)))  # fmt: skip
    mesh = read(tmp_path, builder.glb())
    assert mesh.vertices.tolist() == VERTICES.tolist()
    assert mesh.faces.tolist() == TRIANGLES
    assert mesh.face_textures is not None
    assert mesh.face_textures.tolist() == [0, 0, -1, -1, -1]
    assert mesh.face_colors is not None
    assert mesh.face_colors[2:].tolist() == [[51, 102, 153], [184] * 3, [184] * 3]


@pytest.mark.parametrize("value", [[], {}, None, "5123", 1.5, True])
def test_numbers_that_are_something_else_are_refused(tmp_path: Path, value: Any) -> None:
    for change in (
        {"accessors__1__componentType": value}, {"accessors__0__type": value}, {"accessors__0__count": value},
        {"meshes__0__primitives__0__indices": value if value is not None else 9}, {"nodes__0__mesh": value},
    ):  # fmt: skip
        with pytest.raises(DatasetError):
            read(tmp_path, _change(**change))


@pytest.mark.parametrize("value", [[], {}, None, "10497", 7])
def test_a_sampler_that_is_malformed_is_refused(tmp_path: Path, value: Any) -> None:
    picture(tmp_path / "skin.png", (1, 2, 3))
    builder = GltfBuilder()
    builder.root |= {
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "textures": [{"source": 0, "sampler": 0}], "images": [{"uri": "skin.png"}], "samplers": [{"wrapS": value}],
    }  # fmt: skip
    attributes = {"POSITION": builder.accessor(VERTICES), "TEXCOORD_0": builder.accessor(VERTICES[:, :2])}
    builder.mesh({"attributes": attributes, "indices": builder.accessor(INDICES, "<u2"), "material": 0})
    with pytest.raises(DatasetError, match="wrapS"):
        read(tmp_path, builder.glb())
