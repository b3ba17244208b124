from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderkit.arrays import MaskImage
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
    expected[1:5, 2:7] = True
    assert np.array_equal(region.mask, expected)
    assert region.name == "polygon"
    assert not region.mask.flags.writeable
    everything = polygon_region([(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)], (10, 8))
    assert everything.mask.all()


def _holds(corners: list[tuple[Fraction, Fraction]], x: int, y: int) -> bool:
    """Whether the centre (x, y) is enclosed: edges to its left or through it, in rationals."""
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            inside = not inside
    return inside


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-40, 160), st.integers(-40, 120)), min_size=3, max_size=9))
def test_a_polygon_follows_the_pixel_centre_rule_exactly(eighths: list[tuple[int, int]]) -> None:
    exact = [(Fraction(x, 8), Fraction(y, 8)) for x, y in eighths]
    mask = polygon_region(np.array(eighths) / 8.0, (14, 11)).mask
    assert mask.tolist() == [[_holds(exact, x, y) for x in range(14)] for y in range(11)]


def test_a_polygon_is_no_wider_than_its_corners_say() -> None:
    # 0.9 px beyond a centre on either side: cv2.fillPoly fills columns 2 to 8.
    assert np.flatnonzero(polygon_region([(2.1, -9), (7.9, -9), (7.9, 9), (2.1, 9)], (12, 3)).mask[1]).tolist() == [
        3, 4, 5, 6, 7
    ]  # fmt: skip


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


@pytest.mark.parametrize("width", [64, 150, 200])
@pytest.mark.parametrize("corner", [(0, 0), (40, 70), (90, 130)], ids=str)
@pytest.mark.parametrize("reach", [0, 1, 5, 40])
def test_regions_are_what_opencv_grows(width: int, corner: tuple[int, int], reach: int) -> None:
    """Masks in a corner, in the middle, at the far border, and none at all."""
    rng = np.random.default_rng(width + reach)
    rendered, captured = np.zeros((2, 100, width), np.bool_)
    y, x = corner
    rendered[y : y + 20, x : x + 25] = True
    captured[max(y - 10, 0) : y + 15, max(x - 5, 0) : x + 40] = (
        rng.random(captured[max(y - 10, 0) : y + 15, max(x - 5, 0) : x + 40].shape) < 0.9
    )
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)

    def grown(mask: MaskImage) -> MaskImage:
        return np.asarray(cv2.dilate(mask.astype(np.uint8), square) != 0)

    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    outline = rendered & ~(cv2.erode(rendered.astype(np.uint8), cross) != 0)
    assert np.array_equal(mesh_region(rendered, reach).mask, grown(rendered))
    region = background_edge_region(rendered, captured, reach)
    assert np.array_equal(region.mask, grown(~captured) & grown(outline))
    assert np.array_equal(region.bits.unpack(), region.mask)
