"""Walk a finished run and its capture, and log both to a Rerun file."""

from __future__ import annotations

import math

from renderkit.capture import Capture, View
from renderkit.errors import CalibrationError, DatasetError
from renderkit.export.rerun_export import RerunFile
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult


def log_run(report: Report, capture: Capture, file: RerunFile) -> list[str]:
    """Log the run's views with the capture's pictures, masks, meshes and landmarks.

    Args:
        report: The run.
        capture: The capture that it was made of.
        file: Where to.

    Returns:
        What could not be logged, one sentence each; the rest of the run is there.
    """
    problems: list[str] = []
    known = set(capture.camera_names)
    for name in report.camera_names:
        if name not in known:
            problems.append(f"camera {name}: the capture has no such camera")
            continue
        try:
            file.add_camera(capture.camera(name))
        except CalibrationError as error:
            problems.append(f"camera {name}: {error}")
            known.discard(name)
    for index, frame_id in enumerate(report.frames):
        file.set_frame(index)
        rows = [row for row in report.rows if row.key.frame == frame_id]
        if frame_id not in capture.frame_ids:
            problems.append(f"frame {frame_id}: the capture has no such frame")
            continue
        _log_frame(capture, frame_id, {row.key.mesh for row in rows}, file, problems)
        pictured: set[str] = set()
        for row in rows:
            camera = row.key.camera
            if camera in known:
                _log_row(capture, row, file, problems, with_pictures=camera not in pictured)
                pictured.add(camera)
    return problems


def _log_frame(capture: Capture, frame_id: str, meshes: set[str], file: RerunFile, problems: list[str]) -> None:
    try:
        frame = capture.frame(frame_id)
        for name in sorted(meshes):
            if name in frame.mesh_names:
                file.add_mesh(name, frame.read_mesh(name))
            else:
                problems.append(f"frame {frame_id}: the capture has no mesh {name!r}")
        landmarks = frame.read_landmarks()
        if landmarks is not None:
            file.add_landmarks(landmarks.points)
    except DatasetError as error:
        problems.append(f"frame {frame_id}: {error}")


def _log_row(capture: Capture, row: ViewResult, file: RerunFile, problems: list[str], *, with_pictures: bool) -> None:
    for name, metric in METRICS.items():
        value = metric.value(row.scores)
        if math.isfinite(value):
            file.add_number(row.key.camera, name, value)
    view = capture.view(row.key.frame, row.key.camera)
    score = row.scores.reprojection
    if score is not None and row.landmark_pixels is not None:
        file.add_residuals(view.camera, row.landmark_pixels, score.residuals)
    if with_pictures:
        try:
            _log_pictures(view, file)
        except DatasetError as error:
            problems.append(f"frame {row.key.frame} camera {row.key.camera}: {error}")


def _log_pictures(view: View, file: RerunFile) -> None:
    if view.image is not None:
        file.add_photo(view.camera, view.image.decode_color())
    if view.mask is not None:
        file.add_mask(view.camera, view.mask.decode_matte().alpha >= 255 * DEFAULT_MATTE_THRESHOLD, "captured")
