"""Names from data sets: every writer, walked with hostile cameras, frames and meshes; nothing leaves the run folder."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import lxml.html
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.export.gltf import write_gltf
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.report.registry import WRITERS, write_formats
from renderkit.results.page_pictures import read_page_pictures
from renderkit.results.report import Report
from renderkit.results.rows import ViewKey
from renderkit.results.run_folder import PAGE, picture_name
from renderkit.results.run_scene import MESHES_NAME, RIG_NAME, read_mesh_previews, read_run_rig
from renderkit.wording import printable

Check: TypeAlias = Callable[[bytes, str], None]

HOSTILE = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1+1",
    "\x1b[2J\x1b[31mred", "::error::x", "::set-output name=a::b",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "]]>", "[x](javascript:alert(1))",
    "a|b\n| c |", "{{ 7 * 7 }}",
    "../../etc/passwd", "/etc/passwd", "C:\\x", "a\0b", "\udcff\u202e", "%s%n", "x" * 400,
)  # fmt: skip
"""Terminal escapes, commands to CI servers, markup, formulas, paths, templates, and text that is none."""


def _csv(data: bytes, name: str) -> None:
    del name
    cells = [cell for row in csv.reader(io.StringIO(data.decode(), newline="")) for cell in row]
    numbers = [cell for cell in cells if re.fullmatch(r"-?[0-9.]+(e[-+]?[0-9]+)?", cell)]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and cell not in numbers]


def _junit(data: bytes, name: str) -> None:
    tree = ET.fromstring(data)  # noqa: S314 - written here
    assert {element.tag for element in tree.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "properties", "system-out", "system-err",
    }  # fmt: skip
    assert b"\x1b" not in data, name


def _markdown(data: bytes, name: str) -> None:
    text = data.decode()
    assert not re.search(r"(?<!\\)<(script|img)|(?<!\\)\]\(javascript", text), name
    assert not re.search(r"(?m)^::", text), name


def _html(data: bytes, name: str) -> None:
    page = lxml.html.document_fromstring(data)
    assert not page.xpath("//img[@onerror]"), name
    assert not [script for script in page.xpath("//script/text()") if script.strip() == "alert(1)"], name
    assert not page.xpath("//a[starts-with(@href, 'javascript') or contains(@href, '..')]"), name


def _json(data: bytes, name: str) -> None:
    assert name in {row["camera"] for row in json.loads(data)["rows"]}
    assert data.isascii()


CHECKS: dict[str, Check] = {
    "csv": _csv, "junit": _junit, "markdown": _markdown, "html": _html, "json": _json,
    "parquet": lambda data, _: None if data[:4] == b"PAR1" else pytest.fail("no Parquet file"),
}  # fmt: skip


def test_every_writer_has_a_check() -> None:
    assert set(CHECKS) == set(WRITERS)


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_no_writer_lets_a_name_act(writer: str, make_report: Callable[..., Report], tmp_path: Path) -> None:
    if writer == "parquet":
        pytest.importorskip("pyarrow")
    report = make_report(
        dict.fromkeys(HOSTILE, 9.0), frames=HOSTILE[:2], meshes=HOSTILE[8:10], failed={"z": HOSTILE[5]},
        skipped={HOSTILE[6]: HOSTILE[0]},
    )  # fmt: skip
    rows = tuple(replace(row, overlay=row.key.camera, warnings=(row.key.camera,)) for row in report.rows)
    provenance = replace(report.provenance, command=HOSTILE[5], capture=HOSTILE[8])
    (path,) = write_formats(replace(report, rows=rows, provenance=provenance), tmp_path, (writer,))
    assert list(tmp_path.iterdir()) == [path]
    for name in HOSTILE:
        CHECKS[writer](path.read_bytes(), name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_plain_on_a_terminal_and_in_a_file_name(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable()
    assert not shown.startswith("::")
    file = picture_name(ViewKey(name, name, name, name))
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.jpg", file)


def test_gltf_keeps_names_as_text(tmp_path: Path) -> None:
    intrinsics = np.array([[100.0, 0.0, 32.0], [0.0, 100.0, 24.0], [0.0, 0.0, 1.0]])
    names = [name for name in HOSTILE if name.isprintable()]
    rig = Rig({name: Camera(intrinsics, 64, 48, name=name) for name in names}, "m")
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]))
    write_gltf(rig, {HOSTILE[8]: mesh}, tmp_path / "x.glb")
    data = (tmp_path / "x.glb").read_bytes()
    (length,) = struct.unpack("<I", data[12:16])
    tree = json.loads(data[20 : 20 + length])
    assert not [image for image in tree.get("images", []) if "uri" in image]
    assert not [buffer for buffer in tree["buffers"] if "uri" in buffer]
    assert list(tmp_path.iterdir()) == [tmp_path / "x.glb"]


def test_links_out_of_a_run_folder_are_not_followed(tmp_path: Path) -> None:
    run, key = tmp_path / "run", ViewKey("c", "f", "1", "m")
    (run / PAGE).mkdir(parents=True)
    secret = tmp_path / "secret.webp"
    secret.write_bytes(b"RIFF\0\0\0\0WEBPsecret")
    (run / PAGE / picture_name(key, ".photo.webp")).symlink_to(secret)
    for name in (RIG_NAME, MESHES_NAME):
        (run / name).symlink_to(secret)
    for read in (lambda: read_page_pictures(key, run), lambda: read_run_rig(run), lambda: read_mesh_previews(run)):
        with pytest.raises(DatasetError, match="leads out of the run folder"):
            read()
    # A run folder that is a link itself, and links inside it, are fine.
    (run / PAGE / picture_name(key, ".photo.webp")).unlink()
    (run / PAGE / picture_name(key, ".photo.webp")).write_bytes(secret.read_bytes())
    (tmp_path / "latest").symlink_to(run)
    assert read_page_pictures(key, tmp_path / "latest").layers
