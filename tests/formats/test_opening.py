"""Which reader is it?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.formats import open_capture, read_rig, write_rig
from renderkit.formats.facescape import FaceScapeCapture
from renderkit.formats.middlebury import MiddleburyCapture
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig


def test_each_format_is_recognised(
    tmp_path: Path, smc_pair: tuple[Path, Path], write_facescape: Callable[..., Path]
) -> None:
    folder = write_facescape()
    dino = tmp_path / "dino"
    dino.mkdir()
    (dino / "dino_par.txt").write_text("1\na.png " + "1 " * 21)
    renamed = shutil.copy(smc_pair[1], tmp_path / "copy.bin")
    for path, kind in (
        (smc_pair[0], RenderMe360Capture), (smc_pair[1], RenderMe360Capture), (renamed, RenderMe360Capture),
        (folder, FaceScapeCapture), (folder / "params.json", FaceScapeCapture),
        (dino, MiddleburyCapture), (dino / "dino_par.txt", MiddleburyCapture),
        (tmp_path, RenderMe360Capture),
    ):  # fmt: skip
        with open_capture(path) as capture:
            assert isinstance(capture, kind)
    shutil.copy(smc_pair[1], tmp_path / "0027_e0_anno.smc")
    with pytest.raises(DatasetError, match=r"several captures.*0026_e0_anno\.smc, 0027_e0_anno\.smc"):
        open_capture(tmp_path)


def test_options_reach_the_reader(
    tmp_path: Path, smc_pair: tuple[Path, Path], write_facescape: Callable[..., Path], write_ply: Callable[[Path], Path]
) -> None:
    model = write_ply(tmp_path / "models" / "122" / "4_anger.ply")
    capture = open_capture(write_facescape(), mesh_root=tmp_path / "models")
    assert capture.frame("4_anger").mesh_names == ("scan",)
    with open_capture(smc_pair[0], flame=model) as flame, pytest.raises(DatasetError, match="3 vertices"):
        flame.frame("0").read_mesh("flame")


def test_what_no_reader_knows(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    for path, why in (
        (text, "neither a capture"),
        (tmp_path, "neither a capture"),
        (tmp_path / "nothing", "no such file"),
    ):
        with pytest.raises(DatasetError, match=why):
            open_capture(path)


def test_cameras_under_another_name_are_pointed_at(tmp_path: Path) -> None:
    scene = tmp_path / "scene"
    (scene / "images").mkdir(parents=True)
    rig = Rig({"25": Camera.look_at((0, 0, 3), (0, 0, 0), size=(640, 480), name="25")})
    write_rig(rig, scene / "calibration.json", format="rig")
    (scene / "notes.txt").write_text("hello")
    why = r"but cameras are in it: calibration\.json \(renderkit rig\.json\)\. Name that file .*renderkit init"
    for read in (open_capture, read_rig):
        with pytest.raises(DatasetError, match=why) as caught:
            read(scene)
        assert "notes" not in str(caught.value)


def test_importing_the_readers_loads_no_hdf5_and_no_opengl() -> None:
    modules = "('h5py', 'OpenGL', 'trimesh', 'ray')"
    code = f"import sys, renderkit.formats; print([m for m in {modules} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
