from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from renderkit.synth.faults import WrittenCalibration
from renderkit.synth.rig import renderme360_rig
from renderkit.synth.write_renderme360 import SmcPairWriter


def test_each_part_goes_to_its_file_and_key(tmp_path: Path) -> None:
    camera = renderme360_rig(1, (612, 512), "modest", 0)["25"]
    with SmcPairWriter(tmp_path, "0042", "e3") as writer:
        writer.write_camera_counts(1, 12, (612, 512))
        writer.write_calibration("05", WrittenCalibration.of(camera))
        writer.write_color("05", 11, b"\xff\xd8jpeg")
        writer.write_mask("05", 11, b"\x89PNG")
        writer.write_flame(11, {"cam": np.arange(4.0)})
        writer.write_scan(np.ones((4, 3)), np.zeros((2, 3), dtype=np.int32))
    assert writer.raw_path.name == "0042_e3_raw.smc"
    with h5py.File(tmp_path / "0042_e3_raw.smc") as raw, h5py.File(tmp_path / "0042_e3_anno.smc") as anno:
        assert bytes(raw["Camera/05/color/11"][()]) == b"\xff\xd8jpeg"
        assert "mask" not in raw["Camera/05"]
        assert bytes(anno["Camera/05/mask/11"][()]) == b"\x89PNG"
        assert anno["FLAME"].attrs["num_frame"] == 12
        assert np.array_equal(anno["FLAME/11/cam"][()], np.arange(4.0, dtype=np.float32)[None])
        assert anno["Scan/vertex"].dtype == np.float32
        # Camera to world: the translation is the camera's centre.
        assert np.allclose(anno["Calibration/05/RT"][:3, 3], camera.center_world)
        assert np.allclose(anno["Calibration/05/RT"][:3, 2], camera.optical_axis_world)


def test_no_file_is_left_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"), SmcPairWriter(tmp_path, "0001", "e0") as writer:
        raise RuntimeError("stop")
    assert not writer.anno_path.exists()
    assert list(tmp_path.iterdir()) == []
