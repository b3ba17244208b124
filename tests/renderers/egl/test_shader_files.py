"""Shader sources: found, included, numbered."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderkit.renderers.egl import shader_files
from renderkit.renderers.egl.shader_files import ShaderSource, load_shader


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "part.glsl").write_text("float part;\nfloat more;\n")
    (tmp_path / "main.vert").write_text('#version 330 core\nint before;\n#include "part.glsl"\nint after;\n')
    monkeypatch.setattr(shader_files, "_shader_folder", lambda: tmp_path)
    return tmp_path


def test_include_is_resolved_and_lines_keep_their_numbers(folder: Path) -> None:
    source = load_shader("main.vert", {"LENS": 2})
    assert source.files == ("main.vert", "part.glsl")
    assert source.text.splitlines() == [
        "#version 330 core",
        "#define LENS 2",
        "#line 2 0",
        "int before;",
        "#line 1 1",
        "float part;",
        "float more;",
        "#line 4 0",
        "int after;",
    ]


def test_missing_include_is_an_error(folder: Path) -> None:
    (folder / "include" / "part.glsl").unlink()
    with pytest.raises(FileNotFoundError, match=r"part\.glsl"):
        load_shader("main.vert", {})


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("0:12(5): error: `x' undeclared", "mesh.vert:12(5): error: `x' undeclared"),  # Mesa
        ("1(7) : error C1008: undefined", "lens.glsl(7) : error C1008: undefined"),  # NVIDIA
        ("ERROR: 1:3: 'y' : syntax error", "ERROR: lens.glsl:3: 'y' : syntax error"),  # Apple, ANGLE
        ("9:1: error", "9:1: error"),
    ],
)
def test_log_names_files(log: str, expected: str) -> None:
    assert ShaderSource("", ("mesh.vert", "lens.glsl")).explain(log) == expected


def test_every_shader_is_found() -> None:
    for file in ("mesh.vert", "mask.frag", "surface.frag"):
        assert load_shader(file, {}).text.startswith("#version 330 core")
