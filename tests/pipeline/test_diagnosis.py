"""The diagnosis on photographs of a real rig."""

from __future__ import annotations

from pathlib import Path

import renderkit as rk


def test_no_camera_of_a_sound_real_rig_is_accused(shared_data: Path) -> None:
    """Takes 5 s: seven of the fifteen views did not build the hull, which no synthetic mesh stands for."""
    folder = shared_data / "middlebury_dino"
    found = rk.diagnose(folder, mesh=folder / "hull_from_odd_views.ply")
    assert found.verdict == "fits"
    assert [one.camera for one in found.cameras] == []
