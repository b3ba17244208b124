"""Meshes and scenes that are given as a capture or a camera file are named, with the way in."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.formats.registry import detect_format

READ = r"by its suffix it is a mesh: `renderkit render FILE` draws it, and --mesh FILE gives it"
UNREAD = (
    r"a mesh or scene in a format that is not read \(%s\); export its mesh as one of \.ply, \.obj, .* its cameras as"
)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("head.ply", b"ply\n", READ),
        ("head.GLB", b"", READ),
        ("head.obj", b"v 0 0 0\n", READ),
        ("scene.usda", b"#usda 1.0\n", UNREAD % r"\.usda"),
        ("scene.fbx", b"Kaydara FBX Binary  \x00", UNREAD % r"\.fbx"),
        ("scene.3mf", b"PK\x03\x04", UNREAD % r"\.3mf"),
        ("scene.dae", b"<?xml version='1.0'?><COLLADA/>", UNREAD % r"\.dae"),
    ],
)
def test_meshes_and_scenes_are_named(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=what):
        detect_format(tmp_path / name)
