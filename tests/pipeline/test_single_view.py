"""One mesh, one camera, one call."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import renderkit as rk
from renderkit.arrays import MaskImage


@pytest.fixture
def camera() -> rk.Camera:
    return rk.Camera.look_at(eye=(0, 0, 4), target=(0, 0, 0), size=(64, 48), fov_deg=90)


@pytest.fixture
def square() -> rk.Mesh:
    corners = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
    return rk.Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), name="square")


def test_the_default_renderer_serves_every_thread(camera: rk.Camera, square: rk.Mesh) -> None:
    here = rk.render(square, camera).mask
    found: list[MaskImage] = []
    thread = threading.Thread(target=lambda: found.append(rk.render(square, camera).mask))
    thread.start()
    thread.join()
    assert here.sum() == 256  # 64 px show 8 units at distance 4: 2 units are 16 px
    assert np.array_equal(found[0], here)
    assert rk.score_mask(here, here).iou == 1.0


def test_an_overlay_is_drawn_saved_and_shown(camera: rk.Camera, square: rk.Mesh, tmp_path: Path) -> None:
    photo = np.full((48, 64, 3), 90, np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), photo)
    from_array, from_file = rk.overlay(photo, square, camera), rk.overlay(tmp_path / "photo.png", square, camera)
    assert np.array_equal(from_array.image, from_file.image)
    written = cv2.imread(str(from_array.save(tmp_path / "overlay.png")))
    assert written is not None
    assert np.array_equal(written[:, :, ::-1], from_array.image)
    shown = cv2.imdecode(np.frombuffer(from_array._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert max(shown.shape) == 640
    height, width = from_array.image.shape[:2]
    assert not np.array_equal(from_array.image[height // 2, width // 2], photo[0, 0])
    assert np.array_equal(from_array.image[0, 0], photo[0, 0])


def test_wrong_shapes_are_refused_with_both_shapes(camera: rk.Camera, square: rk.Mesh) -> None:
    with pytest.raises(ValueError, match=r"photo: expected shape \(48, 64, 3\), got \(10, 10, 3\)"):
        rk.overlay(np.zeros((10, 10, 3), np.uint8), square, camera)
    with pytest.raises(ValueError, match=r"points: expected shape \(3,\) or \(..., 3\), got \(2,\)"):
        rk.project(camera, (1.0, 2.0))


def test_renderings_show_colour_or_depth(camera: rk.Camera, square: rk.Mesh) -> None:
    colored, plain = rk.render(square, camera), rk.render(square, camera, rk.RenderPass.GEOMETRY)
    for picture in (colored, plain):
        shown = cv2.imdecode(np.frombuffer(picture._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        assert np.array_equal(shown.any(axis=2), picture.mask)


def test_pictures_are_never_cast_in_silence(camera: rk.Camera, square: rk.Mesh) -> None:
    photos: tuple[Any, ...] = (np.full((48, 64, 3), 0.5), np.full((48, 64, 3), 20_000, np.uint16))
    for photo in photos:
        with pytest.raises(ValueError, match="photo: expected values that uint8 holds"):
            rk.overlay(photo, square, camera)
    alpha = np.zeros((48, 64), np.uint8)
    alpha[10:30, 10:30] = 255
    soft = alpha.copy()
    soft[30:40, 10:30] = 40  # less than half covered: outside
    shares: Any = alpha / 510

    def draw(mask: Any) -> np.ndarray:
        return rk.overlay(None, square, camera, mask=mask, layers=("outline",), max_size=640).image

    assert np.array_equal(draw(alpha), draw(alpha > 0))
    assert np.array_equal(draw(alpha // 255), draw(alpha > 0))
    assert not np.array_equal(draw(soft), draw(soft > 0))
    with pytest.raises(ValueError, match="captured mask: expected values that bool holds"):
        draw(shares)


def test_arguments_of_another_kind_are_named(camera: rk.Camera, square: rk.Mesh) -> None:
    rig = rk.Rig({"a": camera})
    with pytest.raises(ValueError, match="camera: expected a Camera, got Rig"):
        rk.project(rig, (0, 0, 0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mesh: expected a Mesh, got str; make one by"):
        rk.render("scan.ply", camera)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mesh: expected a Mesh, got Camera"):
        rk.overlay(None, camera, square)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rig: expected a Rig, got Camera"):
        rk.lint(camera)  # type: ignore[arg-type]
