"""Rendering files: what is written can be read back by the sidecar's own words."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.pictures.render_files import encode_depth, write_rendering
from renderkit.renderers.base import RendererInfo, Rendering

_INFO = RendererInfo("cpu", "a device", "1", False)


def _rendering() -> Rendering:
    face_index = np.full((6, 8), -1, dtype=np.int32)
    face_index[1:5, 2:7] = 3
    depth = np.full((6, 8), np.inf, dtype=np.float32)
    depth[1:5, 2:7] = np.linspace(0.8, 1.3, 20, dtype=np.float32).reshape(4, 5)
    normal = np.zeros((6, 8, 3), dtype=np.float32)
    normal[1:5, 2:7] = (0.6, 0.0, -0.8)
    color = np.zeros((6, 8, 3), dtype=np.uint8)
    color[1:5, 2:7] = (200, 100, 50)
    return Rendering(face_index, depth, normal=normal, color=color)


def _camera() -> Camera:
    return Camera(np.array([[9.0, 0.1, 3.5], [0, 8.0, 2.5], [0, 0, 1]]), 8, 6, name="05")


def _read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return np.asarray(pixels, dtype=np.int64)


def test_everything_comes_back(tmp_path: Path) -> None:
    rendering = _rendering()
    files = write_rendering(rendering, _camera(), tmp_path, "0_05", "m", _INFO)
    assert sorted(path.name for path in files) == sorted(path.name for path in tmp_path.iterdir())
    sidecar = json.loads((tmp_path / "0_05.json").read_text())
    inside = rendering.mask
    np.testing.assert_array_equal(_read(tmp_path / "0_05_mask.png"), np.where(inside, 255, 0))
    depth = _read(tmp_path / "0_05_depth.png")
    assert (depth[~inside] == 0).all()
    step = sidecar["depth_scale"]
    np.testing.assert_allclose(depth[inside] * step, rendering.depth[inside], atol=0.5 * step)
    np.testing.assert_array_equal(np.load(tmp_path / "0_05_depth.npy"), rendering.depth)
    normal = _read(tmp_path / "0_05_normal.png")[:, :, ::-1]
    np.testing.assert_allclose(normal[2, 3] / 255 * 2 - 1, (0.6, 0.0, -0.8), atol=0.005)
    assert _read(tmp_path / "0_05_color.png")[2, 3].tolist() == [50, 100, 200]
    assert (sidecar["depth_unit"], sidecar["renderer"], sidecar["camera"]) == ("m", "a device", "05")
    np.testing.assert_array_equal(sidecar["K"], _camera().K)


def test_only_what_was_rendered_is_written(tmp_path: Path) -> None:
    bare = Rendering(_rendering().face_index, _rendering().depth)
    names = {path.name for path in write_rendering(bare, _camera(), tmp_path, "a", "mm", _INFO)}
    assert names == {"a_mask.png", "a_depth.png", "a_depth.npy", "a.json"}


def test_depth_uses_all_sixteen_bits_and_never_the_background_value() -> None:
    depth = np.array([[1e-6, 2.0, np.inf]], dtype=np.float32)
    coded, scale = encode_depth(depth)
    assert coded.tolist() == [[1, 65535, 0]]
    assert scale == pytest.approx(2.0 / 65535)
    nothing, _ = encode_depth(np.full((2, 2), np.inf, dtype=np.float32))
    assert not nothing.any()


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be written"):
        write_rendering(_rendering(), _camera(), tmp_path / "gone", "a", "m", _INFO)
