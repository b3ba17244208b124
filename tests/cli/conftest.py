"""The command line run in this process, and a small synthetic capture to run it on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_result import Result

from renderkit.cli import main
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.synth.faults import parse_fault
from renderkit.synth.truth import SynthTruth


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Return a function that runs a command in an empty folder and an empty home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def call(*arguments: str | Path) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as leave:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        assert isinstance(leave.value.code, int)
        return Result(leave.value.code, output.out, output.err)

    return call


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    """A RenderMe-360 capture of six cameras and two frames; camera 25 is written turned by 0.3 degrees."""
    options = SynthOptions(
        num_cameras=6, num_frames=2, size=(306, 256), scan_faces=6_000, faults=(parse_fault("rotated@25=0.3"),)
    )
    return synthesize(tmp_path_factory.mktemp("capture"), options)


@pytest.fixture(scope="session")
def facescape(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    """A FaceScape tuple of three cameras."""
    options = SynthOptions(like="facescape", num_cameras=3, size=(306, 256), scan_faces=6_000)
    return synthesize(tmp_path_factory.mktemp("facescape"), options)
