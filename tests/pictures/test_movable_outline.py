"""The outline in space: closed, on the mesh's outline, of the same area; against circles."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.images.outlines import trace_level
from renderkit.images.rings import chain_segments
from renderkit.pictures.movable_outline import MAX_POINTS, movable_outline
from renderkit.renderers.base import Rendering
from renderkit.results.page_pictures import MovableOutline, outline_json
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.rows import ViewKey, ViewResult

CAMERA = Camera(np.array([[500.0, 0, 159.5], [0, 500.0, 119.5], [0, 0, 1]]), 320, 240)


def _evidence(mask: MaskImage, *, traced: bool = True) -> PictureEvidence:
    depth = np.where(mask, np.float32(2.0), np.float32(np.inf))
    rendering = Rendering(np.where(mask, np.int32(0), np.int32(-1)), depth)
    soft = cv2.GaussianBlur(mask.astype(np.uint8) * np.uint8(255), (0, 0), 1.0)
    outline = trace_level(np.asarray(soft, np.uint8), 128.0) if traced else None
    row = ViewResult(ViewKey("c", "0", "1", "m"), missing={"mask": "not measured"})
    return PictureEvidence(row, CAMERA, rendering=rendering, outline=outline)


def _disc(x0: float, y0: float, radius: float) -> MaskImage:
    x, y = np.meshgrid(np.arange(320), np.arange(240))
    return np.asarray(np.hypot(x - x0, y - y0) < radius, np.bool_)


def _area(ring: FloatArray) -> float:
    pixels = CAMERA.project(ring).astype(np.float32)
    return float(cv2.contourArea(pixels[:, None]))


@pytest.mark.parametrize("traced", [True, False])
def test_a_disc_becomes_one_ring_of_its_radius_at_its_depth(traced: bool) -> None:
    found = movable_outline(_evidence(_disc(160, 120, 60), traced=traced))
    assert found is not None
    (ring,) = found.rings
    np.testing.assert_allclose(ring[:, 2], 2.0)
    away = np.linalg.norm(CAMERA.project(ring) - [160, 120], axis=1)
    np.testing.assert_allclose(away, 60.0, atol=1.0)
    assert _area(ring) == pytest.approx(math.pi * 60**2, rel=0.01)


def test_a_hole_is_a_ring_of_its_own() -> None:
    found = movable_outline(_evidence(_disc(160, 120, 60) & ~_disc(160, 120, 20)))
    assert found is not None
    assert sorted(round(_area(ring) / math.pi) for ring in found.rings) == pytest.approx([400, 3600], rel=0.03)


def test_a_mesh_that_leaves_the_picture_is_closed_along_its_border() -> None:
    found = movable_outline(_evidence(_disc(319, 239, 100)))
    assert found is not None
    (ring,) = found.rings
    # A quarter of the disc, its corner included.
    assert _area(ring) == pytest.approx(math.pi * 100**2 / 4, rel=0.03)


def test_a_mesh_that_fills_the_picture_but_for_a_hole_has_the_border_as_a_ring() -> None:
    found = movable_outline(_evidence(~_disc(160, 120, 60)))
    assert found is not None
    hole, border = sorted(_area(ring) for ring in found.rings)
    assert hole == pytest.approx(math.pi * 60**2, rel=0.03)
    assert border == pytest.approx(320 * 240, rel=0.01)


def test_a_point_takes_the_depth_of_the_nearest_pixel_that_the_mesh_covers() -> None:
    mask = _disc(160, 120, 60)
    depth = np.where(mask, np.where(np.arange(320) < 160, 2.0, 3.0), np.inf).astype(np.float32)
    evidence = _evidence(mask)
    found = movable_outline(replace(evidence, rendering=Rendering(np.where(mask, np.int32(0), np.int32(-1)), depth)))
    assert found is not None
    (ring,) = found.rings
    left = CAMERA.project(ring)[:, 0] < 159.4
    np.testing.assert_array_equal(ring[left, 2], 2.0)
    np.testing.assert_array_equal(ring[CAMERA.project(ring)[:, 0] > 160.1, 2], 3.0)


def test_points_are_written_with_seven_significant_digits() -> None:
    rng = np.random.default_rng(5)
    ring = rng.normal(size=(400, 3)) * 10.0 ** rng.integers(-9, 5, (400, 3))
    ring[0] = 0.0, -1.0, 1234567.4
    (written,) = outline_json(MovableOutline(CAMERA, (ring,)))["rings"]
    assert written == [float(f"{value:.7g}") for value in ring.ravel()]


def test_a_ragged_outline_is_simplified_to_its_most_points() -> None:
    noise = np.random.default_rng(0).random((240, 320)) > 0.4
    found = movable_outline(_evidence(noise, traced=False))
    assert found is not None
    assert sum(map(len, found.rings)) <= MAX_POINTS


def test_nothing_in_the_picture_has_no_outline() -> None:
    assert movable_outline(_evidence(np.zeros((240, 320), np.bool_))) is None


def test_open_chains_are_told() -> None:
    square = np.array([[0, 0, 1, 0], [1, 1, 1, 0], [1, 1, 0, 1], [0, 1, 0, 0]], np.float32)
    rings, closed = chain_segments(square)
    assert closed
    assert [len(ring) for ring in rings] == [4]
    assert not chain_segments(square[:3])[1]


def test_rings_that_touch_are_told_apart_or_joined_but_keep_their_area() -> None:
    corners = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0], [-2, 0], [-2, -2], [0, -2], [0, 0]], np.float32)
    segments = np.hstack([corners[:-1], corners[1:]])[[3, 6, 0, 5, 2, 7, 1, 4]]
    rings, closed = chain_segments(segments)
    assert closed
    assert sum(len(ring) for ring in rings) == 8
    assert sum(abs(cv2.contourArea(ring.astype(np.float32)[:, None])) for ring in rings) == pytest.approx(8.0)
