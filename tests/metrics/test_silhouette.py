from __future__ import annotations

import numpy as np

from renderkit.arrays import MaskImage
from renderkit.metrics.alignment import align_contours
from renderkit.metrics.boundary import score_boundary
from renderkit.metrics.boundary_iou import official_width, score_boundary_iou
from renderkit.metrics.contour_offset import measure_offsets
from renderkit.metrics.mask import score_mask
from renderkit.metrics.outline import measure_outlines
from renderkit.metrics.region import Region
from renderkit.metrics.silhouette import score_silhouette
from renderkit.metrics.surface_distance import score_surface_distance

MaskPair = tuple[MaskImage, MaskImage]


def _check(rendered: MaskImage, captured: MaskImage, region: Region | None) -> None:
    """All at once equals one by one."""
    score = score_silhouette(rendered, captured, region)
    assert score.mask == score_mask(rendered, captured, region)
    assert score.boundary == tuple(score_boundary(rendered, captured, d, region) for d in (1.0, 2.0, 4.0))
    size = (rendered.shape[1], rendered.shape[0])
    widths = (2, 4, 8, official_width(size))
    assert score.boundary_iou == tuple(score_boundary_iou(rendered, captured, d, region) for d in widths)
    outlines = measure_outlines(rendered, captured, region)
    alone = score_surface_distance(outlines)
    np.testing.assert_array_equal(score.distance.assd_px, alone.assd_px)
    np.testing.assert_array_equal(score.distance.rendered_squared, alone.rendered_squared)
    np.testing.assert_array_equal(score.offsets.offset_px, measure_offsets(outlines, captured).offset_px)
    np.testing.assert_array_equal(score.alignment.parameters, align_contours(rendered, captured, region).parameters)


def test_everything_at_once_equals_everything_by_itself(mask_case: MaskPair) -> None:
    _check(*mask_case, None)
    left = np.zeros(mask_case[0].shape, np.bool_)
    left[:, :40] = True
    _check(*mask_case, Region(left, "left"))


def test_scores_do_not_depend_on_the_empty_picture_around(mask_case: MaskPair) -> None:
    """Moving the picture's content by padding moves nothing but where the border of the picture is."""
    inner = [np.pad(mask, 1) for mask in mask_case]
    outer = [np.pad(mask, ((20, 9), (13, 30))) for mask in mask_case]
    small, large = score_silhouette(inner[0], inner[1]), score_silhouette(outer[0], outer[1])
    assert small.mask == large.mask
    assert small.boundary == large.boundary
    assert small.boundary_iou[:3] == large.boundary_iou[:3]
    assert np.array_equal(small.offsets.points + np.array([12, 19]), large.offsets.points)
    # Pixels equally near are told apart by rounding, which differs with the place in the picture.
    np.testing.assert_allclose(small.alignment.parameters, large.alignment.parameters, atol=0.01)
