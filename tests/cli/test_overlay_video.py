"""renderkit overlay --video: a turntable over cameras, a take over frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from command_result import Result

from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("kind", "selection", "pictures"),
    [("turntable", (), 6), ("time", ("--cameras", "25"), 2), ("grid", ("--cameras", "22,25,28"), 2)],
)
def test_one_picture_per_view_or_frame(
    run: Run, capture: SynthTruth, tmp_path: Path, kind: str, selection: tuple[str, ...], pictures: int
) -> None:
    result = run("overlay", capture.capture, *selection, "--video", kind, "--fps", "2", "--max-size", "320")
    assert result.code == 0, result.err
    assert f"{pictures} pictures" in result.out
    with av.open(str(tmp_path / "overlays" / f"{kind}.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == pictures
        assert float(container.duration) / 1e6 == pytest.approx(pictures / 2.0, abs=0.02)


def test_the_files_name_says_the_format(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    common = ("--cameras", "25", "--video", "turntable", "--max-size", "160", "--out", "a.gif")
    assert run("overlay", capture.capture, *common).code == 0
    assert (tmp_path / "a.gif").read_bytes()[:6] == b"GIF89a"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--video", "time"), "shows one camera"),
        (("--video", "turntable", "--frames", "0,1"), "shows one frame"),
        (("--video", "turntable", "--cameras", "25", "--out", "a.avi"), "a.avi: expected a name that ends in .mp4"),
    ],
)
def test_views_that_make_no_such_video_are_refused(
    run: Run, capture: SynthTruth, arguments: tuple[str, ...], why: str
) -> None:
    result = run("overlay", capture.capture, *arguments)
    assert result.code == 2
    assert why in result.err
