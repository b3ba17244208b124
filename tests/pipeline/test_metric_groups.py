"""What is measured on request: contours, held-out views, depth, texture, intervals, regions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from ball_scene import BALL_CENTER, MakeBall, RayRenderer, ball_camera, ball_landmarks, ball_mesh, ball_view, encoded

from renderkit.capture import Frame, View
from renderkit.formats import open_capture
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.depth import score_depth
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.region_choice import RegionChoice
from renderkit.pipeline.surfaces import compare_surfaces
from renderkit.pipeline.validate import validate_views
from renderkit.pipeline.view_parts import base_color
from renderkit.renderers.base import RenderPass
from renderkit.renderers.raycast import raycast
from renderkit.results.cameras import summarise_cameras
from renderkit.results.json_report import dump_report, parse_report
from renderkit.results.kinds import KINDS, METRIC_GROUPS, METRICS, parse_metric_groups
from renderkit.results.report import Report
from renderkit.results.schema import report_schema
from renderkit.results.scores import pool_scores
from renderkit.synth.truth import SynthTruth


def _full(**changes: object) -> ValidationOptions:
    return replace(ValidationOptions(metrics=METRIC_GROUPS), **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def full_report(faulty_capture: SynthTruth, renderer: RayRenderer) -> Report:
    """Everything that can be asked of the synthetic capture, whose camera 25 is turned by 0.3 degrees."""
    with open_capture(faulty_capture.capture, flame=faulty_capture.flame_topology) as capture:
        rows = tuple(validate_views(capture, renderer, _full()))
        surfaces = tuple(compare_surfaces(capture, _full()))
    return Report(rows, surfaces=surfaces, with_intervals=True)


def test_the_turned_camera_is_measured_by_every_group(full_report: Report) -> None:
    by_camera = {summary.camera: summary for summary in summarise_cameras(full_report.rows)}
    values = {name: {c: METRICS[name].value(s.scores) for c, s in by_camera.items()} for name in METRICS}
    # A turn by 0.3 degrees at this focal length is a shift by three pixels.
    focal = 306 / 2448 * 4700.0
    assert values["align_dx_px"]["25"] == pytest.approx(focal * math.tan(math.radians(0.3)), rel=0.1)
    assert values["hd95_px"]["25"] > 2.0 > values["hd95_px"]["28"]
    assert values["dice"]["28"] == pytest.approx(2 * values["iou"]["28"] / (1 + values["iou"]["28"]))
    assert values["depth_median_m"]["28"] < 0.005
    assert 0.0 < values["nme"]["28"] < values["nme"]["25"]
    (surface,) = full_report.surfaces
    assert (surface.first, surface.second) == ("scan", "flame")
    # FLAME's head lies on the scan; the scan has shoulders that FLAME lacks.
    assert surface.backward.median < 0.002 < surface.forward.median


def test_what_was_not_asked_for_costs_nothing_and_says_so(faulty_capture: SynthTruth, renderer: RayRenderer) -> None:
    with open_capture(faulty_capture.capture) as capture:
        (row,) = validate_views(capture, renderer, ValidationOptions(cameras=("28",)))
    asked = [kind for kind in KINDS.values() if kind.on_request]
    assert len(asked) >= 4
    for kind in asked:
        assert kind.name not in row.scores
        metric, group = kind.metrics[0], kind.group
        assert row.missing_reason(metric) == f"not asked for: add {metric.option} {group}"
    document = json.loads(dump_report(Report((row,))))
    assert "contour" not in document["rows"][0]["scores"]
    assert "hd95_px" not in document["rows"][0]["metrics"]


def test_the_report_of_two_halves_is_the_report_of_the_whole(full_report: Report) -> None:
    scores = [row.scores for row in full_report.rows]
    whole = pool_scores(scores)
    order = np.random.default_rng(0).permutation(len(scores))
    for cut in (1, 3, len(scores) - 1):
        halves = [pool_scores(scores[i] for i in part) for part in (order[:cut], order[cut:])]
        merged = pool_scores(halves)
        for name, metric in METRICS.items():
            first, second = metric.value(whole), metric.value(merged)
            assert first == second or (math.isnan(first) and math.isnan(second)), name


def test_everything_comes_back_from_json_and_holds_the_schema(full_report: Report) -> None:
    text = dump_report(full_report)
    jsonschema.validate(json.loads(text), report_schema())
    again = parse_report(text, Path("report.json"))
    assert dump_report(again) == text
    for row, other in zip(full_report.rows, again.rows, strict=True):
        for name, metric in METRICS.items():
            np.testing.assert_equal(metric.value(row.scores), metric.value(other.scores), err_msg=name)


def test_intervals_hold_their_estimates_and_the_rig_its_worst(full_report: Report) -> None:
    intervals = {(one.camera, one.metric): one.interval for one in full_report.summary.intervals}
    turned = intervals["25", "reprojection_rms_px"]
    assert turned.low < turned.estimate < turned.high
    assert turned.low > intervals["28", "reprojection_rms_px"].high
    assert ("13", "reprojection_rms_px") not in intervals
    rig = full_report.summary.rig["scan"]["reprojection_rms_px"]
    assert rig.worst_camera == "25"
    assert rig.median < rig.p95 <= rig.worst
    assert "13" in rig.not_computable
    assert full_report.summary.rig["scan"]["iou"].worst < full_report.summary.rig["scan"]["iou"].median


def test_depth_is_the_difference_to_the_other_mesh(make_ball: MakeBall, renderer: RayRenderer) -> None:
    ball = ball_mesh()
    nearer = replace(ball, vertices=ball.vertices - [0.0, 0.0, 0.02], name="flame")
    frame = Frame("0", {"scan": lambda: ball, "flame": lambda: nearer})
    with make_ball(changed_frames={"0": frame}) as capture:
        (row,) = validate_views(capture, renderer, _full(frames=("0",), cameras=("00",)))
    assert row.scores.depth is not None
    expected = score_depth(raycast(ball, ball_camera("00")).depth, raycast(nearer, ball_camera("00")).depth)
    assert row.scores.depth.median == pytest.approx(expected.median, rel=0.012)
    assert row.scores.depth.bias == pytest.approx(0.02, rel=0.1)
    assert "neither texture nor vertex colours" in row.missing["texture"]


def test_a_frame_with_one_mesh_has_no_depth(make_ball: MakeBall, renderer: RayRenderer) -> None:
    with make_ball() as capture:
        row = next(validate_views(capture, renderer, _full()))
        assert not list(compare_surfaces(capture, _full()))
    assert row.failure is None
    assert "no second mesh" in row.missing["depth"]


def test_texture_is_read_as_the_ray_caster_reads_it() -> None:
    ball = ball_mesh()
    outward = (ball.vertices - BALL_CENTER) / np.linalg.norm(ball.vertices - BALL_CENTER, axis=1, keepdims=True)
    uv = 0.5 + 0.4 * outward[:, :2]
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    texture = np.stack([*np.meshgrid(ramp, ramp), np.full((64, 64), 90, np.uint8)], axis=2)
    rendering = raycast(ball, ball_camera("00"), RenderPass.BARYCENTRIC)
    textured = base_color(replace(ball, uv=uv, texture=texture), rendering)
    colors = np.column_stack([uv[:, 0], 1.0 - uv[:, 1], np.full(len(uv), 90 / 255.0)])
    colored = base_color(replace(ball, vertex_colors=np.rint(colors * 255).astype(np.uint8)), rendering)
    inside = cv2.erode(rendering.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    # Linear colours over linear coordinates: both ways agree but for rounding and half a texel.
    assert np.abs(textured[inside].astype(int) - colored[inside]).max() <= 6
    assert not textured[~rendering.mask].any()
    with pytest.raises(ValueError, match="a texture or colours"):
        base_color(ball, rendering)


def test_texture_scores_a_photo_of_itself(make_ball: MakeBall, renderer: RayRenderer) -> None:
    ball = ball_mesh()
    gray = Mesh(ball.vertices, ball.faces, vertex_colors=np.full((len(ball.vertices), 3), 180, np.uint8), name="scan")
    frame = Frame("0", {"scan": lambda: gray}, ball_landmarks)
    with make_ball(changed_frames={"0": frame}) as capture:
        row = next(validate_views(capture, renderer, _full(frames=("0",))))
    assert METRICS["psnr_db"].value(row.scores) == 100.0
    assert METRICS["ssim"].value(row.scores) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("standard", ()),
        ("full", METRIC_GROUPS),
        ("depth, contour", ("contour", "depth")),
        ("standard,texture", ("texture",)),
    ],
)
def test_groups_are_read(text: str, groups: tuple[str, ...]) -> None:
    assert parse_metric_groups(text) == groups


@pytest.mark.parametrize("text", ["", "contours", "full,x", ","])
def test_unknown_groups_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected standard, full, or a list of contour"):
        parse_metric_groups(text)
    with pytest.raises(ValueError, match="did you mean 'contour'"):
        parse_metric_groups("contours")


def _row_in(region: str, make_ball: MakeBall, renderer: RayRenderer, view: View | None = None) -> tuple[Report, str]:
    changed = {} if view is None else {("0", "00"): view}
    options = ValidationOptions(frames=("0",), cameras=("00",), metrics=("contour",), region=RegionChoice.parse(region))
    with make_ball(changed) as capture:
        rows = tuple(validate_views(capture, renderer, options))
    mask = rows[0].scores.mask
    return Report(rows), "" if mask is None else mask.region


@pytest.mark.parametrize("region", ["face", "mesh", "background-edge", "80,60 130,60 130,110"])
def test_masks_and_contours_are_compared_in_the_region(make_ball: MakeBall, renderer: RayRenderer, region: str) -> None:
    report, name = _row_in(region, make_ball, renderer)
    scores = report.rows[0].scores
    assert name == {"background-edge": "background edge"}.get(region, "polygon" if "," in region else region)
    assert scores.mask is not None
    assert scores.mask.left_out_px > 0
    assert scores.boundary is not None
    assert scores.contour is not None
    assert scores.boundary.region == scores.contour.boundary[0].region == name


def test_a_picture_is_a_region_and_must_fit(make_ball: MakeBall, renderer: RayRenderer, tmp_path: Path) -> None:
    half = np.zeros((120, 160), np.uint8)
    half[:, 80:] = 255
    cv2.imwrite(str(tmp_path / "half.png"), half)
    report, name = _row_in(str(tmp_path / "half.png"), make_ball, renderer)
    assert name == "half.png"
    assert report.rows[0].scores.mask is not None
    assert report.rows[0].scores.mask.left_out_px == 80 * 120
    cv2.imwrite(str(tmp_path / "small.png"), half[::2, ::2])
    failed, _ = _row_in(str(tmp_path / "small.png"), make_ball, renderer)
    assert failed.rows[0].failure is not None
    assert "80 x 60 px, the view 160 x 120" in failed.rows[0].failure.message


def test_a_view_without_the_region_is_not_computable(make_ball: MakeBall, renderer: RayRenderer) -> None:
    blind = replace(ball_view("0", "00"), read_landmarks=lambda: None)
    report, name = _row_in("face", make_ball, renderer, blind)
    assert name == ""
    assert "needs detected landmarks" in report.rows[0].missing["mask"]
    assert "needs detected landmarks" in report.rows[0].missing["contour"]


@pytest.mark.parametrize("text", ["nose", "1,2 3,4", "gone.png"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected face"):
        RegionChoice.parse(text)


def test_mattes_of_undistorted_pictures_are_used_as_they_are(make_ball: MakeBall, renderer: RayRenderer) -> None:
    camera = ball_camera("00", (-0.9, 0.0, 0.0, 0.0, 0.0))
    matte = raycast(ball_mesh(), camera.undistorted()).mask.astype(np.uint8) * 255
    view = View("0", camera, None, encoded(matte), lambda: Landmarks.all_valid(np.zeros((8, 2)), "mesh"))
    ious = []
    for told in (True, False):
        options = ValidationOptions(frames=("0",), cameras=("00",), undistort=True, undistorted_mattes=told)
        with make_ball({("0", "00"): view}) as capture:
            (row,) = validate_views(capture, renderer, options)
        ious.append(METRICS["iou"].value(row.scores))
    assert ious[0] == 1.0
    assert ious[1] < 1.0
    with pytest.raises(ValueError, match="undistorted_mattes"):
        ValidationOptions(undistorted_mattes=True)
