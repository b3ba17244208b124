from __future__ import annotations

import numpy as np
import pytest

from renderkit.metrics.region import (
    Region,
    background_edge_region,
    default_region,
    face_region,
    mesh_region,
    polygon_region,
)


def test_polygon_covers_the_pixels_inside() -> None:
    region = polygon_region([(2.0, 1.0), (7.0, 1.0), (7.0, 5.0), (2.0, 5.0)], (10, 8))
    expected = np.zeros((8, 10), np.bool_)
    expected[1:6, 2:8] = True
    assert np.array_equal(region.mask, expected)
    assert region.name == "polygon"
    assert not region.mask.flags.writeable
    everything = polygon_region([(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)], (10, 8))
    assert everything.mask.all()


def test_face_is_the_hull_of_the_detected_landmarks() -> None:
    points = np.array([(2.0, 1.0), (7.0, 1.0), (7.0, 5.0), (2.0, 5.0), (4.0, 3.0), (np.nan, np.nan)])
    assert np.array_equal(face_region(points, (10, 8)).mask, polygon_region(points[:4], (10, 8)).mask)
    with pytest.raises(ValueError, match="at least 3 detected"):
        face_region(points[4:], (10, 8))


def test_background_edge_leaves_out_what_only_one_outline_has() -> None:
    captured = np.zeros((200, 200), np.bool_)
    captured[20:, 50:150] = True
    rendered = np.zeros((200, 200), np.bool_)
    rendered[60:140, 52:148] = True
    region = background_edge_region(rendered, captured, 5).mask
    assert region[100, 52]
    assert region[100, 50]
    # The chin in front of the neck, the hairline under hair, and the shoulders below.
    assert not region[139, 100]
    assert not region[60, 100]
    assert not region[180, 50]


def test_mesh_region_is_the_rendering_grown() -> None:
    rendered = np.zeros((50, 60), np.bool_)
    rendered[20:30, 20:40] = True
    grown = mesh_region(rendered, 3).mask
    expected = np.zeros((50, 60), np.bool_)
    expected[17:33, 17:43] = True
    assert np.array_equal(grown, expected)
    with pytest.raises(ValueError, match="reach_px"):
        mesh_region(rendered, -1)


def test_default_region_by_mesh_says_why() -> None:
    mask = np.zeros((50, 60), np.bool_)
    mask[20:30, 20:40] = True
    flame, scan = default_region("flame", mask, mask), default_region("scan", mask, mask)
    assert flame is not None
    assert scan is not None
    assert (flame.name, scan.name) == ("background edge", "mesh")
    assert flame.why
    assert scan.why
    assert default_region("hull", mask, mask) is None


def test_wrong_regions_are_refused() -> None:
    with pytest.raises(ValueError, match="bool mask"):
        Region(np.zeros((3, 3)), "floats")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 3 finite corners"):
        polygon_region([(0.0, 0.0), (1.0, np.nan), (2.0, 2.0)], (5, 5))
