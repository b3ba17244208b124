"""A run folder gives back the landmarks that the run compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.pipeline.run_evidence import read_run_evidence
from renderkit.results.json_report import write_report
from renderkit.results.report import Provenance, Report
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.run_scene import write_run_scene
from renderkit.results.scores import Scores

EYES = {"a": (0.0, 0.0, 2.0), "b": (1.5, 0.2, 1.5), "c": (-1.5, -0.3, 1.2)}


def write_run(folder: Path, *, undistort: str = "no") -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(20, 3)) * 0.1
    cameras = {name: Camera.look_at(eye, (0, 0, 0), size=(640, 480), name=name) for name, eye in EYES.items()}
    rows, pixels = [], {}
    for name, camera in cameras.items():
        projected = camera.project(points)
        pixels[name] = projected + rng.normal(size=projected.shape)
        residuals = projected - pixels[name]
        residuals[0 if name == "a" else 5] = np.nan
        score = ReprojectionScore(residuals, 0, 1)
        key = ViewKey("take", "7", name, "scan")
        rows.append(ViewResult(key, Scores({"reprojection": score}), landmark_pixels=pixels[name]))
    folder.mkdir()
    write_report(Report(tuple(rows), provenance=Provenance(options={"undistort": undistort})), folder)
    write_run_scene(folder, Rig(cameras, "m"), {})
    return points, pixels


def test_points_and_pixels_come_back(tmp_path: Path) -> None:
    points, pixels = write_run(tmp_path / "run")
    evidence, unit = read_run_evidence(tmp_path / "run")
    assert unit == "m"
    assert [view.camera.name for view in evidence.views] == ["a", "b", "c"]
    first = evidence.views[0]
    assert first.points_world is not None
    assert first.pixels is not None
    # Landmark 5 is known to one camera alone.
    known = np.arange(20) != 5
    np.testing.assert_allclose(first.points_world[known], points[known], atol=1e-9)
    assert np.isnan(first.points_world[5]).all()
    assert np.isnan(first.pixels[0]).all()
    np.testing.assert_array_equal(first.pixels[1:], pixels["a"][1:])


def test_a_run_without_cameras_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    (tmp_path / "run" / "rig.json").unlink()
    with pytest.raises(DatasetError, match=r"run `renderkit validate` again"):
        read_run_evidence(tmp_path / "run")


def test_a_run_without_landmarks_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    write_report(Report(()), tmp_path / "run")
    with pytest.raises(DatasetError, match="no view of the run has landmarks"):
        read_run_evidence(tmp_path / "run")
