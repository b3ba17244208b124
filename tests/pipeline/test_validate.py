"""The walk over a capture: bad input costs its own views only, and a planted fault is the worst row by far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ball_scene import MakeBall, MemoryCapture, RayRenderer, ball_landmarks, ball_mesh, ball_view

from renderkit.capture import Frame
from renderkit.errors import CalibrationError, ContextError, DatasetError
from renderkit.formats import open_capture
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.base import Rendering, RenderPass
from renderkit.results.cameras import rank_cameras, summarise_cameras
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult
from renderkit.synth.truth import SynthTruth


def _rows(capture: MemoryCapture, options: ValidationOptions | None = None) -> list[ViewResult]:
    return list(validate_views(capture, RayRenderer(), options))


def test_every_frame_and_camera_has_a_row(make_ball: MakeBall) -> None:
    rows = _rows(make_ball())
    assert [(row.key.frame, row.key.camera) for row in rows] == [(f, c) for f in "01" for c in ("00", "01", "02")]
    assert all(row.failure is None and row.key.mesh == "scan" for row in rows)


def test_frames_and_cameras_are_selected(make_ball: MakeBall) -> None:
    rows = _rows(make_ball(), ValidationOptions(("1",), ("00", "02")))
    assert [(row.key.frame, row.key.camera) for row in rows] == [("1", "00"), ("1", "02")]
    for options in (ValidationOptions(frames=("7",)), ValidationOptions(cameras=("77",))):
        with pytest.raises(ValueError, match=r"matches '77?'; there are 0, 1|there are 00"):
            _rows(make_ball(), options)


def _broken_bytes() -> bytes:
    raise DatasetError("take.smc", "Camera/01/color/0", "the file ends here")


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"image": EncodedImage(lambda: b"\xff\xd8\xff corrupt", Path("a.jpg"))}, "DatasetError", "cannot be decoded"),
        ({"mask": EncodedImage(lambda: b"\x89PNG\r\n\x1a\n", Path("a.png"))}, "DatasetError", "cannot be decoded"),
        ({"mask": EncodedImage(lambda: b"", Path("a.png"))}, "DatasetError", "no bytes"),
        ({"image": EncodedImage(_broken_bytes, Path("a"))}, "DatasetError", "the file ends here"),
        (
            {"camera": Camera(np.array([[400.0, 0, 60], [0, 400.0, 60], [0, 0, 1]]), 122, 121, name="01")},
            "DatasetError",
            "160 x 120 px, the calibration of its camera 122 x 121 px",
        ),
    ],
)
def test_a_damaged_view_costs_only_itself(
    make_ball: MakeBall, changes: dict[str, object], kind: str, message: str
) -> None:
    broken = replace(ball_view("0", "01"), **changes)  # type: ignore[arg-type]
    rows = _rows(make_ball({("0", "01"): broken}))
    assert [row.failure is not None for row in rows] == [False, True, False, False, False, False]
    failure = rows[1].failure
    assert failure is not None
    assert failure.type == kind
    assert message in failure.message


def test_a_camera_that_is_none_costs_only_its_views(make_ball: MakeBall) -> None:
    error = CalibrationError("take.smc", "Calibration/02/K", "K has NaN")
    rows = _rows(make_ball({("0", "02"): error, ("1", "02"): ValueError()}))
    assert [row.failure.type for row in rows if row.failure] == ["CalibrationError", "ValueError"]
    assert [row.failure.message for row in rows if row.failure] == [str(error), "ValueError"]


def test_a_frame_or_mesh_that_cannot_be_read_costs_only_its_frame(make_ball: MakeBall) -> None:
    def broken_mesh() -> Mesh:
        return Mesh(np.zeros((3, 3)), np.array([[0, 1, 7]]))

    for frame in (DatasetError("take.smc", "0", "gone"), Frame("0", {"scan": broken_mesh})):
        rows = _rows(make_ball(changed_frames={"0": frame}))
        assert [row.failure is None for row in rows] == [False] * 3 + [True] * 3
    failure = rows[0].failure
    assert failure is not None
    assert "faces point outside the vertices" in failure.message


def test_a_lost_context_ends_the_walk(make_ball: MakeBall) -> None:
    class Lost(RayRenderer):
        def render(self, mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
            raise ContextError("device 0", "lost")

    with pytest.raises(ContextError):
        list(validate_views(make_ball(), Lost()))


def test_the_scan_is_preferred_to_flame_and_each_can_be_asked_for(make_ball: MakeBall) -> None:
    flame = Mesh(ball_mesh().vertices, np.zeros((0, 3), dtype=np.int32), name="flame")
    both = Frame("0", {"flame": lambda: flame, "scan": ball_mesh}, ball_landmarks)
    only = Frame("1", {"other": ball_mesh, "flame": lambda: flame}, ball_landmarks)
    capture = make_ball(changed_frames={"0": both, "1": only})
    assert [row.key.mesh for row in _rows(capture)] == ["scan"] * 3 + ["flame"] * 3
    rows = _rows(capture, ValidationOptions(meshes=("scan", "flame"), cameras=("00",)))
    assert [(row.key.frame, row.key.mesh) for row in rows] == [
        ("0", "scan"),
        ("0", "flame"),
        ("1", "scan"),
        ("1", "flame"),
    ]
    missing = rows[2]
    assert missing.failure is None
    assert missing.missing["mask"] == "frame 1 has no mesh 'scan'; it has other, flame"
    assert missing.scores.reprojection is not None


def test_a_frame_without_any_mesh_is_scored_by_its_landmarks(make_ball: MakeBall) -> None:
    rows = _rows(make_ball(changed_frames={"0": Frame("0", {}, ball_landmarks)}), ValidationOptions(frames=("0",)))
    assert [row.key.mesh for row in rows] == ["none"] * 3
    assert all("--mesh FILE" in row.missing["mask"] for row in rows)
    assert all(row.scores.reprojection is not None for row in rows)


def test_the_mesh_is_read_once_per_frame(make_ball: MakeBall) -> None:
    reads: list[str] = []

    def read() -> Mesh:
        reads.append("scan")
        return ball_mesh()

    _rows(make_ball(changed_frames={"0": Frame("0", {"scan": read})}))
    assert reads == ["scan"]


def test_planted_faults_are_the_worst_rows_by_far(faulty_capture: SynthTruth) -> None:
    with open_capture(faulty_capture.capture) as capture:
        report = Report(tuple(validate_views(capture, RayRenderer())))
    assert not report.failures
    ranked = rank_cameras(summarise_cameras(report.rows))
    assert [entry.camera for entry in ranked[:2]] == ["25", "13"]
    # A turn of 0.3 degrees is about 3 px here, and a shift of 2 px is seen by the outline alone.
    assert ranked[0].deviation > 25.0
    assert ranked[1].deviation > 10.0
    assert ranked[2].deviation < 2.0
    worst = report.summary.worst
    assert worst is not None
    assert (worst.camera, worst.runner_up, worst.stands_out) == ("25", "13", True)


def test_each_picture_is_read_once(make_ball: MakeBall) -> None:
    view = ball_view("0", "01")
    assert view.image is not None
    assert view.mask is not None
    reads: dict[str, int] = {"image": 0, "mask": 0}

    def counted(name: str, picture: EncodedImage) -> EncodedImage:
        def read_bytes() -> bytes:
            reads[name] += 1
            return picture.read_bytes()

        return replace(picture, read_bytes=read_bytes)

    watched = replace(view, image=counted("image", view.image), mask=counted("mask", view.mask))
    rows = _rows(make_ball({("0", "01"): watched}))
    assert all(row.failure is None for row in rows)
    assert reads == {"image": 1, "mask": 1}
