from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.diagnosis.diff import diff_rigs
from renderkit.diagnosis.lint import Finding
from renderkit.errors import MissingExtraError
from renderkit.export.rig_plot import plot_diff, plot_rig
from renderkit.export.rig_plot_html import build_figure
from renderkit.export.rig_scene import COLORS, build_scene
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

FINDING = Finding("error", "looks-away", "2", "it looks away", "look")


@pytest.fixture
def rig() -> Rig:
    cameras = {}
    for index in range(6):
        angle = np.radians(60.0 * index)
        turn = np.array([[np.cos(angle), 0.0, np.sin(angle)], [0.0, 1.0, 0.0], [-np.sin(angle), 0.0, np.cos(angle)]])
        K = np.array([[800.0, 0.0, 319.5], [0.0, 800.0, 239.5], [0.0, 0.0, 1.0]])
        cameras[str(index)] = Camera(K, 640, 480, cam_from_world=Pose(turn, np.array([0.0, 0.0, 2.0])))
    return Rig(cameras, "m")


def test_the_scene_is_where_the_cameras_are(rig: Rig) -> None:
    scene = build_scene(rig, [FINDING])
    assert scene.meeting_point is not None
    np.testing.assert_allclose(scene.meeting_point, 0.0, atol=1e-9)
    assert "6 cameras, 1 error, 0 warnings" in scene.title
    assert "2 m away" in scene.title
    shape = scene.cameras[1]
    np.testing.assert_allclose(shape.center, rig["1"].center_world)
    np.testing.assert_allclose(shape.axis[1], 0.0, atol=1e-9, err_msg="the axis ends where the axes meet")
    # The frustum's base, seen by the camera itself, is the image's outline.
    outline = rig["1"].project(shape.outline[:4])
    np.testing.assert_allclose(outline, [[-0.5, -0.5], [639.5, -0.5], [639.5, 479.5], [-0.5, 479.5]], atol=1e-9)
    assert [one.severity for one in scene.cameras] == [None, None, "error", None, None, None]


def test_the_page_is_self_contained_names_cameras_and_colours_findings(rig: Rig, tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    plot_rig(rig, tmp_path / "rig.html", [FINDING])
    text = (tmp_path / "rig.html").read_text()
    assert not re.search(r"<(script|link)[^>]+(src|href)=", text), "nothing may be loaded from elsewhere"
    figure = build_figure(build_scene(rig, [FINDING]))
    markers = {trace.name: trace for trace in figure.data}
    assert list(markers["cameras (error)"].text) == ["2"]
    assert markers["cameras (error)"].marker.color == COLORS["error"]
    assert "looks-away" in markers["cameras (error)"].hovertext[0]
    assert list(markers["cameras (no finding)"].text) == ["0", "1", "3", "4", "5"]
    assert abs(markers["where the optical axes meet"].x[0]) < 1e-9


def test_a_hostile_camera_name_is_escaped(rig: Rig) -> None:
    pytest.importorskip("plotly")
    renamed = Rig({"<b onclick=x>": rig["0"], "1": rig["1"]})
    figure = build_figure(build_scene(renamed))
    names = next(trace for trace in figure.data if trace.name == "cameras (no finding)")
    assert names.text[0] == names.hovertext[0] == "&lt;b onclick=x&gt;"


def test_the_picture_shows_both_colours(rig: Rig, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot_rig(rig, tmp_path / "rig.png", [FINDING])
    picture = cv2.imread(str(tmp_path / "rig.png"))
    assert picture is not None
    for color in ("error", None):
        hexadecimal = COLORS[color].lstrip("#")
        bgr = [int(hexadecimal[i : i + 2], 16) for i in (4, 2, 0)]
        assert (np.abs(picture.astype(int) - bgr).max(axis=2) < 12).sum() > 50


def test_the_displacement_field_is_drawn(rig: Rig, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    K = np.array(rig["0"].K)
    K[0, 2] += 5.0
    cameras = dict(rig.cameras) | {"0": replace(rig["0"], K=K)}
    plot_diff(diff_rigs(rig, Rig(cameras)), tmp_path / "diff.png", aligned=False)
    picture = cv2.imread(str(tmp_path / "diff.png"))
    assert picture is not None
    assert picture.std() > 5.0


def test_other_suffixes_and_empty_rigs_are_refused(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.html or \.png, not 'rig\.pdf'"):
        plot_rig(rig, tmp_path / "rig.pdf")
    with pytest.raises(ValueError, match=r"\.png, not 'd\.html'"):
        plot_diff(diff_rigs(rig, rig), tmp_path / "d.html")
    with pytest.raises(ValueError, match="without cameras"):
        plot_rig(Rig({}), tmp_path / "rig.png")


@pytest.mark.parametrize(("suffix", "package"), [("html", "plotly"), ("png", "matplotlib.figure")])
def test_a_missing_library_names_the_extra(
    suffix: str, package: str, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(MissingExtraError, match=r"renderkit\[plots\]"):
        plot_rig(rig, tmp_path / f"rig.{suffix}")
