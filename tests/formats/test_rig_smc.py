from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import detect_format, read_raw_rig, read_rig, write_rig
from renderkit.geometry.rig import Rig


def test_the_file_is_laid_out_as_in_the_released_data(brown_ring: Rig, tmp_path: Path) -> None:
    write_rig(brown_ring, tmp_path / "a.smc", format="renderme360")
    with h5py.File(tmp_path / "a.smc") as file:
        assert file["Camera"].attrs["resolution"].tolist() == [900, 1200], "(height, width)"
        assert sorted(file["Calibration"]) == list(brown_ring.cameras)
        entry = file["Calibration/03"]
        assert (entry["K"].shape, entry["D"].shape, entry["RT"].shape) == ((3, 3), (5,), (4, 4))
        world_from_cam = entry["RT"][()]
    np.testing.assert_allclose(world_from_cam[:3, 3], brown_ring["03"].center_world, atol=1e-14)
    np.testing.assert_allclose(world_from_cam[:3, 2], brown_ring["03"].optical_axis_world, atol=1e-14)


def test_calibration_and_resolution_may_lie_in_sibling_files(brown_ring: Rig, tmp_path: Path) -> None:
    write_rig(brown_ring, tmp_path / "0026_e0_anno.smc", format="renderme360")
    with h5py.File(tmp_path / "0026_e0_anno.smc", "a") as file:
        del file["Camera"]
    picture = cv2.imencode(".jpg", np.zeros((90, 120, 3), np.uint8))[1]
    with h5py.File(tmp_path / "0026_e0_raw.smc", "w") as file:
        file.create_group("Camera").attrs["resolution"] = (900, 1200)
        file["Camera/03/color/0"] = picture
    for name in ("0026_e0_anno.smc", "0026_e0_raw.smc"):
        assert detect_format(tmp_path / name) == "renderme360"
        raw = read_raw_rig(tmp_path / name)
        assert {camera.size for camera in raw.cameras} == {(1200, 900)}
        assert {camera.name: camera.picture_size for camera in raw.cameras if camera.picture_size} == {"03": (120, 90)}


def test_links_and_large_or_missing_entries_are_refused(brown_ring: Rig, tmp_path: Path) -> None:
    path = tmp_path / "a.smc"
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["K"] = np.eye(3)
    for change, message in (
        (
            lambda group: group.__setitem__("K", h5py.ExternalLink(str(secret), "K")),
            "a link; only data in the file itself is read",
        ),
        (
            lambda group: group.__setitem__("K", h5py.SoftLink("/Calibration/01/K")),
            "a link; only data in the file itself is read",
        ),
        (lambda group: group.create_dataset("K", shape=(100_000, 100_000), dtype="f8"), "claims"),
        (lambda _: None, "has no calibration"),
        (lambda group: group.__setitem__("K", np.eye(2)), r"expected shape \(3, 3\) .*, found \(2, 2\)"),
        (lambda group: group.__setitem__("K", "text"), "expected"),
    ):
        write_rig(brown_ring, path, format="renderme360")
        with h5py.File(path, "a") as file:
            del file["Calibration/00/K"]
            change(file["Calibration/00"])
        with pytest.raises(DatasetError, match=message):
            read_rig(path)


def test_a_truncated_file_is_refused(brown_ring: Rig, tmp_path: Path) -> None:
    path = tmp_path / "a.smc"
    write_rig(brown_ring, path, format="renderme360")
    whole = path.read_bytes()
    for length in (10, 600, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match="not a readable HDF5 file"):
            read_rig(path, "renderme360")


@pytest.mark.parametrize("inverted", [False, True])
def test_dna_rendering_tells_the_direction_of_rt_by_convergence(
    inverted: bool, pinhole_ring: Rig, tmp_path: Path
) -> None:
    path = tmp_path / "dna.smc"
    with h5py.File(path, "w") as file:
        file.create_group("Camera_5mp").attrs["resolution"] = (900, 1200)
        for name, camera in pinhole_ring.cameras.items():
            pose = camera.cam_from_world if inverted else camera.cam_from_world.inverse()
            group = file.create_group(f"Camera_Parameter/{int(name)}")
            group["K"], group["D"], group["RT"] = camera.K, np.zeros((5, 1)), pose.matrix
            file.create_group(f"Camera_5mp/{int(name)}")
    assert detect_format(path) == "dna-rendering"
    raw = read_raw_rig(path)
    assert ("read as cam_from_world" if inverted else "read as world_from_cam") in raw.notes[0]
    rig = raw.to_rig()
    assert list(rig.cameras) == [str(index) for index in range(12)]
    assert {camera.size for camera in rig} == {(1200, 900)}
    np.testing.assert_allclose(rig["5"].center_world, pinhole_ring["05"].center_world, atol=1e-12)


def test_a_name_with_a_slash_is_refused(pinhole_ring: Rig, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="rename the camera"):
        write_rig(Rig({"../../x": pinhole_ring["00"]}), tmp_path / "a.smc", format="renderme360")
