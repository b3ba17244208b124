"""What every mesh file has to be: a regular file of a known format; textures that start no program."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from mesh_bytes import binary_stl, face_element, obj, off, picture, ply, roof_glb, text_stl, vertex_element

from renderkit.errors import DatasetError
from renderkit.geometry.mesh import Mesh

SAMPLES = {
    "a.ply": ply([vertex_element(), face_element()]),
    "b.ply": ply([vertex_element("double"), face_element()], "binary_big_endian"),
    "c.obj": obj(),
    "d.off": off(),
    "e.stl": binary_stl(),
    "f.stl": text_stl(),
    "g.glb": roof_glb(),
}
UV = "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("suffix", [".ply", ".obj", ".stl", ".off", ".glb", ".gltf"])
def test_only_regular_files_are_read(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"m{suffix}")
    started = time.monotonic()
    with pytest.raises(DatasetError, match="FIFO"):
        Mesh.read(tmp_path / f"m{suffix}")
    assert time.monotonic() - started < 60
    (tmp_path / f"n{suffix}").mkdir()
    with pytest.raises(DatasetError, match="folder"):
        Mesh.read(tmp_path / f"n{suffix}")
    with pytest.raises(DatasetError, match="no such mesh file"):
        Mesh.read(tmp_path / f"absent{suffix}")


@pytest.mark.parametrize("name", ["m.fbx", "m.usdz", "m.3mf", "m.dae", "m.abc", "m", "m.zip"])
def test_other_formats_are_refused_with_the_list(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"Kaydara FBX Binary")
    with pytest.raises(DatasetError, match=r"none of \.ply, \.obj, \.stl, \.off, \.gltf, \.glb, \.npz"):
        Mesh.read(tmp_path / name)


@pytest.mark.parametrize("name", SAMPLES)
def test_suffixes_in_capitals(tmp_path: Path, name: str) -> None:
    file = tmp_path / name.upper()
    file.write_bytes(SAMPLES[name])
    assert len(Mesh.read(file).faces) == 5


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files_are_refused_or_read_never_anything_else(tmp_path: Path, name: str) -> None:
    random = np.random.default_rng(7)
    file = tmp_path / name
    pieces = [b"9" * 9, b"-1", b"nan ", b"1e308 ", b"\n", b"\xff" * 4, b"[[[[", b" inf", b"\0"]
    refused = 0
    for _ in range(300):
        data = bytearray(SAMPLES[name])
        for _ in range(random.integers(1, 6)):
            place = int(random.integers(len(data)))
            if random.random() < 0.5:
                data[place] = random.integers(256)
            else:
                data[place:place] = pieces[random.integers(len(pieces))]
        file.write_bytes(data)
        try:
            mesh = Mesh.read(file)
        except DatasetError:
            refused += 1
        else:
            assert np.isfinite(mesh.vertex_normals).all()
            assert np.isfinite(mesh.bounds).all()
    assert refused > 50


def textured(tmp_path: Path, texture: str) -> Mesh:
    (tmp_path / "m.mtl").write_text(f"newmtl skin\nmap_Kd {texture}\n")
    file = tmp_path / "m.obj"
    file.write_bytes(b"mtllib m.mtl\nusemtl skin\n" + obj(UV + "f 1/1 2/2 5/3 4/4\n"))
    return Mesh.read(file)


def test_only_png_and_jpeg_are_decoded_by_content(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    (tmp_path / "evil.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(" + str(marker).encode() + b") (w) file\n"
    )
    for suffix in (".bmp", ".tiff", ".webp", ".ppm"):
        cv2.imwrite(str(tmp_path / f"p{suffix}"), np.zeros((4, 4, 3), np.uint8))
    for name in ("evil.png", "p.bmp", "p.tiff", "p.webp", "p.ppm"):
        mesh = textured(tmp_path, name)
        assert (mesh.texture, len(mesh.vertices), len(mesh.faces)) == (None, 7, 2)
        assert "expected a PNG or JPEG picture" in mesh.notes[0]
        assert name in mesh.notes[0]
    assert not marker.exists()
    picture(tmp_path / "named.tiff.jpg", (9, 9, 9)).rename(tmp_path / "named.tiff")
    assert textured(tmp_path, "named.tiff").texture is not None


def test_textures_of_absurd_size_are_refused_by_their_header(tmp_path: Path) -> None:
    data = bytearray(picture(tmp_path / "big.png", (1, 1, 1)).read_bytes())
    data[16:24] = struct.pack(">II", 60000, 60000)
    (tmp_path / "big.png").write_bytes(data)
    mesh = textured(tmp_path, "big.png")
    assert mesh.texture is None
    assert "60000 x 60000 texels are over" in mesh.notes[0]


def test_textures_lie_in_the_mesh_folder(tmp_path: Path) -> None:
    inner = tmp_path / "scan"
    inner.mkdir()
    picture(tmp_path / "secret.png", (1, 2, 3))
    (inner / "link.png").symlink_to(tmp_path / "secret.png")
    for name in ("../secret.png", str(tmp_path / "secret.png"), "link.png", "/etc/passwd", "."):
        mesh = textured(inner, name)
        assert mesh.texture is None
        assert "no such file in the mesh's folder" in mesh.notes[0]
    # Exporters write the paths of their own machine; the file itself lies beside the mesh.
    picture(inner / "skin.png", (7, 8, 9))
    for name in ("C:\\scans\\skin.png", "/home/somebody/skin.png", "../skin.png", "./skin.png"):
        assert textured(inner, name).texture is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_what_a_mesh_refers_to_is_a_regular_file_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "FIFO" in textured(tmp_path, "pipe.png").notes[0]
    (tmp_path / "m.mtl").unlink()
    os.mkfifo(tmp_path / "m.mtl")
    assert "FIFO" in Mesh.read(tmp_path / "m.obj").notes[0]


@pytest.mark.parametrize("name", ["a.ply", "c.obj", "d.off"])
def test_utf_16_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SAMPLES[name].decode().encode("utf-16"))
    with pytest.raises(DatasetError, match="UTF-16 text; save it as ASCII or UTF-8"):
        Mesh.read(tmp_path / name)
