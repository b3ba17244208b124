"""Small files that would take much memory or time: each is refused before either is taken."""

from __future__ import annotations

import io
import os
import signal
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats.landmarks_file import LandmarksFile
from renderkit.formats.registry import read_rig
from renderkit.geometry.mesh_files.load import read_mesh_file
from renderkit.images.encoded import EncodedImage
from renderkit.results.json_report import read_report
from renderkit.untrusted.hdf5 import Hdf5File

if not sys.platform.startswith("linux"):
    pytest.skip("limits of memory and time are Linux's", allow_module_level=True)

CPU_SECONDS = 5
MAX_BYTES = 2 << 30
HUGE = 60_000


def write_zip(path: Path, name: str, claimed: int, head: bytes = b"") -> None:
    """Write an archive whose one entry is `head` and zeros, and takes a thousandth of its size."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    packed = [packer.compress(head), *(packer.compress(block) for _ in range(64)), packer.flush()]
    size = sum(map(len, packed))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, size, claimed, len(name), 0) + name.encode()
    central = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, size, claimed, len(name), 0, 0, 0, 0, 0, 0
    ) + name.encode()  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + size, 0)
    path.write_bytes(local + b"".join(packed) + central + end)


def npy_head(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 22))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def tiff(width: int, height: int) -> bytes:
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 100)]
    entries = b"".join(struct.pack("<2H2I", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def jpeg(width: int, height: int) -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HB2HB", 17, 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    return b"\xff\xd8" + frame + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0" + bytes(1000) + b"\xff\xd9"


def webp() -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_382).to_bytes(3, "little") + (16_383).to_bytes(3, "little")
    body += b"VP8L" + struct.pack("<IBI", 8, 0x2F, (1 << 28) - 1) + bytes(3)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def decode(path: Path) -> object:
    return EncodedImage.from_file(path).decode_color()


def write_h5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("data", (1 << 34,), "u1", chunks=(1 << 20,), compression="gzip")


PLY = "ply\nformat binary_little_endian 1.0\nelement vertex {n}\nproperty float x\nproperty float y\nproperty float z\n"
PLY += "element face {n}\nproperty list uchar int vertex_indices\nend_header\n"
ENTITIES = '<!DOCTYPE a [<!ENTITY a0 "aaaaaaaaaa">' + "".join(
    f'<!ENTITY a{k + 1} "{f"&a{k};" * 10}">' for k in range(9)
)

Bomb = tuple[str, Callable[[Path], object], Callable[[Path], object]]
BOMBS: dict[str, Bomb] = {
    "JSON of lists": ("a.json", lambda p: p.write_bytes(b"[" + b"[]," * 40_000_000 + b"0]"), read_rig),
    "JSON of objects": ("a.json", lambda p: p.write_bytes(b"[" + b'{"a":0},' * 4_000_000 + b"0]"), read_rig),
    "JSON as a report": ("report.json", lambda p: p.write_bytes(b"[" + b"[]," * 18_000_000 + b"0]"), read_report),
    "JSON, deep": ("a.json", lambda p: p.write_bytes(b'{"a":' * 1_000_000), read_rig),
    "TOML, deep": ("a.toml", lambda p: p.write_bytes(b"a = " + b"[" * 1_000_000), read_rig),
    "YAML, deep": ("a.yaml", lambda p: p.write_bytes(b"%YAML:1.0\n---\na: " + b"[" * 1_000_000), read_rig),
    "YAML of aliases": (
        "a.yaml",
        lambda p: p.write_text(
            "cam0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "".join(f"cam{k + 1}: &a{k + 1} [{', '.join([f'*a{k}'] * 9)}]\n" for k in range(12))
        ),
        read_rig,
    ),
    "YAML, spaces": ("a.yaml", lambda p: p.write_bytes(b"cam0: [1," + b" " * 2_000_000 + b"x"), read_rig),
    "XML entities": ("a.xml", lambda p: p.write_text(ENTITIES + "]><document>&a9;</document>"), read_rig),
    "PLY counts": (
        "a.ply",
        lambda p: p.write_bytes(PLY.format(n=4_000_000_000).encode() + bytes(1000)),
        read_mesh_file,
    ),
    "OBJ indices": ("a.obj", lambda p: p.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4000000000\n"), read_mesh_file),
    "OBJ polygon": (
        "a.obj",
        lambda p: p.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf " + "1 2 3 " * 2_000_000 + "\n"),
        read_mesh_file,
    ),
    "STL count": ("a.stl", lambda p: p.write_bytes(bytes(80) + struct.pack("<I", 4_000_000_000)), read_mesh_file),
    "OFF counts": ("a.off", lambda p: p.write_text("OFF\n4000000000 4000000000 0\n0 0 0\n"), read_mesh_file),
    "npz that claims": (
        "a.npz",
        lambda p: write_zip(p, "vertices.npy", 3 << 30, npy_head((1 << 27, 3))),
        read_mesh_file,
    ),
    "npz that grows": ("a.npz", lambda p: write_zip(p, "vertices.npy", 128, npy_head((1 << 27, 3))), read_mesh_file),
    "npz landmarks": ("a.npz", lambda p: write_zip(p, "x.npy", 3 << 30, npy_head((1 << 28,))), LandmarksFile),
    "zip as a mesh": ("a.ply", lambda p: write_zip(p, "a.ply", 3 << 30), read_mesh_file),
    "PNG": ("a.png", lambda p: p.write_bytes(png(HUGE, HUGE)), decode),
    "TIFF": ("a.tiff", lambda p: p.write_bytes(tiff(HUGE, HUGE)), decode),
    "JPEG": ("a.jpg", lambda p: p.write_bytes(jpeg(HUGE, HUGE)), decode),
    "WebP": ("a.webp", lambda p: p.write_bytes(webp()), decode),
    "HDF5 dataset": ("a.smc", write_h5, lambda p: Hdf5File(p).read("data")),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_refused_before_it_takes_memory_or_time(name: str, tmp_path: Path) -> None:
    file, write, read = BOMBS[name]
    path = tmp_path / file
    write(path)
    ended, peak = run_with_limits(lambda: read(path))
    assert ended == "refused"
    assert peak < MAX_BYTES


def run_with_limits(work: Callable[[], object]) -> tuple[str, int]:
    """Do some work in a forked process; return how it ended and the bytes of its largest extent."""
    process = os.fork()
    if process == 0:
        _work(work)
    _, status, usage = os.wait4(process, 0)
    if os.WIFSIGNALED(status):
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name}", usage.ru_maxrss << 10
    return {0: "read", 3: "refused"}.get(os.WEXITSTATUS(status), "failed"), usage.ru_maxrss << 10


def _work(work: Callable[[], object]) -> None:
    import resource

    code = 4
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        work()
        code = 0
    except DatasetError:
        code = 3
    finally:
        os._exit(code)
