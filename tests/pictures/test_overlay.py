"""Overlays: marks where the numbers say, in the colours of the legend, at every picture size."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.arrays import ColorImage, FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.images.palette import CAPTURED, ERROR, FAINT, PREDICTED, Rgb
from renderkit.metrics.mask import score_mask
from renderkit.metrics.reprojection import score_reprojection
from renderkit.metrics.scored_view import PairedLandmarks
from renderkit.pictures.overlay import OverlayStyle, draw_overlay, draw_picture, vector_factor
from renderkit.renderers.base import Rendering
from renderkit.results.evidence import ViewEvidence
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores

_SIZE = (1200, 900)
_REASONS = {"boundary": "x", "containment": "x", "mask": "x", "reprojection": "x"}


def _box(x0: int, y0: int, x1: int, y1: int) -> MaskImage:
    mask = np.zeros(_SIZE[::-1], dtype=np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def _evidence(error: tuple[float, float] = (60.0, 0.0), hidden: bool = False, photo: bool = True) -> ViewEvidence:
    captured = np.array([[600.0, 450.0], [700.0, 500.0]])
    covered = np.array([False, hidden])
    landmarks = PairedLandmarks(captured, captured + error, np.ones(2), covered)
    rendered, matte = _box(300, 200, 900, 700), _box(310, 200, 910, 700)
    residuals = score_reprojection(landmarks.predicted, captured, np.ones(2, dtype=np.bool_), covered)
    color = np.zeros((*_SIZE[::-1], 3), dtype=np.uint8)
    color[rendered] = (0, 255, 0)
    rendering = Rendering(np.where(rendered, 0, -1).astype(np.int32), np.ones(_SIZE[::-1], np.float32), color=color)
    row = ViewResult(
        ViewKey("take", "0", "05", "scan"),
        Scores(mask=score_mask(rendered, matte), reprojection=residuals),
        {"boundary": "x", "containment": "x"},
    )
    camera = Camera(np.array([[900.0, 0, 599.5], [0, 900.0, 449.5], [0, 0, 1]]), *_SIZE)
    background = np.full((*_SIZE[::-1], 3), 100, dtype=np.uint8) if photo else None
    return ViewEvidence(row, camera, background, matte, rendered, rendering, landmarks)


def _centroid(picture: ColorImage, color: Rgb) -> FloatArray:
    """(x, y) centroid of the pixels that are nearly of a colour."""
    near = np.abs(picture.astype(int) - np.array(color)).max(axis=2) < 12
    centroid: FloatArray = np.argwhere(near)[:, ::-1].mean(axis=0)
    return centroid


def test_marks_lie_where_the_landmarks_are() -> None:
    picture = draw_picture(_evidence(), OverlayStyle(outlines=False, rendering=0.0))
    assert picture.shape == (900, 1200, 3)
    np.testing.assert_allclose(_centroid(picture, CAPTURED), (650.0, 475.0), atol=2.0)
    np.testing.assert_allclose(_centroid(picture, PREDICTED), (710.0, 475.0), atol=1.0)
    np.testing.assert_allclose(_centroid(picture, ERROR), (680.0, 475.0), atol=6.0)


def test_a_picture_scaled_down_keeps_positions() -> None:
    picture = draw_picture(_evidence(), OverlayStyle(max_size=400, outlines=False, rendering=0.0, mark_px=9.0))
    assert picture.shape == (300, 400, 3)
    # c' = (c + 0.5) / 3 - 0.5
    np.testing.assert_allclose(_centroid(picture, PREDICTED), (236.3, 158.0), atol=1.0)


def test_outlines_run_along_the_masks() -> None:
    evidence = _evidence()
    picture = draw_picture(evidence, OverlayStyle(landmarks=False, rendering=0.0))
    # At mid-height the left edges are at x = 299.5 (rendered) and 309.5 (captured), lines are 2 px wide.
    assert (np.abs(picture[450, 299:301].astype(int) - PREDICTED) < 3).all()
    assert (np.abs(picture[450, 309:311].astype(int) - CAPTURED) < 3).all()
    assert (picture[450, 320:880] == 100).all()
    assert (picture[100] == 100).all()


def test_the_rendering_is_blended_inside_its_mask_only() -> None:
    picture = draw_picture(_evidence(), OverlayStyle(rendering=0.5, outlines=False, landmarks=False))
    assert picture[450, 600].tolist() == [50, 178, 50]
    assert picture[450, 250].tolist() == [100, 100, 100]


@pytest.mark.parametrize(("error", "factor"), [(0.05, 100), (0.3, 50), (1.0, 20), (3.0, 5), (8.0, 1), (300.0, 1)])
def test_small_errors_are_magnified_and_the_legend_says_so(error: float, factor: int) -> None:
    evidence = _evidence((error, 0.0))
    assert vector_factor(evidence, OverlayStyle()) == factor
    style = OverlayStyle(outlines=False, rendering=0.0, mark_px=4.0)
    red, green, blue = np.moveaxis(draw_picture(evidence, style).astype(int), 2, 0)
    columns = np.argwhere((red - green > 60) & (blue - green > 20))[:, 1]
    # Two vectors, from x = 600 and x = 700.
    assert np.max(columns) == pytest.approx(700 + factor * error, abs=4.0)


def test_hidden_landmarks_have_no_error_vector() -> None:
    picture = draw_picture(_evidence(hidden=True), OverlayStyle(outlines=False, rendering=0.0))
    np.testing.assert_allclose(_centroid(picture, CAPTURED), (600.0, 450.0), atol=2.0)
    np.testing.assert_allclose(_centroid(picture, FAINT), (700.0, 500.0), atol=1.0)


def test_the_caption_lies_below_and_the_photo_is_untouched_by_it() -> None:
    evidence = _evidence()
    whole, picture = draw_overlay(evidence), draw_picture(evidence)
    np.testing.assert_array_equal(whole[: len(picture)], picture)
    panel = whole[len(picture) :]
    assert 60 < len(panel) < 300
    for color in (CAPTURED, PREDICTED, ERROR):
        assert (panel == color).all(axis=2).sum() > 50


def test_a_view_with_nothing_but_a_camera_can_be_drawn() -> None:
    camera = Camera(np.array([[90.0, 0, 49.5], [0, 90.0, 39.5], [0, 0, 1]]), 100, 80)
    row = ViewResult(ViewKey("take", "0", "05", "none"), Scores(), _REASONS)
    assert draw_overlay(ViewEvidence(row, camera)).shape[1] == 900


def test_small_pictures_are_enlarged_by_a_whole_factor_with_marks_in_place() -> None:
    camera = Camera(np.array([[90.0, 0, 49.5], [0, 90.0, 39.5], [0, 0, 1]]), 100, 80)
    pixels = np.array([[20.0, 30.0]])
    landmarks = PairedLandmarks(pixels, pixels, np.ones(1), np.zeros(1, dtype=np.bool_))
    row = ViewResult(ViewKey("take", "0", "05", "none"), Scores(), _REASONS)
    picture = draw_picture(ViewEvidence(row, camera, landmarks=landmarks))
    assert picture.shape == (720, 900, 3)
    # The pixel's centre: 9 (c + 0.5) - 0.5.
    np.testing.assert_allclose(_centroid(picture, PREDICTED), (184.0, 274.0), atol=0.5)


def test_vertices_without_faces_are_dots() -> None:
    camera = Camera(np.array([[900.0, 0, 599.5], [0, 900.0, 449.5], [0, 0, 1]]), *_SIZE)
    row = ViewResult(ViewKey("take", "0", "05", "flame"), Scores(), _REASONS)
    vertices = np.array([[600.0, 450.0], [np.nan, np.nan], [-1e9, 4.0]])
    picture = draw_picture(ViewEvidence(row, camera, vertices=vertices), OverlayStyle(line_px=2.0))
    changed = np.argwhere((picture != picture[0, 0]).any(axis=2))
    np.testing.assert_allclose(changed.mean(axis=0), (450.0, 600.0), atol=0.5)
