"""Every metric of the registry has a value that was worked out by hand, or by SciPy, from pictures or landmarks.

A new metric needs a line in `EXPECTED`: the scene it is measured in, its number there, and how exact that is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from scipy import ndimage
from scored_views import ArrayParts, scored_view

from renderkit.arrays import FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_schemes import outer_eye_corners
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.metrics.board import BoardScore
from renderkit.metrics.held_out import score_held_out
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.metrics.scored_view import Missing, PairedLandmarks, ScoredView, TexturedPicture
from renderkit.metrics.silhouette import SilhouetteScore
from renderkit.results.kinds import KINDS, METRICS

Scene: TypeAlias = Callable[[], Any]

SIZE = (160, 120)


def _box(x: int, y: int, width: int, height: int) -> MaskImage:
    mask = np.zeros((SIZE[1], SIZE[0]), np.bool_)
    mask[y : y + height, x : x + width] = True
    return mask


# Two boxes of 40 x 30 and 50 x 30 px; 30 x 30 px are common.
BOXES = _box(30, 40, 40, 30), _box(40, 40, 50, 30)


def boxes() -> ScoredView:
    return scored_view(ArrayParts(rendered=BOXES[0]), captured=BOXES[1])


# The same box, 3 px to the right and with a corner cut: no two distances are alike.
MOVED = _box(30, 40, 40, 30), _box(33, 40, 40, 30) & ~_box(63, 60, 20, 20)


def moved_box() -> ScoredView:
    return scored_view(ArrayParts(rendered=MOVED[0]), captured=MOVED[1])


def _outline(mask: MaskImage) -> MaskImage:
    """Pixels with a 4-neighbour outside; the boxes do not touch the picture's border."""
    outline: MaskImage = mask & ~ndimage.binary_erosion(mask)
    return outline


def _distances(masks: tuple[MaskImage, MaskImage]) -> tuple[FloatArray, FloatArray]:
    """SciPy's distances from each outline to the other."""
    first, second = (_outline(mask) for mask in masks)
    forward = ndimage.distance_transform_edt(~second)[first]
    return forward, ndimage.distance_transform_edt(~first)[second]


def _f(tolerance: float) -> float:
    precision, recall = (float(np.mean(each <= tolerance)) for each in _distances(MOVED))
    return 2.0 * precision * recall / (precision + recall)


def _band_iou(width: int) -> float:
    square = np.ones((3, 3), np.bool_)
    bands = [mask & ~ndimage.binary_erosion(mask, square, iterations=width) for mask in MOVED]
    return float((bands[0] & bands[1]).sum() / (bands[0] | bands[1]).sum())


def _ellipse(x: float, y: float, scale: float = 1.0, roll_deg: float = 0.0) -> MaskImage:
    columns, rows = np.meshgrid(np.arange(SIZE[0]) - x, np.arange(SIZE[1]) - y)
    turn = math.radians(roll_deg)
    along, across = (
        columns * math.cos(turn) + rows * math.sin(turn),
        rows * math.cos(turn) - columns * math.sin(turn),
    )
    mask: MaskImage = np.hypot(along / 45.0, across / 28.0) <= scale
    return mask


def shifted_ellipse() -> ScoredView:
    """The capture lies 3 px to the right and 4 px below the rendering."""
    return scored_view(ArrayParts(rendered=_ellipse(76.2, 55.3)), captured=_ellipse(79.2, 59.3))


def turned_ellipse() -> ScoredView:
    """The capture is 3 % larger than the rendering and turned clockwise by 2 degrees (y points down)."""
    return scored_view(ArrayParts(rendered=_ellipse(79.7, 60.2)), captured=_ellipse(79.7, 60.2, 1.03, 2.0))


def vertices() -> ScoredView:
    """Nine of twelve points that project into the picture lie in the mask; five project beside it."""
    # At depth 1 with f = 100 px, x = (u - 80) / 100.
    pixels = [(50, 50)] * 9 + [(5, 5), (150, 5), (5, 110)] + [(-40, 50), (300, 50), (50, 400), (50, -9), (999, 999)]
    points = [((u - 80) / 100, (v - 60) / 100, 1.0) for u, v in pixels]
    mesh = Mesh(np.array(points), np.zeros((0, 3), np.int32))
    return scored_view(mesh=mesh, captured=_box(40, 40, 30, 30))


# Distances 5, 1, 5 and 2 px; one landmark is not detected, one is hidden.
RESIDUALS = np.array([[3.0, 4.0], [0.0, 1.0], [np.nan, np.nan], [-3.0, -4.0], [0.0, 2.0], [60.0, 80.0]])


def landmarks() -> ScoredView:
    captured = np.array([[20.0, 30.0], [40.0, 30.0], [np.nan, np.nan], [50.0, 60.0], [70.0, 80.0], [90.0, 20.0]])
    predicted = np.where(np.isfinite(captured), captured, 10.0) + np.nan_to_num(RESIDUALS)
    hidden = np.array([False, False, False, False, False, True])
    pairs = PairedLandmarks(captured, predicted, np.ones(6), hidden)
    corners = outer_eye_corners("ibug68")
    assert corners is not None
    detected = np.zeros((68, 2))
    detected[corners[0]], detected[corners[1]] = (20.0, 40.0), (72.0, 79.0)  # 52 and 39 apart: 65 px
    return scored_view(ArrayParts(pairs=pairs), detected=Landmarks.all_valid(detected, "ibug68"))


def held_out() -> ReprojectionScore:
    """Six exact cameras; in the first, landmarks were detected 1, 2, 3, 4 and 10 px beside their place."""
    K = np.array([[800.0, 0.0, 320.0], [0.0, 800.0, 240.0], [0.0, 0.0, 1.0]])
    points = np.array([[0.0, 0.0, 3.0], [0.2, 0.1, 3.1], [-0.2, 0.1, 2.9], [0.1, -0.2, 3.0], [-0.1, -0.1, 3.2]])
    cameras = [
        Camera(K, 640, 480, cam_from_world=Pose(np.eye(3), np.array([0.3 * index - 0.75, 0.1 * (index % 2), 0.0])))
        for index in range(6)
    ]
    pixels = np.stack([camera.project(points) for camera in cameras])
    pixels[0, :, 1] += [1.0, 2.0, 3.0, 4.0, 10.0]
    suspects = np.arange(6) == 0
    return ReprojectionScore(score_held_out(cameras, pixels, suspects=suspects).residuals[0], 0, 0)


def silhouette() -> SilhouetteScore:
    """Five informative points of ten, two of which lie 2 and 3 px outside of the other mattes."""
    return SilhouetteScore(np.array([-3.0, -2.0, 0.0, 0.5, 2.0]), 10)


def board_corners() -> BoardScore:
    """Eighteen corners in two of 120 parts of a picture: 12 lie (0.3, 0.4) px from their place, 6 (-0.6, 0.8)."""
    residuals = np.repeat([[0.3, 0.4], [-0.6, 0.8]], (12, 6), axis=0)
    return BoardScore(residuals, np.repeat([[0.01, 0.01], [0.99, 0.99]], (12, 6), axis=0))


def depths() -> ScoredView:
    """Seven common pixels, in mm: the mesh lies 10, 20, 40 in front of, and 30 and thrice 80 behind the other one."""
    first, second = np.full((120, 160), np.inf, np.float32), np.full((120, 160), np.inf, np.float32)
    first[0, :7], second[0, :7] = 1000.0, [1010.0, 1020.0, 1040.0, 970.0, 920.0, 920.0, 920.0]
    first[5, 5] = second[6, 6] = 1000.0
    return scored_view(ArrayParts(depth=first, other=second), to_metres=1e-3)


def texture() -> ScoredView:
    """A grey of 100 against a grey of 105 within a mask."""
    grey = np.full((120, 160, 3), 100, np.uint8)
    drawn = TexturedPicture(grey, _box(30, 40, 60, 50))
    return scored_view(ArrayParts(texture=drawn), photo=grey + np.uint8(5))


EXACT, BIN = 1e-9, 0.011  # a depth is right within half a bin of 1/32 octave
C1 = (0.01 * 255.0) ** 2

EXPECTED: dict[str, tuple[Scene, float, float]] = {
    "iou": (boxes, 900 / (1200 + 1500 - 900), EXACT),
    "containment": (boxes, 900 / 1200, EXACT),
    "mask_recall": (boxes, 900 / 1500, EXACT),
    "dice": (boxes, 2 * 900 / (1200 + 1500), EXACT),
    "boundary_f_2px": (moved_box, _f(2.0), EXACT),
    "vertex_containment": (vertices, 9 / 12, EXACT),
    "reprojection_median_px": (landmarks, 3.5, EXACT),
    "reprojection_rms_px": (landmarks, math.sqrt((25 + 1 + 25 + 4) / 4), EXACT),
    "reprojection_p95_px": (landmarks, 5.0, EXACT),
    "reprojection_max_px": (landmarks, 5.0, EXACT),
    "reprojection_bias_px": (landmarks, math.hypot(0.0, (4 + 1 - 4 + 2) / 4), EXACT),
    "landmarks_used": (landmarks, 4, EXACT),
    "landmarks_hidden": (landmarks, 1, EXACT),
    "nme": (landmarks, (5 + 1 + 5 + 2) / 4 / 65, EXACT),
    "boundary_f_1px": (moved_box, _f(1.0), EXACT),
    "boundary_f_4px": (moved_box, _f(4.0), EXACT),
    "boundary_iou_2px": (moved_box, _band_iou(2), EXACT),
    "boundary_iou_4px": (moved_box, _band_iou(4), EXACT),
    "boundary_iou_8px": (moved_box, _band_iou(8), EXACT),
    # 2 % of the diagonal of 160 x 120 px, 200 px, are 4 px.
    "boundary_iou": (moved_box, _band_iou(4), EXACT),
    "assd_px": (moved_box, float(np.mean(np.concatenate(_distances(MOVED)))), EXACT),
    "hd95_px": (moved_box, max(float(np.percentile(each, 95)) for each in _distances(MOVED)), EXACT),
    "align_dx_px": (shifted_ellipse, 3.0, 0.1),
    "align_dy_px": (shifted_ellipse, 4.0, 0.1),
    "align_shift_px": (shifted_ellipse, 5.0, 0.1),
    "align_scale": (turned_ellipse, 1.03, 0.003),
    "align_scale_error": (turned_ellipse, 0.03, 0.003),
    "align_roll_deg": (turned_ellipse, 2.0, 0.3),
    "align_roll_error_deg": (turned_ellipse, 2.0, 0.3),
    "heldout_median_px": (held_out, 3.0, 1e-6),
    "heldout_rms_px": (held_out, math.sqrt((1 + 4 + 9 + 16 + 100) / 5), 1e-6),
    "silhouette_conflict_px": (silhouette, 1.0, 1e-9),
    "silhouette_p95_px": (silhouette, 2.0 + 0.8 * 1.0, 1e-9),
    "silhouette_conflict_share": (silhouette, 0.4, 1e-9),
    "silhouette_informative": (silhouette, 0.5, 1e-9),
    "heldout_bias_px": (held_out, 4.0, 1e-6),
    "heldout_p95_px": (held_out, 4.0 + 0.8 * (10.0 - 4.0), 1e-6),
    "board_median_px": (board_corners, 0.5, EXACT),
    "board_rms_px": (board_corners, math.sqrt((12 * 0.25 + 6 * 1.0) / 18), EXACT),
    "board_max_px": (board_corners, 1.0, EXACT),
    "board_bias_px": (board_corners, 1.6 / 3.0, EXACT),
    "board_field_px": (board_corners, math.sqrt((0.25 + 1.0) / 2), EXACT),
    "board_coverage": (board_corners, 2.0 / 120.0, EXACT),
    "board_corners": (board_corners, 18.0, EXACT),
    "depth_median_m": (depths, 0.040, BIN * 0.040),
    "depth_p95_m": (depths, 0.080, BIN * 0.080),
    "depth_bias_m": (depths, 0.030, BIN * 0.030),
    "psnr_db": (texture, 20.0 * math.log10(255.0 / 5.0), EXACT),
    # Without contrast SSIM is its luminance term (Wang et al. 2004, equation 6).
    "ssim": (texture, (2 * 100 * 105 + C1) / (100**2 + 105**2 + C1), 1e-6),
}


@pytest.mark.parametrize("name", list(METRICS))
def test_the_metric_has_the_value_that_was_worked_out(name: str) -> None:
    assert name in EXPECTED, "a metric without a value worked out by hand: add a line to EXPECTED"
    scene, expected, tolerance = EXPECTED[name]
    metric = METRICS[name]
    measure = KINDS[metric.kind].measure
    # Evidence that joins many views gives scores, not parts of a view.
    score = scene() if measure is None else measure(scene())
    assert not isinstance(score, Missing)
    assert metric.value({metric.kind: score}) == pytest.approx(expected, abs=tolerance)


def test_no_value_is_of_a_metric_that_is_gone() -> None:
    assert set(EXPECTED) == set(METRICS)


def test_a_sign_is_kept_where_a_direction_is_meant() -> None:
    measure = KINDS["contour"].measure
    assert measure is not None
    contour = measure(scored_view(ArrayParts(rendered=_ellipse(80.0, 60.0, 1.03, 2.0)), captured=_ellipse(77.0, 56.0)))
    values = {name: METRICS[name].value({"contour": contour}) for name in EXPECTED if name.startswith("align_")}
    assert values["align_dx_px"] < -2.5
    assert values["align_dy_px"] < -3.5
    assert values["align_scale"] < 0.98
    assert values["align_roll_deg"] < -1.5
    assert values["align_roll_error_deg"] > 1.5
