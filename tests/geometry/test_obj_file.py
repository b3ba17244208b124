"""Wavefront files, as they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.geometry.obj_file import read_obj


def test_order_polygons_and_backward_indices(tmp_path: Path) -> None:
    file = tmp_path / "m.obj"
    file.write_text(
        "# a comment\nmtllib ../../x.mtl\no head\nv 0 0 0 1 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvn 0 0 1\n"
        "vt 0.25 0.5 0\nusemtl a\nf 1/1/1 2/1/1 3/1/1 4/1/1\nf -4//1 -3//1 -1//1\n\nv 9 9 9\n"
    )
    content = read_obj(file)
    np.testing.assert_array_equal(content.vertices[[1, 4]], [[1, 0, 0], [9, 9, 9]])
    np.testing.assert_array_equal(content.faces, [[0, 1, 2], [0, 2, 3], [0, 1, 3]])
    np.testing.assert_array_equal(content.uv, [[0.25, 0.5]])
    assert content.uv_faces is None  # the last face has no texture coordinates


@pytest.mark.parametrize(
    "line", ["f 1 2 9", "f 1 2", "f 0 1 2", "f a b c", "v 1 2", "v x y z", "vt 1", "f 1/2 2/1 3/1", "f -9 1 2"]
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "m.obj"
    file.write_text(f"v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\n{line}\n")
    with pytest.raises(DatasetError, match="line 5"):
        read_obj(file)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_obj(tmp_path / "none.obj")
    (tmp_path / "empty.obj").write_text("")
    assert read_obj(tmp_path / "empty.obj").faces.shape == (0, 3)
