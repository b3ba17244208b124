"""The rig from above, against cameras on a circle; the PDF without a browser."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import RenderkitError
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig
from renderkit.report.html import pdf
from renderkit.report.html.camera_view import CameraView
from renderkit.report.html.rig_map import map_rig


def _view(index: int, name: str, state: str = "") -> CameraView:
    return CameraView(
        index=index, anchor=f"camera-{index}", name=name, mesh="m", cells=(), state=state, note="", num_failed=0,
        num_views=1,
    )  # fmt: skip


def _ring(count: int) -> Rig:
    """Cameras around the y axis, which is up, looking at the origin; counter-clockwise seen from above."""
    cameras = {}
    for index in range(count):
        turn = 2.0 * math.pi * index / count
        eye = (2.0 * math.sin(turn), 0.3 * (index % 2), 2.0 * math.cos(turn))
        cameras[str(index)] = Camera.look_at(eye, (0.0, 0.0, 0.0), (64, 48), name=str(index))
    return Rig(cameras, "m")


def test_a_ring_is_a_circle_whose_first_camera_stands_at_the_bottom_and_looks_up() -> None:
    placed = {one.view.name: one for one in map_rig(_ring(8), [_view(index, str(index)) for index in range(8)])}
    places = np.array([[one.x, one.y] for one in placed.values()])
    np.testing.assert_allclose(np.hypot(*places.T), 84.0, atol=0.5)
    first, quarter = placed["0"], placed["2"]
    assert first.x == pytest.approx(0.0, abs=0.2)
    assert first.y == pytest.approx(84.0, abs=0.2)
    assert first.turn_deg == pytest.approx(-90.0, abs=0.2)
    # A quarter further, counter-clockwise from above, stands on the right and looks left.
    assert quarter.x == pytest.approx(84.0, abs=0.2)
    assert abs(quarter.turn_deg) == pytest.approx(180.0, abs=0.2)


def test_many_cameras_name_the_bad_ones_alone_and_draw_them_last() -> None:
    views = [_view(index, str(index), "off" if index == 7 else "") for index in range(40)]
    placed = map_rig(_ring(40), views)
    assert [one.label for one in placed if one.label] == ["7"]
    assert placed[-1].view.name == "7"


def test_without_cameras_in_space_there_is_no_map() -> None:
    assert map_rig(None, [_view(0, "0")]) == ()
    assert map_rig(_ring(3), [_view(0, "other")]) == ()


def test_without_a_browser_the_pdf_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_program", lambda _: None)
    with pytest.raises(RenderkitError, match="apt-get install chromium"):
        pdf.print_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
