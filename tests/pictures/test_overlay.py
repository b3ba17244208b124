"""Overlays: marks where the numbers say, in the colours of the legend, at every picture size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from renderkit.arrays import ColorImage, FloatArray, MaskImage
from renderkit.errors import ArgumentError
from renderkit.geometry.camera import Camera
from renderkit.images.outlines import Crossings
from renderkit.images.palette import CAPTURED, ERROR, FAINT, PREDICTED, Rgb
from renderkit.metrics.mask import score_mask
from renderkit.metrics.reprojection import score_reprojection
from renderkit.metrics.scored_view import PairedLandmarks
from renderkit.pictures.caption import draw_caption, legend_of
from renderkit.pictures.layers.layer import Drawing, Ramp, Swatch
from renderkit.pictures.layers.registry import LAYERS, find_layers
from renderkit.pictures.overlay import draw_view, vector_factor
from renderkit.pictures.style import OverlayStyle
from renderkit.renderers.base import Rendering
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores

_SIZE = (1200, 900)
_REASONS = {"boundary": "x", "containment": "x", "mask": "x", "reprojection": "x"}


def _box(x0: int, y0: int, x1: int, y1: int) -> MaskImage:
    mask = np.zeros(_SIZE[::-1], dtype=np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def _evidence(error: tuple[float, float] = (60.0, 0.0), hidden: bool = False) -> PictureEvidence:
    captured = np.array([[600.0, 450.0], [700.0, 500.0]])
    covered = np.array([False, hidden])
    landmarks = PairedLandmarks(captured, captured + error, np.ones(2), covered)
    rendered, matte = _box(300, 200, 900, 700), _box(310, 200, 910, 700)
    residuals = score_reprojection(landmarks.predicted, captured, np.ones(2, dtype=np.bool_), covered)
    color = np.zeros((*_SIZE[::-1], 3), dtype=np.uint8)
    color[rendered] = (0, 255, 0)
    normal = np.zeros((*_SIZE[::-1], 3), np.float32)
    normal[rendered] = (0.0, 0.0, -1.0)
    depth = np.where(rendered, np.linspace(1.0, 2.0, _SIZE[0], dtype=np.float32)[None], np.float32(np.inf))
    rendering = Rendering(np.where(rendered, 0, -1).astype(np.int32), depth, normal=normal, color=color)
    row = ViewResult(
        ViewKey("take", "0", "05", "scan"),
        Scores(mask=score_mask(rendered, matte), reprojection=residuals),
        {"boundary": "x", "containment": "x"},
        image_size=_SIZE,
    )
    return PictureEvidence(
        row,
        Camera(np.array([[900.0, 0, 599.5], [0, 900.0, 449.5], [0, 0, 1]]), *_SIZE),
        photo=np.full((*_SIZE[::-1], 3), 100, dtype=np.uint8),
        matte=matte.astype(np.uint8) * 255,
        rendering=rendering,
        outline=Crossings.of(rendered).trace(),
        captured_outline=Crossings.of(matte).trace(),
        landmarks=landmarks,
        base_color=color,
        unit="m",
    )


def _picture(evidence: PictureEvidence, factor: int = 1, **style: object) -> ColorImage:
    return draw_view(Drawing(evidence, OverlayStyle(**style), factor)).picture  # type: ignore[arg-type]


def _centroid(picture: ColorImage, color: Rgb) -> FloatArray:
    """(x, y) centroid of the pixels that are nearly of a colour."""
    near = np.abs(picture[:, :, :3].astype(int) - np.array(color)).max(axis=2) < 12
    centroid: FloatArray = np.argwhere(near)[:, ::-1].mean(axis=0)
    return centroid


def test_marks_lie_where_the_landmarks_are() -> None:
    picture = _picture(_evidence(), layers=("landmarks",))
    assert picture.shape == (900, 1200, 3)
    np.testing.assert_allclose(_centroid(picture, CAPTURED), (650.0, 475.0), atol=2.0)
    np.testing.assert_allclose(_centroid(picture, PREDICTED), (710.0, 475.0), atol=0.5)
    np.testing.assert_allclose(_centroid(picture, ERROR), (680.0, 475.0), atol=6.0)


def test_outlines_run_along_the_masks() -> None:
    picture = _picture(_evidence(), layers=("outline",))
    # At mid-height the left edges are at x = 299.5 (rendered) and 309.5 (captured), lines are 2 px wide.
    assert (np.abs(picture[450, 299:301].astype(int) - PREDICTED) < 3).all()
    assert (np.abs(picture[450, 309:311].astype(int) - CAPTURED) < 3).all()
    assert (picture[450, 320:880] == 100).all()
    assert (picture[100] == 100).all()


def test_a_surface_is_blended_inside_its_mask_only() -> None:
    picture = _picture(_evidence(), layers=("shaded",), opacity=0.5)
    np.testing.assert_allclose(picture[450, 600], [50, 178, 50], atol=1)
    assert picture[450, 250].tolist() == [100, 100, 100]


def test_lengths_of_errors_are_multiplied_by_the_runs_factor() -> None:
    evidence = _evidence((3.0, 0.0))
    for factor in (1, 20):
        picture = _picture(evidence, factor, layers=("landmarks",), mark_px=4.0)
        red, green, blue = np.moveaxis(picture.astype(int), 2, 0)
        columns = np.argwhere((red - green > 60) & (blue - green > 20))[:, 1]
        # Two vectors, from x = 600 and x = 700.
        assert np.max(columns, initial=0) == pytest.approx(700 + factor * 3.0, abs=4.0) or factor == 1
    entries = legend_of(Drawing(evidence, OverlayStyle(), 20))
    assert Swatch("landmark error, drawn x20", ERROR) in entries


@pytest.mark.parametrize(("error", "factor"), [(0.05, 100), (0.3, 50), (1.0, 10), (3.0, 5), (8.0, 2), (300.0, 1)])
def test_one_factor_serves_a_run(error: float, factor: int) -> None:
    rows = [_evidence((error, 0.0)).row, _evidence((error, 0.0)).row]
    assert vector_factor(rows) == factor
    assert vector_factor([]) == 1


@pytest.mark.parametrize(("worst", "factor"), [(1.0, 50), (12.0, 10), (90.0, 2), (900.0, 1)])
def test_the_vectors_of_the_worst_view_stay_in_its_picture(worst: float, factor: int) -> None:
    rows = [_evidence((0.3, 0.0)).row, _evidence((0.3, 0.0)).row, _evidence((worst, 0.0)).row]
    assert vector_factor(rows) == factor


def test_hidden_landmarks_have_no_error_vector() -> None:
    picture = _picture(_evidence(hidden=True), layers=("landmarks",))
    np.testing.assert_allclose(_centroid(picture, CAPTURED), (600.0, 450.0), atol=2.0)
    np.testing.assert_allclose(_centroid(picture, FAINT), (700.0, 500.0), atol=1.0)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_shows_something_and_nothing_where_there_is_nothing(name: str) -> None:
    evidence = _evidence()
    backdrop = _picture(evidence, layers=())
    if name != "wireframe":  # needs a mesh
        assert (_picture(evidence, layers=(name,)) != backdrop).any()
    bare = PictureEvidence(evidence.row, evidence.camera, photo=evidence.photo)
    np.testing.assert_array_equal(_picture(bare, layers=(name,)), backdrop)
    assert LAYERS[name].summary


def test_depth_has_its_scale_in_the_legend() -> None:
    (entry,) = legend_of(Drawing(_evidence(), OverlayStyle(layers=("depth",))))
    assert isinstance(entry, Ramp)
    assert (entry.low, entry.high) == ("1.25", "1.75 m")
    picture = _picture(_evidence(), layers=("depth",), opacity=1.0)
    # Blue is near, red far, as in the ramp.
    assert picture[450, 310, 2] > picture[450, 310, 0]
    assert picture[450, 890, 0] > picture[450, 890, 2]


def test_heat_is_bright_where_masks_differ_much() -> None:
    picture = _picture(_evidence(), layers=("heat",)).astype(int)
    # Between x = 300 and 310 only the rendering: far from the captured edge it is brighter than near it.
    assert picture[450, 301].sum() > picture[450, 308].sum()
    assert picture[450, 600].tolist() == [100, 100, 100]


def test_a_misspelt_layer_is_named_with_the_nearest() -> None:
    with pytest.raises(ArgumentError, match="did you mean 'outline'"):
        find_layers(["outlin"])


def test_marks_lie_over_surfaces_in_any_order() -> None:
    first = _picture(_evidence(), layers=("outline", "shaded"))
    np.testing.assert_array_equal(first, _picture(_evidence(), layers=("shaded", "outline")))


def test_the_caption_depends_on_the_width_alone() -> None:
    evidence = _evidence()
    long = replace(evidence.row, key=ViewKey("a very long name of a capture " * 9, "0", "x" * 200, "scan"))
    for width in (64, 200, 400, 700, 1024, 1600, 4000):
        heights = set()
        for one in (evidence, replace(evidence, row=long), replace(evidence, landmarks=None, outline=None)):
            for layers in (("outline",), tuple(LAYERS)):
                heights.add(len(draw_caption(Drawing(one, OverlayStyle(layers=layers), 100), width)))
        assert len(heights) == 1


def test_the_caption_lies_below_and_the_picture_is_untouched_by_it() -> None:
    drawn = draw_view(Drawing(_evidence(), OverlayStyle()))
    whole = drawn.whole()
    np.testing.assert_array_equal(whole[:900], drawn.picture)
    for color in (CAPTURED, PREDICTED, ERROR):
        assert (whole[900:] == color).all(axis=2).sum() > 50
    bare = draw_view(Drawing(_evidence(), OverlayStyle(caption=False))).whole()
    np.testing.assert_array_equal(bare, drawn.picture)


def test_the_photograph_stands_beside_the_picture() -> None:
    whole = draw_view(Drawing(_evidence(), OverlayStyle(side_by_side=True, caption=False))).whole()
    assert whole.shape == (900, 2406, 3)
    assert (whole[:, :1200] == 100).all()


def test_a_transparent_background_shows_the_layers_alone() -> None:
    picture = _picture(_evidence(), layers=("shaded", "outline"), opacity=1.0, background="transparent")
    assert picture.shape == (900, 1200, 4)
    assert picture[450, 600].tolist() == [0, 255, 0, 255]
    assert picture[50, 50, 3] == 0


def test_colours_can_be_chosen() -> None:
    picture = _picture(_evidence(), layers=("outline",), colors={"rendered": (1, 2, 3), "backdrop": (9, 8, 7)})
    assert (np.abs(picture[450, 299:301].astype(int) - (1, 2, 3)) < 3).all()
    plain = _picture(_evidence(), layers=(), colors={"backdrop": (9, 8, 7)}, background="plain")
    assert (plain == (9, 8, 7)).all()


def test_a_tile_has_the_same_marks_in_place() -> None:
    drawn = draw_view(Drawing(_evidence(), OverlayStyle(layers=("landmarks",))), with_tile=True)
    tile = drawn.tile(400, 1.2, 9.0)
    assert tile.shape == (300, 400, 3)
    # c' = (c + 0.5) / 3 - 0.5
    np.testing.assert_allclose(_centroid(tile, PREDICTED), (236.3, 158.0), atol=1.0)
    with pytest.raises(ValueError, match="without keeping"):
        draw_view(Drawing(_evidence(), OverlayStyle())).tile(400, 1.2, 3.0)


@pytest.mark.parametrize("background", ["photo", "transparent"])
def test_a_picture_and_its_tile_can_be_asked_for_in_any_order(background: str) -> None:
    drawing = Drawing(_evidence(), OverlayStyle(background=background))
    first, second = draw_view(drawing, with_tile=True), draw_view(drawing, with_tile=True)
    picture, tile = first.picture, first.tile(400, 1.2, 9.0)
    np.testing.assert_array_equal(second.tile(400, 1.2, 9.0), tile)
    np.testing.assert_array_equal(second.picture, picture)
    np.testing.assert_array_equal(draw_view(drawing).picture, picture)
    # Marks of the picture's own size are not in the tile.
    assert (picture != first.canvas.finished()).any()


def test_vertices_without_faces_are_dots() -> None:
    camera = Camera(np.array([[900.0, 0, 599.5], [0, 900.0, 449.5], [0, 0, 1]]), *_SIZE)
    row = ViewResult(ViewKey("take", "0", "05", "flame"), Scores(), _REASONS)
    vertices = np.array([[600.0, 450.0], [np.nan, np.nan], [-1e9, 4.0]])
    picture = _picture(PictureEvidence(row, camera, vertices=vertices), layers=("outline",))
    changed = np.argwhere((picture != picture[0, 0]).any(axis=2))
    np.testing.assert_allclose(changed.mean(axis=0), (450.0, 600.0), atol=0.5)
