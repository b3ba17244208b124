"""Which reader is it?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from renderkit.datasets import FaceScapeRecording, MiddleburyRecording, RenderMe360Recording, open_recording
from renderkit.errors import DatasetError


def test_each_format_is_recognised(
    tmp_path: Path, smc_pair: tuple[Path, Path], write_facescape: Callable[..., Path]
) -> None:
    folder = write_facescape()
    dino = tmp_path / "dino"
    dino.mkdir()
    (dino / "dino_par.txt").write_text("1\na.png " + "1 " * 21)
    renamed = shutil.copy(smc_pair[1], tmp_path / "copy.bin")
    for path, kind in (
        (smc_pair[0], RenderMe360Recording), (smc_pair[1], RenderMe360Recording), (renamed, RenderMe360Recording),
        (folder, FaceScapeRecording), (folder / "params.json", FaceScapeRecording),
        (dino, MiddleburyRecording), (dino / "dino_par.txt", MiddleburyRecording),
        (tmp_path, RenderMe360Recording),
    ):  # fmt: skip
        with open_recording(path) as recording:
            assert isinstance(recording, kind)
    shutil.copy(smc_pair[1], tmp_path / "0027_e0_anno.smc")
    with pytest.raises(DatasetError, match=r"several recordings.*0026_e0_anno\.smc, 0027_e0_anno\.smc"):
        open_recording(tmp_path)


def test_options_reach_the_reader(
    tmp_path: Path, smc_pair: tuple[Path, Path], write_facescape: Callable[..., Path], write_ply: Callable[[Path], Path]
) -> None:
    model = write_ply(tmp_path / "models" / "122" / "4_anger.ply")
    recording = open_recording(write_facescape(), mesh_root=tmp_path / "models")
    assert recording.frame("4_anger").mesh_names == ("scan",)
    with open_recording(smc_pair[0], flame=model) as flame, pytest.raises(DatasetError, match="3 vertices"):
        flame.frame("0").read_mesh("flame")


def test_what_no_reader_knows(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    for path, why in ((text, "not a capture"), (tmp_path, "not a capture"), (tmp_path / "nothing", "no such file")):
        with pytest.raises(DatasetError, match=why):
            open_recording(path)


def test_importing_the_readers_loads_no_hdf5_and_no_opengl() -> None:
    code = (
        "import sys, renderkit.datasets; print([m for m in ('h5py', 'OpenGL', 'trimesh', 'ray') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
