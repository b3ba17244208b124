"""renderkit overlay --video: a turntable over cameras, a take over frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from command_result import Result

from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("selection", "pictures"), [(("--frames", "0"), 6), (("--frames", "0,1", "--cameras", "25"), 2)]
)
def test_one_picture_per_view(
    run: Run, capture: SynthTruth, tmp_path: Path, selection: tuple[str, ...], pictures: int
) -> None:
    result = run("overlay", capture.capture, *selection, "--video", "out.mp4", "--fps", "2", "--max-size", "400")
    assert result.code == 0
    assert f"{pictures} pictures" in result.out
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == pictures


def test_several_frames_of_several_cameras_are_no_video(run: Run, capture: SynthTruth) -> None:
    result = run("overlay", capture.capture, "--frames", "0,1", "--video", "out.mp4")
    assert result.code == 2
    assert "choose one" in " ".join(result.err.replace("│", " ").split())
