"""Bounds of a lens, against the lens itself sampled finely."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from render_scenes import LENSES, make_camera

from renderkit.renderers.lens_bounds import VALID_BORDER_PX, LensCatalog

BENT = [name for name in LENSES if name != "none"]


@pytest.mark.parametrize("lens", BENT)
def test_limit_covers_the_whole_picture(lens: str) -> None:
    camera = make_camera(lens)
    limit = LensCatalog().get(camera).limit
    columns, rows = np.meshgrid(np.linspace(-0.5, camera.width - 0.5, 60), np.linspace(-0.5, camera.height - 0.5, 50))
    rays = camera.unproject(np.column_stack([columns.ravel(), rows.ravel()]))
    radius = np.hypot(rays[:, 0], rays[:, 1])
    assert np.nanmax(radius) <= limit <= camera.distortion.outer_radius
    if np.isnan(radius).any():
        assert limit == camera.distortion.outer_radius


@pytest.mark.parametrize("lens", BENT)
def test_curvature_bounds_how_far_a_chord_bends(lens: str) -> None:
    camera = make_camera(lens)
    bounds = LensCatalog().get(camera)
    rng = np.random.default_rng(0)
    reach = min(bounds.limit, 3.0)
    start = rng.uniform(-reach, reach, (4000, 2))
    end = start + rng.normal(scale=0.03 * reach, size=start.shape)
    radius = np.maximum(np.hypot(*start.T), np.hypot(*end.T))
    kept = radius < reach
    start, end, radius = start[kept], end[kept], radius[kept]
    pixels = [bounds.pixels(np.column_stack([xy, np.ones(len(xy))])) for xy in (start, 0.5 * (start + end), end)]
    bend = np.linalg.norm(pixels[1] - 0.5 * (pixels[0] + pixels[2]), axis=1)
    allowed = bounds.curvature_within(radius) * ((end - start) ** 2).sum(axis=1) / 8.0
    assert (bend <= allowed + 1e-9).all()
    assert np.max(bend / allowed) > 0.2


def test_inside_is_a_cone() -> None:
    bounds = LensCatalog().get(make_camera("turning"))
    limit = bounds.limit
    points = np.array([[0.0, 0.0, 1.0], [0.99 * limit, 0, 1], [1.01 * limit, 0, 1], [0, 0, -1], [0, 1.98 * limit, 2]])
    assert bounds.inside(points).tolist() == [True, True, False, False, True]
    fisheye = LensCatalog().get(make_camera("fisheye", focal=60.0))
    assert fisheye.inside(np.array([[9e3, 0.0, 1.0], [0.0, 0.0, 0.0]])).tolist() == [True, False]


def test_separated_triangles_hold_no_point_inside() -> None:
    bounds = LensCatalog().get(make_camera("turning"))
    rng = np.random.default_rng(1)
    triangles = rng.normal(size=(3000, 3, 3))
    separated = bounds.separated(triangles)
    weights = rng.dirichlet((0.5, 0.5, 0.5), size=(3000, 200))
    points = np.einsum("nsi,nij->nsj", weights, triangles)
    reached = bounds.inside(points.reshape(-1, 3)).reshape(3000, 200).any(axis=1)
    assert not (separated & reached).any()
    assert np.count_nonzero(separated) > 500


def test_points_beyond_are_drawn_in_along_their_radius() -> None:
    camera = make_camera("turning")
    bounds = LensCatalog().get(camera)
    on_limit = np.array([[0.6 * bounds.limit, 0.8 * bounds.limit, 1.0]])
    expected = bounds.pixels(on_limit * (1 - 1e-12))
    for beyond in (on_limit * (3.0, 3.0, 1.0), on_limit * (1.0, 1.0, -1.0), on_limit * (1.0, 1.0, 0.0)):
        np.testing.assert_allclose(bounds.pixels(beyond), expected, atol=1e-6)
    assert np.isfinite(bounds.pixels(np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]]))).all()


def test_border_is_fine_only_where_it_is_seen() -> None:
    assert LensCatalog().get(make_camera("turning")).border_px == VALID_BORDER_PX
    assert LensCatalog().get(make_camera("barrel")).border_px > 2.0


def test_catalog_forgets_dead_cameras() -> None:
    catalog = LensCatalog()
    camera = make_camera("barrel")
    first = catalog.get(camera)
    assert catalog.get(camera).curvature is first.curvature
    del camera, first
    gc.collect()
    assert len(catalog._bounds) == 0
