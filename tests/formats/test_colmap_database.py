from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pycolmap
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import detect_format, read_raw_rig

PARAMS: dict[str, list[float]] = {
    "OPENCV": [900, 910, 500.5, 400.5, -0.11, 0.03, 0.002, -0.003],
    "FISHEYE": [400, 410, 500, 400],
}


def database(path: Path, models: dict[str, list[float]]) -> Path:
    """What pycolmap writes: one picture per camera, and a second one of the last."""
    with pycolmap.Database.open(str(path)) as file:
        for number, (model, params) in enumerate(models.items(), start=1):
            camera = pycolmap.Camera(model=model, width=1000, height=800, params=params, camera_id=number)
            file.write_camera(camera, use_camera_id=True)
            file.write_image(pycolmap.Image(name=f"left {number}.jpg", camera_id=number))
        file.write_image(pycolmap.Image(name="more.jpg", camera_id=len(models)))
    return path


def test_lenses_are_those_of_pycolmap_and_the_lack_of_poses_is_said(tmp_path: Path) -> None:
    path = database(tmp_path / "database.db", PARAMS)
    assert detect_format(path) == detect_format(tmp_path) == "colmap-db"
    before = path.read_bytes()
    raw = read_raw_rig(path)
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["database.db"]
    assert [camera.name for camera in raw.cameras] == ["left 1", "2"]
    assert "states no poses" in raw.notes[0]
    points = np.array([[0.1, -0.2, 1.0], [0.4, 0.3, 1.0]])
    for (model, params), ours in zip(PARAMS.items(), raw.to_rig(), strict=True):
        theirs = pycolmap.Camera(model=model, width=1000, height=800, params=params)
        expected = np.array([theirs.img_from_cam(point) for point in points]) - 0.5
        np.testing.assert_allclose(ours.project(points), expected, atol=1e-9)


def test_lenses_that_we_lack_are_left_out_by_name(tmp_path: Path) -> None:
    raw = read_raw_rig(database(tmp_path / "d.db", {"EUCM": [900, 900, 500, 400, 0.6, 1.1], **PARAMS}))
    assert len(raw.cameras) == 2
    assert any("left out: left 1: EUCM" in note for note in raw.notes)


def test_hostile_databases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "view.db"
    with closing(sqlite3.connect(path)) as file:
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS camera_id FROM n"
        file.execute("CREATE TABLE images (image_id, name, camera_id)")
        file.execute(f"CREATE VIEW cameras AS {endless}")
    with pytest.raises(DatasetError, match="expected COLMAP's tables"):
        read_raw_rig(path, "colmap-db")
    with pytest.raises(DatasetError, match="nor a camera format"):
        detect_format(path)
    whole = database(tmp_path / "d.db", PARAMS).read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(DatasetError, match=r"cut\.db"):
        read_raw_rig(tmp_path / "cut.db", "colmap-db")
    with closing(sqlite3.connect(tmp_path / "d.db")) as file:
        file.execute("UPDATE cameras SET params = x'00'")
        file.commit()
    with pytest.raises(DatasetError, match="OPENCV takes 64 bytes of parameters, found 1"):
        read_raw_rig(tmp_path / "d.db")
