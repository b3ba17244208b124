"""Cameras: pooled by sufficient statistics; the worst one named with its margin."""

from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.cameras import rank_cameras, summarise_cameras
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.scores import Scores, pool_scores


def _row(
    camera: str, *, error_px: float | None = None, overlap: float | None = None, frame: str = "0", mesh: str = "scan"
) -> ViewResult:
    mask = None if overlap is None else MaskScore(10_000, round(10_000 * overlap), round(10_000 * overlap))
    residuals = None if error_px is None else ReprojectionScore(np.tile([error_px, 0.0], (8, 1)), 0, 0)
    reasons = {"boundary": "no", "containment": "no"}
    reasons |= {"mask": "no"} if mask is None else {}
    reasons |= {"reprojection": "no"} if residuals is None else {}
    return ViewResult(ViewKey("take", frame, camera, mesh), Scores(mask=mask, reprojection=residuals), reasons)


def test_pooling_joins_residuals_and_sums_counts() -> None:
    rng = np.random.default_rng(3)
    parts = [rng.normal(0.0, scale, (20, 2)) for scale in (1.0, 9.0)]
    scores = [
        Scores(
            mask=MaskScore(10, 20, 5),
            boundary=BoundaryScore(2.0, 4, 4, 3, 2),
            reprojection=ReprojectionScore(part, 2, 1),
        )
        for part in parts
    ]
    pooled = pool_scores([*scores, Scores()])
    everything = np.concatenate(parts)
    assert pooled.reprojection is not None
    assert pooled.reprojection.rms_px == pytest.approx(math.sqrt((everything**2).sum() / 40))
    assert pooled.reprojection.median_px == pytest.approx(np.median(np.linalg.norm(everything, axis=1)))
    assert pooled.mask == MaskScore(20, 40, 10)
    assert pooled.boundary == BoundaryScore(2.0, 8, 8, 6, 4)
    assert pooled.containment is None


def test_summaries_keep_failed_rows_and_their_reason() -> None:
    failed = ViewResult(ViewKey("take", "1", "07", "scan"), failure=Failure("DatasetError", "broken"))
    good, bad = summarise_cameras([_row("06", overlap=0.9), failed])
    assert (good.num_failed, bad.num_failed) == (0, 1)
    assert bad.missing_reason(METRICS["iou"]) == "the view failed: broken"
    assert good.missing_reason(METRICS["iou"]) is None


def test_the_camera_with_the_largest_error_is_worst_by_a_margin() -> None:
    rows = [_row(f"{index:02d}", error_px=1.0 + 0.05 * (index % 3)) for index in range(12)] + [_row("33", error_px=7.0)]
    worst = Report(tuple(rows)).summary.worst
    assert worst is not None
    assert (worst.camera, worst.metric) == ("33", "reprojection_rms_px")
    assert worst.stands_out
    assert worst.value == 7.0
    assert worst.deviation > 20 * max(worst.runner_up_deviation, 1.0)
    assert worst.runner_up_value == pytest.approx(1.1)


def test_a_camera_without_landmarks_can_be_worst() -> None:
    rows = [_row(f"{index:02d}", error_px=1.0, overlap=0.99) for index in range(6)]
    rows += [_row("40", overlap=0.99), _row("41", overlap=0.91)]
    worst = Report(tuple(rows)).summary.worst
    assert worst is not None
    assert (worst.camera, worst.metric) == ("41", "iou")
    assert math.isnan(worst.runner_up_value) is False


def test_a_crowd_has_a_last_one_that_does_not_stand_out() -> None:
    rng = np.random.default_rng(5)
    rows = [_row(f"{index:02d}", error_px=float(error)) for index, error in enumerate(rng.normal(1.0, 0.05, 30))]
    worst = Report(tuple(rows)).summary.worst
    assert worst is not None
    assert not worst.stands_out


def test_one_camera_alone_has_no_runner_up_and_no_camera_no_worst() -> None:
    alone = Report((_row("05", error_px=3.0),)).summary.worst
    assert alone is not None
    assert (alone.runner_up, alone.stands_out) == (None, False)
    assert Report(()).summary.worst is None
    assert Report((_row("05"),)).summary.worst is None


def test_meshes_are_ranked_each_against_its_own() -> None:
    rows = [_row(f"{index:02d}", overlap=0.99, mesh="scan") for index in range(5)]
    rows += [_row(f"{index:02d}", overlap=0.4, mesh="flame") for index in range(5)]
    ranked = rank_cameras(summarise_cameras(rows))
    assert len(ranked) == 10
    assert not any(entry.stands_out for entry in ranked)
    only = next(entry for entry in Report(tuple(rows)).summary.ranked if entry.rig_median < 0.9)
    assert only is not None
    assert only.rig_median == 0.4


def test_outlying_metrics_name_each_metric_that_singles_a_camera_out() -> None:
    rows = [_row(f"{index:02d}", error_px=1.0, overlap=0.99) for index in range(9)]
    report = Report((*rows, _row("20", error_px=5.0, overlap=0.95)))
    names = [entry.metric for entry in report.summary.outlying_metrics("20")]
    assert names == ["reprojection_median_px", "reprojection_rms_px", "iou", "containment"]
    assert report.summary.outlying_metrics("03") == ()


def _noisy(name: str, rng: np.random.Generator, far: int = 0, noise_px: float = 0.5) -> ViewResult:
    residuals = rng.normal(size=(14, 2)) * noise_px
    residuals[:far] += 12.0
    scores = Scores(reprojection=ReprojectionScore(residuals, 0, 0))
    reasons = {"boundary": "no", "containment": "no", "mask": "no"}
    return ViewResult(ViewKey("take", "1", name, "scan"), scores, reasons)


def test_a_camera_stands_out_neither_by_one_landmark_nor_by_the_luck_of_a_few() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = [_noisy(f"{index:02d}", rng, far=int(index in (2, 5))) for index in range(5 + seed % 12)]
        assert Report(tuple(rows)).summary.outliers == ()


def test_a_camera_of_which_most_landmarks_are_wrong_stands_out_however_they_scatter() -> None:
    rng = np.random.default_rng(1)
    rows = [_noisy(f"{index:02d}", rng) for index in range(9)] + [_noisy("bad", rng, noise_px=25.0)]
    assert [entry.camera for entry in Report(tuple(rows)).summary.outliers] == ["bad"]
