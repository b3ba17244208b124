"""The evidence of a finished run, from its folder alone: detected landmarks, and points where its rays meet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.meeting_points import meeting_points
from renderkit.geometry.rig import Rig
from renderkit.results.json_report import read_report
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult
from renderkit.results.run_scene import RIG_NAME, read_run_rig


def read_run_evidence(folder: Path) -> tuple[RigEvidence, str]:
    """Return a run's landmarks as evidence, and the world unit.

    A report holds detected landmarks and residuals, hence the projections of the 3D landmarks as well. Where two
    cameras project one, the landmark is where their rays meet, to rounding. Cameras whose views have no landmarks come
    last, without evidence.

    Raises:
        DatasetError: If the folder is no run, has no rig.json, or no view has landmarks.
    """
    report, rig = read_report(folder), read_run_rig(folder)
    if rig is None:
        raise DatasetError(folder, RIG_NAME, "the run has no cameras stored: run `renderkit validate` again")
    undistorted = report.provenance.options.get("undistort", "no") != "no"
    cameras = {name: camera.undistorted() if undistorted else camera for name, camera in rig.cameras.items()}
    views: list[ViewEvidence] = []
    for frame in report.frames:
        rows = _rows(report, frame, cameras)
        views += _views(frame, rows, cameras)
    if not views:
        why = "no view of the run has landmarks in two cameras at least; give the captures: their mattes count as well"
        raise DatasetError(folder, None, why)
    seen = {view.camera.name for view in views}
    views += [
        ViewEvidence(camera=raw_from_rig(Rig({name: camera})).cameras[0], frame=report.frames[0])
        for name, camera in cameras.items()
        if name not in seen
    ]
    return RigEvidence(tuple(views)), rig.unit


def _rows(report: Report, frame: str, cameras: Mapping[str, Camera]) -> dict[str, ViewResult]:
    """Return by camera the row with the most landmarks: meshes hide different ones."""
    found: dict[str, ViewResult] = {}
    for row in report.rows:
        score, pixels = row.scores.reprojection, row.landmark_pixels
        if row.key.frame != frame or row.key.camera not in cameras or score is None or pixels is None:
            continue
        if len(pixels) != len(score.residuals):
            continue
        best = found.get(row.key.camera)
        if best is None or best.scores.reprojection is None or score.num_used > best.scores.reprojection.num_used:
            found[row.key.camera] = row
    return found


def _views(frame: str, rows: Mapping[str, ViewResult], cameras: Mapping[str, Camera]) -> list[ViewEvidence]:
    length = max((len(row.landmark_pixels) for row in rows.values() if row.landmark_pixels is not None), default=0)
    projected: dict[str, FloatArray] = {}
    detected: dict[str, FloatArray] = {}
    for name, row in rows.items():
        score, pixels = row.scores.reprojection, row.landmark_pixels
        if score is not None and pixels is not None and len(pixels) == length:
            projected[name] = pixels + score.residuals
            detected[name] = np.where(score.used[:, None], pixels, np.nan)
    if len(projected) < 2:
        return []
    points = meeting_points([cameras[name] for name in projected], np.array(list(projected.values())))
    raw = {name: raw_from_rig(Rig({name: cameras[name]})).cameras[0] for name in projected}
    return [
        ViewEvidence(camera=raw[name], frame=frame, points_world=points, pixels=pixels)
        for name, pixels in detected.items()
    ]
