from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray, MaskImage
from renderkit.metrics.alignment import align_contours
from renderkit.metrics.contour import trace_contour
from renderkit.metrics.region import Region

ROWS, COLUMNS = np.mgrid[:320, :400].astype(np.float64)


def _egg(x: float, y: float, scale: float = 1.0, roll: float = 0.0) -> MaskImage:
    """An egg with a bump, drawn from its equation."""
    u = ((COLUMNS - x) * np.cos(roll) + (ROWS - y) * np.sin(roll)) / scale
    v = (-(COLUMNS - x) * np.sin(roll) + (ROWS - y) * np.cos(roll)) / scale
    bump = 0.2 * np.exp(-((u - 60.0) ** 2 + (v - 40.0) ** 2) / 900.0)
    inside: MaskImage = (u / 85.0) ** 2 + (v / 115.0) ** 2 + bump <= 1.0
    return inside


def _turn(roll: float) -> FloatArray:
    return np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])


def test_a_shift_that_iou_forgives_is_named(shifted_head: tuple[MaskImage, MaskImage]) -> None:
    found = align_contours(*shifted_head)
    np.testing.assert_allclose(found.shift_px, (20.0, 0.0), atol=0.1)
    assert found.scale == pytest.approx(1.0, abs=1e-4)
    assert found.roll_deg == pytest.approx(0.0, abs=0.01)
    assert found.converged
    np.testing.assert_allclose(found.center, (1224.0, 1024.0), atol=2.0)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(7)
    errors = []
    for _ in range(120):
        middle = np.array([200.0, 160.0]) + generator.uniform(-0.5, 0.5, 2)
        shift, scale = generator.uniform(-6, 6, 2), 1.0 + generator.uniform(-0.02, 0.02)
        start, roll = generator.uniform(-3, 3), generator.uniform(-0.03, 0.03)
        target = middle + shift
        captured = _egg(target[0], target[1], scale, start + roll)
        found = align_contours(_egg(middle[0], middle[1], 1.0, start), captured)
        moved = middle + shift + scale * _turn(roll) @ (found.center - middle) - found.center
        truth = np.array([*moved, scale, roll])
        assert ((found.interval95[:, 0] <= found.parameters) & (found.parameters <= found.interval95[:, 1])).all()
        errors.append((found.parameters - truth) / found.standard_errors)
    spread = np.std(errors, axis=0)
    assert (np.abs(np.mean(errors, axis=0)) < 0.35).all()
    assert ((spread > 0.8) & (spread < 1.3)).all()
    assert (np.mean(np.abs(errors) < 1.96, axis=0) > 0.87).all()


def test_hair_that_the_mesh_lacks_does_not_pull() -> None:
    rendered, captured = _egg(200, 160), _egg(205, 157)
    captured[20:100, 150:260] = True
    found = align_contours(rendered, captured)
    np.testing.assert_allclose(found.shift_px, (5.0, -3.0), atol=0.4)
    assert found.num_used < found.num_samples


def _with_hair(mask: MaskImage, thickness: int, share: float) -> MaskImage:
    """A mask grown by some px over the upper share of its height."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thickness + 1, 2 * thickness + 1))
    grown = cv2.dilate(mask.astype(np.uint8), disc) != 0
    rows = np.flatnonzero(mask.any(axis=1))
    return np.asarray(mask | (grown & (rows[0] + share * np.ptp(rows) > ROWS)))


@pytest.mark.parametrize("shift", [(0.0, 6.0), (0.0, -6.0), (6.0, 0.0), (10.0, 4.0)])
@pytest.mark.parametrize(("thickness", "share"), [(12, 0.35), (4, 0.35), (20, 0.2)])
def test_a_part_that_one_mask_lacks_does_not_pull(shift: tuple[float, float], thickness: int, share: float) -> None:
    captured = _with_hair(_egg(200 + shift[0], 160 + shift[1]), thickness, share)
    for rendered, other, sign in ((_egg(200, 160), captured, 1.0), (captured, _egg(200, 160), -1.0)):
        found = align_contours(rendered, other)
        np.testing.assert_allclose(found.shift_px, sign * np.array(shift), atol=0.12)
        assert found.scale == pytest.approx(1.0, abs=1e-3)
        assert found.num_used < 0.8 * found.num_samples


@pytest.mark.parametrize("thickness", [4, 12, 20])
def test_where_half_of_the_outline_disagrees_the_interval_says_so(thickness: int) -> None:
    captured = _with_hair(_egg(200, 166), thickness, 0.5)
    interval = align_contours(_egg(200, 160), captured).interval95
    truth = np.array([0.0, 6.0, 1.0, 0.0])
    assert ((interval[:, 0] <= truth) & (truth <= interval[:, 1])).all()
    assert np.ptp(interval[1]) > 2.0


def test_what_an_outline_does_not_determine_is_nan() -> None:
    rendered, captured = ((COLUMNS - x) ** 2 + (ROWS - 160) ** 2 <= 100**2 for x in (200.0, 203.0))
    disc = align_contours(rendered, captured)
    np.testing.assert_allclose(disc.parameters[:3], (3.0, 0.0, 1.0), atol=0.02)
    assert np.isnan(disc.roll_deg)
    assert np.isinf(disc.standard_errors[3])
    plane = align_contours(COLUMNS < 200, COLUMNS < 205)
    assert plane.shift_px[0] == pytest.approx(5.0, abs=1e-9)
    assert np.isnan(plane.parameters[1:3]).all()


def test_no_outline_is_nan() -> None:
    nothing, full = np.zeros((2, 50, 60), np.bool_)
    full[:] = True
    tiny = nothing.copy()
    tiny[20:24, 20:24] = True
    for pair in ((nothing, nothing), (full, full), (tiny, tiny), (tiny, nothing)):
        found = align_contours(*pair)
        assert np.isnan(found.parameters).all()
        assert not found.converged
        assert found.num_used == 0


def test_region_limits_the_samples() -> None:
    left = COLUMNS < 200
    rendered, captured = _egg(200, 160), _egg(200, 160)
    captured[:, 200:] = _egg(190, 160)[:, 200:]
    found = align_contours(rendered, captured, Region(left, "left"))
    assert found.region == "left"
    assert found.num_samples < align_contours(rendered, captured).num_samples
    np.testing.assert_allclose(found.shift_px, (0.0, 0.0), atol=0.15)


def test_normals_point_out_of_the_mask_on_both_sides_of_a_ring() -> None:
    away = np.hypot(COLUMNS - 200, ROWS - 160)
    contour = trace_contour(((away <= 120) & (away >= 60)).view(np.uint8))
    outward = contour.points - np.array([200.0, 160.0])
    radius = np.hypot(outward[:, 0], outward[:, 1])
    cosine = (outward * contour.normals).sum(axis=1) / radius
    outer = radius > 90
    assert (cosine[outer] > 0.98).all()
    assert (cosine[~outer] < -0.98).all()
    assert radius[outer].mean() == pytest.approx(120.0, abs=0.1)
    assert radius[~outer].mean() == pytest.approx(60.0, abs=0.25)
    assert len(np.unique(contour.loops)) == 2


def test_points_near_the_border_of_the_picture_are_not_used() -> None:
    mask = np.zeros((200, 300), np.bool_)
    mask[50:, 100:200] = True
    contour = trace_contour(mask.view(np.uint8))
    assert (contour.pixels[contour.usable, 1] < 199 - 20).all()
    assert contour.usable.any()
