from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import RawCamera, RawRig, raw_from_rig
from renderkit.formats.as_stated import CameraAxes, PoseDirection
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, numbers, size_at
from renderkit.untrusted.files import read_bytes


@pytest.mark.parametrize("direction", ["cam_from_world", "world_from_cam"])
@pytest.mark.parametrize("axes", ["opencv", "opengl"])
def test_every_convention_is_one_pose(direction: PoseDirection, axes: CameraAxes, pinhole_ring: Rig) -> None:
    true = pinhole_ring["03"].cam_from_world.matrix
    flip = np.diag([1.0, -1.0, -1.0, 1.0]) if axes == "opengl" else np.eye(4)
    given = flip @ true
    if direction == "world_from_cam":
        given = np.asarray(np.linalg.inv(given), dtype=np.float64)
    raw = RawCamera("a", pinhole_ring["03"].K, given[:3], direction, axes, size=(10, 10))
    np.testing.assert_allclose(raw.cam_from_world, true[:3], atol=1e-14)
    np.testing.assert_allclose(raw.to_pose().matrix, true, atol=1e-14)


def test_a_rig_goes_raw_and_back(brown_ring: Rig) -> None:
    again = raw_from_rig(brown_ring).to_rig()
    assert list(again.cameras) == list(brown_ring.cameras)
    assert again.unit == "m"
    for one, other in zip(brown_ring, again, strict=True):
        assert np.array_equal(one.cam_from_world.matrix, other.cam_from_world.matrix)
        assert np.array_equal(one.distortion.coefficients, other.distortion.coefficients)


def test_bad_cameras_are_named(brown_ring: Rig) -> None:
    raw = raw_from_rig(brown_ring)
    first = raw.cameras[0]
    for broken, message in (
        (replace(first, pose=np.full((3, 4), np.nan)), "NaN"),
        (replace(first, pose=2.0 * first.pose), "not a rotation"),
        (replace(first, coefficients=(1.0, 2.0, 3.0)), "4, 5, 8, 12 or 14 coefficients, got 3"),
        (replace(first, size=None), "image size is unknown"),
    ):
        with pytest.raises(CalibrationError, match=message) as caught:
            RawRig((broken, *raw.cameras[1:]), Path("f.json")).to_rig()
        assert caught.value.key == "00"
    with pytest.raises(CalibrationError, match="two cameras have this name"):
        RawRig((first, first), Path("f.json")).to_rig()


def test_content_is_bounded_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    monkeypatch.setattr("renderkit.untrusted.files.MAX_FILE_BYTES", 5)
    with pytest.raises(DatasetError, match="file of 10 bytes is over the limit of 5"):
        read_bytes(tmp_path / "a")
    monkeypatch.undo()
    (tmp_path / "a").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="expected UTF-8"):
        _ = Content(tmp_path / "a").text
    (tmp_path / "a").write_text('{"a": 1,}')
    with pytest.raises(DatasetError, match=r"not a JSON file.*line 1"):
        _ = Content(tmp_path / "a").json


def test_numbers_keep_nan_for_the_lint_and_refuse_null() -> None:
    assert np.isnan(numbers([1.0, float("nan")], [(2,)], Path("x"), "k")).tolist() == [False, True]
    with pytest.raises(DatasetError, match="found null"):
        numbers([1.0, None], [(2,)], Path("x"), "k")
    with pytest.raises(DatasetError, match=r"expected shape \(3,\) or \(N, 2\), found \(2,\)"):
        numbers([1.0, 2.0], [(3,), (None, 2)], Path("x"), "k")


@pytest.mark.parametrize("pair", [(0, 5), (5.5, 5), (float("nan"), 5), (1 << 30, 5), (True, "x")])
def test_impossible_sizes_are_refused(pair: tuple[object, object]) -> None:
    with pytest.raises(DatasetError):
        size_at(*pair, Path("x"), "w")
    assert size_at(1920.0, "1080", Path("x"), "w") == (1920, 1080)
