from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError, MissingExtraError
from renderkit.export.rerun_export import RerunFile
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose

MATRIX = np.array([[500.0, 0.0, 160.25], [0.0, 510.0, 119.75], [0.0, 0.0, 1.0]])
LENS = np.array([-0.2, 0.05, 1e-3, -1e-3, 0.01])


def _camera(name: str = "07 <b>/x") -> Camera:
    return Camera.from_opencv(MATRIX, LENS, Pose(np.eye(3), np.array([0.1, 0.2, 2.0])), (320, 240), name)


@pytest.fixture
def read_back() -> Callable[[Path], dict[str, dict[str, Any]]]:
    """Return a function that reads an .rrd: values of the last row, by entity and component."""
    chunk = pytest.importorskip("rerun.chunk", reason="this rerun-sdk cannot read back what it wrote")

    def read(path: Path) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for part in chunk.RrdReader(str(path)).stream():
            batch = part.to_record_batch()
            components = found.setdefault(str(part.entity_path), {})
            # Times of writing are of no interest, and need pandas.
            for name in set(batch.schema.names) - {"log_time", "log_tick"}:
                components[name] = batch.column(name)[-1].as_py()
        return found

    return read


def test_cameras_points_and_pictures_lie_where_opencv_puts_them(
    tmp_path: Path, read_back: Callable[[Path], dict[str, dict[str, Any]]]
) -> None:
    camera = _camera()
    captured = np.array([[100.0, 80.0], [200.0, 150.0], [np.nan, np.nan]])
    residuals = np.array([[2.0, -1.0], [0.5, 0.5], [np.nan, np.nan]])
    photo = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    with RerunFile(tmp_path / "out.rrd", recording_id="test") as file:
        file.add_camera(camera)
        file.set_frame(3)
        file.add_mesh("scan", Mesh(np.eye(3), np.array([[0, 1, 2]], np.int32)))
        file.add_landmarks(np.array([[0.0, 0.0, 0.1], [np.nan] * 3]))
        file.add_photo(camera, photo)
        file.add_mask(camera, np.ones((240, 320), np.bool_), "captured")
        file.add_residuals(camera, captured, residuals)
        file.add_number(camera.name, "iou", 0.75)
    found = read_back(tmp_path / "out.rrd")
    entity = next(name for name in found if name.endswith("/picture"))
    # Rerun counts from the corner of the first pixel.
    from_corner = MATRIX.copy()
    from_corner[:2, 2] += 0.5
    matrix = np.array(found[entity]["Pinhole:image_from_camera"][0]).reshape(3, 3).T
    np.testing.assert_allclose(matrix, from_corner)
    pose = found[entity.removesuffix("/picture")]
    np.testing.assert_allclose(pose["Transform3D:translation"][0], [-0.1, -0.2, -2.0], atol=1e-6)
    expected = cv2.undistortPoints(captured[:2].reshape(-1, 1, 2), MATRIX, LENS, P=MATRIX).reshape(-1, 2)
    points = found[f"{entity}/landmarks/captured"]
    np.testing.assert_allclose(points["Points2D:positions"], expected + 0.5, atol=0.01)
    assert points["frame"] == 3
    assert len(found[f"{entity}/landmarks/residuals"]["Arrows2D:vectors"]) == 2
    assert len(found["/world/landmarks"]["Points3D:positions"]) == 1
    assert len(found["/world/meshes/scan"]["Mesh3D:vertex_positions"]) == 3
    assert f"{entity}/photo" in found
    assert f"{entity}/masks/captured" in found
    assert any(name.startswith("/metrics/iou/") for name in found)


def test_what_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk is not installed")
    with pytest.raises(DatasetError, match="no such folder"):
        RerunFile(tmp_path / "absent" / "out.rrd")
    monkeypatch.setitem(__import__("sys").modules, "rerun", None)
    with pytest.raises(MissingExtraError, match=r"renderkit\[rerun\]"):
        RerunFile(tmp_path / "out.rrd")


def test_a_capture_that_is_not_finished_is_not_left(tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk is not installed")

    def stop_halfway() -> None:
        with RerunFile(tmp_path / "out.rrd") as file:
            file.set_frame(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert list(tmp_path.iterdir()) == []
