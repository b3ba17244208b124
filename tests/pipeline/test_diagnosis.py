"""The diagnosis of whole captures: photographs of a real rig, and a synthetic one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import renderkit as rk
from renderkit.diagnosis.readings.common_shift import HALF_PIXEL
from renderkit.synth.faults import parse_fault


def test_no_camera_of_a_sound_real_rig_is_accused(shared_data: Path) -> None:
    """Takes 5 s: seven of the fifteen views did not build the hull, which no synthetic mesh stands for."""
    folder = shared_data / "middlebury_dino"
    found = rk.diagnose(folder, mesh=folder / "hull_from_odd_views.ply")
    assert found.verdict == "fits"
    assert [one.camera for one in found.cameras] == []


def test_a_turned_view_that_the_hull_does_not_know_is_named_by_the_mattes(shared_data: Path, tmp_path: Path) -> None:
    """Takes 5 s. The hull lies up to 25 px outside of view 15: by it alone a roll of 1.6 px is not found."""
    folder = shared_data / "middlebury_dino"
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    lines = (folder / "dinoSR_par.txt").read_text().splitlines()
    angle = np.deg2rad(0.5)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    name, *words = lines[15].split()
    numbers = np.array(words, dtype=float)
    numbers[9:18] = (turn @ numbers[9:18].reshape(3, 3)).ravel()
    numbers[18:] = turn @ numbers[18:]
    lines[15] = " ".join([name, *(repr(float(one)) for one in numbers)])
    (tmp_path / "dinoSR_par.txt").unlink()
    (tmp_path / "dinoSR_par.txt").write_text("\n".join(lines) + "\n")
    found = rk.diagnose(tmp_path, mesh=folder / "hull_from_odd_views.ply")
    (fault,) = found.cameras
    assert (fault.camera, fault.family) == (name.removesuffix(".png"), "roll")
    assert "without the mesh" in fault.sentence
    by_mesh = rk.diagnose(tmp_path, mesh=folder / "hull_from_odd_views.ply", evidence="mesh")
    assert by_mesh.cameras == ()


def test_half_a_pixel_is_no_motion_of_the_subject(tmp_path: Path) -> None:
    """A motion has six numbers and fits about as well; half a pixel has none."""
    options = rk.SynthOptions(like="facescape", num_cameras=8, seed=5, faults=(parse_fault("half-pixel@all"),))
    truth = rk.synthesize(tmp_path, options)
    found = rk.diagnose(truth.capture, landmarks=truth.landmarks)
    assert found.verdict == "does not fit"
    assert found.readings == (HALF_PIXEL,)
    assert found.alternatives == ()
