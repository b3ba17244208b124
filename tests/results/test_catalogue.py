"""The metric catalogue: every name reads the number it claims, and explains its absence."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.containment import ContainmentScore
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.catalogue import METRICS, UnknownMetricError, metric_named
from renderkit.results.rows import SCORE_KINDS, Failure, Scores, ViewKey, ViewResult

_RESIDUALS = [[3.0, 4.0], [0.0, 1.0], [np.nan, np.nan], [-3.0, -4.0], [0.0, 2.0]]
_SCORES = Scores(
    MaskScore(100, 80, 60),
    BoundaryScore(2.0, 40, 20, 30, 15),
    ContainmentScore(9, 12, 20),
    ReprojectionScore(np.array(_RESIDUALS), 1, 0),
)
_EXPECTED = {
    "iou": 60 / 120,
    "containment": 60 / 100,
    "mask_recall": 60 / 80,
    "boundary_f_2px": 0.75,
    "vertex_containment": 9 / 12,
    "reprojection_median_px": 3.5,
    "reprojection_rms_px": math.sqrt((25 + 1 + 25 + 4) / 4),
    "reprojection_p95_px": 5.0,
    "reprojection_max_px": 5.0,
    "reprojection_bias_px": 0.75,
    "landmarks_used": 4,
    "landmarks_hidden": 1,
}


@pytest.mark.parametrize("name", list(_EXPECTED))
def test_every_metric_reads_its_number(name: str) -> None:
    assert METRICS[name].value(_SCORES) == pytest.approx(_EXPECTED[name], abs=1e-12)


def test_the_expected_numbers_name_every_metric() -> None:
    assert set(_EXPECTED) <= set(METRICS)
    for metric in METRICS.values():
        assert metric.kind in SCORE_KINDS
        assert metric.meaning.endswith(".")
        assert metric.better == "neither" or metric.unit != "count"


def test_a_missing_score_is_nan_with_its_reason() -> None:
    reasons: dict[str, str] = {kind: f"no {kind}" for kind in SCORE_KINDS}
    row = ViewResult(ViewKey("take", "0", "1", "scan"), Scores(), reasons)
    for metric in METRICS.values():
        assert math.isnan(metric.value(row.scores))
        assert metric.missing_reason(row) == f"no {metric.kind}"
        assert metric.text(metric.value(row.scores)) == "-"


def test_a_failed_view_gives_its_failure_as_the_reason() -> None:
    row = ViewResult(ViewKey("take", "0", "1", "scan"), failure=Failure("DatasetError", "picture is broken"))
    assert METRICS["iou"].missing_reason(row) == "the view failed: picture is broken"


def test_a_number_that_is_undefined_says_so_and_one_that_is_there_does_not() -> None:
    reasons = {"boundary": "x", "containment": "x", "reprojection": "x"}
    empty = ViewResult(ViewKey("take", "0", "1", "scan"), Scores(mask=MaskScore(0, 0, 0)), reasons)
    assert "undefined" in str(METRICS["iou"].missing_reason(empty))
    whole = ViewResult(ViewKey("take", "0", "1", "scan"), Scores(mask=MaskScore(1, 1, 1)), reasons)
    assert METRICS["iou"].missing_reason(whole) is None


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownMetricError, match="did you mean reprojection_rms_px") as caught:
        metric_named("reprojection_rms")
    assert pickle.loads(pickle.dumps(caught.value)).suggestion == "reprojection_rms_px"  # noqa: S301 - our own bytes
    assert metric_named("iou").title == "IoU"
