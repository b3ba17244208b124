"""Seeded damage to a file's bytes, and things other than files in its place."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

Bytes = bytes
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_ABSURD = [
    b"1e308", b"-1e308", b"NaN", b"Infinity", b"-1", b"0", b"1e-320", b"99999999999999999999", b"2147483648", b"1e30",
    b"9" * 5000, "\u0663".encode(), b"null", b'"x"', b"[]", b"{}", b"true", b"1e9", b"65537", b"-0.0",
]  # fmt: skip
_NAMES = [
    b"../../canary/x", b"/etc/passwd", b"\x1b[31mred", b"::error::x", b"<script>alert(1)</script>", b"=1+1", b"a" * 400,
    "\u202e\u0661".encode(), b"\\ud800", b"\x00", b"%s%n", b"CON",
]  # fmt: skip


def mutate(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    """Return the bytes with one to three kinds of damage."""
    for _ in range(int(rng.integers(1, 4))):
        kind = _KINDS[int(rng.integers(len(_KINDS)))]
        data = kind(data, other, rng)
    return data


def _flip(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    del other
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 8)) if data else 0):
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _truncate(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    del other
    return data[: int(rng.integers(len(data) + 1))]


def _splice(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    first, second = int(rng.integers(len(data) + 1)), int(rng.integers(len(other) + 1))
    return data[:first] + other[second : second + int(rng.integers(1, 4096))] + data[first:]


def _remove(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    del other
    first = int(rng.integers(len(data) + 1))
    return data[:first] + data[first + int(rng.integers(1, 200)) :]


def _repeat(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    del other
    first = int(rng.integers(len(data) + 1))
    return data[:first] + data[first : first + int(rng.integers(1, 2000))] * int(rng.integers(2, 50)) + data[first:]


def _size(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    """Write a large or odd integer over a few bytes: sizes, counts and offsets of binary formats."""
    del other
    values = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 27, 1 << 30, 65537]
    code = ["<H", ">H", "<I", ">I", "<Q", ">Q"][int(rng.integers(6))]
    word = struct.pack(code, values[int(rng.integers(len(values)))] & ((1 << (8 * struct.calcsize(code))) - 1))
    near = len(data) if rng.random() < 0.5 else min(len(data), 512)
    first = int(rng.integers(near + 1))
    return data[:first] + word + data[first + len(word) :]


def _number(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    """Replace a number of a text format by an absurd one."""
    del other
    return _replaced(data, _NUMBER, _ABSURD, rng)


def _name(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    """Replace a quoted string or word by a hostile one."""
    del other
    return _replaced(data, re.compile(rb"(?<=\")[^\"\n]{1,60}(?=\")|[A-Za-z_]{3,}"), _NAMES, rng)


def _nest(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    """Open many brackets where one stands."""
    del other
    places = [match.start() for match in re.finditer(rb"[\[{(<]", data[:200_000])]
    if not places:
        return data
    first = places[int(rng.integers(len(places)))]
    return data[:first] + data[first : first + 1] * int(10 ** rng.uniform(2, 5.5)) + data[first:]


def _swap(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    del rng
    return other or data


def _inflate(data: Bytes, other: Bytes, rng: np.random.Generator) -> Bytes:
    """Replace a compressed stream by a bomb of the same kind."""
    del other
    first = data.find(b"\x78")
    if first < 0:
        return data
    packer = zlib.compressobj(9)
    bomb = packer.compress(bytes(int(10 ** rng.uniform(5, 7.5)))) + packer.flush()
    return data[:first] + bomb + data[first:]


def _replaced(data: Bytes, pattern: re.Pattern[bytes], values: list[bytes], rng: np.random.Generator) -> Bytes:
    found = list(pattern.finditer(data[:1_000_000]))
    if not found:
        return data
    match = found[int(rng.integers(len(found)))]
    return data[: match.start()] + values[int(rng.integers(len(values)))] + data[match.end() :]


_KINDS: list[Callable[[Bytes, Bytes, np.random.Generator], Bytes]] = [
    _flip, _flip, _truncate, _splice, _remove, _repeat, _size, _size, _number, _number, _number, _name, _nest, _swap,
    _inflate,
]  # fmt: skip


def place_no_file(path: Path, canary: Path, rng: np.random.Generator) -> str:
    """Put something else where a file should be, and say what: a link, a FIFO, a device, a folder, nothing."""
    path.unlink()
    kind = ["fifo", "zero", "folder", "link out", "dangling", "loop", "empty", "random"][int(rng.integers(8))]
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "random":
        path.write_bytes(rng.bytes(2000))
    else:
        targets = {"zero": "/dev/zero", "link out": str(canary), "dangling": "/nonexistent/x", "loop": path.name}
        path.symlink_to(targets[kind])
    return kind


def is_damaged_png(data: Bytes) -> bool:
    """Whether a PNG's own checksums, order or end tell that its pixels are not what was written.

    False for what is no PNG: it may be a whole picture of another format.
    """
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return False
    at, kinds = 8, []
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        critical = kind[:1].isupper()
        if critical and zlib.crc32(kind + body) != int.from_bytes(
            data[at + 8 + length : at + 12 + length] or b"\0", "big"
        ):
            return True
        kinds.append(kind)
        at += length + 12
        if kind == b"IEND":
            break
    return not kinds or kinds[-1] != b"IEND"
