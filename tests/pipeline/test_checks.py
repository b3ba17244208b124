"""Checks of a capture: what its dataset leaves open is decided by evidence, and said loudly when it is wrong."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from ball_scene import BALL_CENTER, MakeBall, MemoryCapture, RayRenderer, ball_camera, ball_mesh, encoded

from renderkit.arrays import MaskImage
from renderkit.capture import Frame, View
from renderkit.errors import ContextError, DatasetError
from renderkit.formats import open_capture
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.pipeline.checks import CheckBudget, check_capture, registry
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.spread import spread
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.renderers.raycast import raycast
from renderkit.results.capture_check import CaptureCheck
from renderkit.synth.truth import SynthTruth


@pytest.fixture(scope="module")
def bent_capture(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    """Six cameras whose lenses bend strongly, one frame."""
    options = SynthOptions(num_cameras=6, size=(306, 256), scan_faces=8_000, lens="folding", seed=5)
    return synthesize(tmp_path_factory.mktemp("bent"), options)


def _checks(capture: Path, renderer: RayRenderer, options: ValidationOptions | None = None) -> dict[str, CaptureCheck]:
    with open_capture(capture) as opened:
        return {check.name: check for check in check_capture(opened, renderer, options)}


def test_every_module_with_a_check_is_registered() -> None:
    folder = Path(registry.__file__).parent
    modules = {file.stem for file in folder.glob("*.py") if "CHECK: Final" in file.read_text(encoding="utf-8")}
    assert modules == set(registry._MODULES)
    assert len(registry._MODULES) == len(modules)


def _copied(truth: SynthTruth, folder: Path) -> tuple[Path, Path]:
    """Copy a capture; return its raw and its annotation half."""
    for file in truth.folder.glob("*.smc"):
        shutil.copy(file, folder)
    return next(folder.glob("*_raw.smc")), next(folder.glob("*_anno.smc"))


def test_a_sound_capture_passes(bent_capture: SynthTruth, renderer: RayRenderer) -> None:
    checks = _checks(bent_capture.capture, renderer)
    assert [check.verdict for check in checks.values()] == ["ok", "ok", "undecided", "skipped"]
    translation, landmarks, masks, scan = checks.values()
    assert (translation.choice, translation.margin_unit) == ("cam", "m")
    assert translation.margin > 0.05
    assert landmarks.choice == "3D j = 2D j + 33"
    assert landmarks.margin > 2.0 * landmarks.margin_standard_error > 0.0
    # These pictures are so small that the lens moves the head's outline by less than a pixel.
    assert "cannot be told apart" in masks.sentence
    assert "there is only frame 0" in scan.sentence


@pytest.mark.parametrize("mattes_are", ["raw", "undistorted"])
@pytest.mark.parametrize("scored_as", ["raw", "undistorted"])
def test_mattes_scored_in_the_wrong_pictures_are_a_loud_warning(
    renderer: RayRenderer, mattes_are: str, scored_as: str
) -> None:
    ball = ball_mesh()
    large = replace(ball, vertices=(ball.vertices - BALL_CENTER) * 2.0 + BALL_CENTER)
    views = {}
    for index in range(4):
        camera = ball_camera(f"0{index}", (-0.5 - 0.1 * index, 0.0, 0.0, 0.0, 0.0))
        mask = raycast(large, camera if mattes_are == "raw" else camera.undistorted()).mask
        views["0", camera.name] = View("0", camera, None, encoded(mask.astype(np.uint8) * 255))
    capture = MemoryCapture(views, {"0": Frame("0", {"scan": lambda: large})})
    told = ValidationOptions(undistort=scored_as == "undistorted", undistorted_mattes=scored_as == "undistorted")
    check = next(check for check in check_capture(capture, renderer, told) if check.name == "mask space")
    assert (check.choice, check.decided) == (mattes_are, True)
    assert check.margin > 2.0 * check.margin_standard_error > 0.0
    if mattes_are == scored_as:
        assert check.verdict == "ok"
        return
    assert check.verdict == "warning"
    assert str(check).startswith("WARNING: mask space")
    assert ("add --undistorted-mattes" if mattes_are == "undistorted" else "leave out") in check.sentence


def test_landmarks_of_another_order_do_not_hold(
    bent_capture: SynthTruth, renderer: RayRenderer, tmp_path: Path
) -> None:
    raw, annotations = _copied(bent_capture, tmp_path)
    with h5py.File(annotations, "r+") as file:
        points = file["Keypoints3d/0"][()]
        file["Keypoints3d/0"][...] = points[::-1]
    check = _checks(raw, renderer)["landmark map"]
    assert check.verdict == "warning"
    assert "DOES NOT HOLD" in check.sentence
    assert "--landmarks FILE" in check.sentence


def test_the_scan_is_traced_to_its_frame(tmp_path: Path, renderer: RayRenderer) -> None:
    options = SynthOptions(num_cameras=4, num_frames=3, size=(306, 256), scan_faces=4_000)
    capture = synthesize(tmp_path, options).capture
    everything = _checks(capture, renderer)["scan frame"]
    assert (everything.verdict, everything.choice, everything.decided) == ("warning", "0", True)
    assert "--frames 0" in everything.sentence
    assert _checks(capture, renderer, ValidationOptions(frames=("0",)))["scan frame"].verdict == "ok"
    assert _checks(capture, renderer, ValidationOptions(meshes=("flame",)))["scan frame"].verdict == "ok"


def test_what_does_not_apply_is_skipped_with_the_reason(make_ball: MakeBall, renderer: RayRenderer) -> None:
    with make_ball() as capture:
        checks = check_capture(capture, renderer, ValidationOptions(cameras=("00",)))
    verdicts = {check.name: check.verdict for check in checks}
    assert verdicts["flame translation"] == verdicts["landmark map"] == verdicts["scan frame"] == "skipped"
    assert all(check.sentence.startswith("not checked: ") for check in checks if check.verdict == "skipped")
    # The ball's own lens bends, but a single view has no standard error: nothing is decided.
    assert verdicts["mask space"] == "undecided"
    assert all(np.isnan(check.margin) for check in checks if check.verdict == "skipped")


def test_views_that_cannot_be_read_are_left_out(
    bent_capture: SynthTruth, renderer: RayRenderer, tmp_path: Path
) -> None:
    raw, annotations = _copied(bent_capture, tmp_path)
    with RenderMe360Capture(raw) as capture:
        first, second = capture.camera_names[:2]
    with h5py.File(annotations, "r+") as file:
        del file[f"Camera/{first}/mask/0"]
        file[f"Camera/{first}/mask/0"] = np.frombuffer(b"no picture", np.uint8)
        file[f"Calibration/{second}/K"][...] = np.nan
    check = _checks(raw, renderer)["mask space"]
    assert "of 4 views" in check.sentence


def test_no_more_views_are_rendered_than_the_budget_allows(bent_capture: SynthTruth) -> None:
    class Counting(RayRenderer):
        drawn = 0

        def render_mask(self, mesh: Mesh, camera: Camera) -> MaskImage:
            type(self).drawn += 1
            return super().render_mask(mesh, camera)

    with open_capture(bent_capture.capture) as capture:
        check_capture(capture, Counting(), budget=CheckBudget(num_views=3))
    assert Counting.drawn == 6


@pytest.mark.parametrize(("count", "most"), [(0, 3), (2, 3), (3, 3), (60, 6), (5, 1)])
def test_what_is_looked_at_is_spread_from_first_to_last(count: int, most: int) -> None:
    chosen = spread(range(count), most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    if count and most > 1:
        assert (chosen[0], chosen[-1]) == (0, count - 1)


class _Failing(RayRenderer):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def render_mask(self, mesh: Mesh, camera: Camera) -> MaskImage:
        raise self.error


def test_a_check_that_fails_costs_nothing_but_itself(make_ball: MakeBall) -> None:
    with make_ball() as capture:
        checks = {check.name: check for check in check_capture(capture, _Failing(ValueError("no such thing")))}
        assert checks["mask space"].sentence == "not checked: ValueError: no such thing"
        with pytest.raises(ContextError):
            check_capture(capture, _Failing(ContextError("0", "lost")))


def test_frames_that_cannot_be_described_are_left_out(make_ball: MakeBall, renderer: RayRenderer) -> None:
    with make_ball(changed_frames={"0": DatasetError(Path("x"), None, "broken")}) as capture:
        assert {check.verdict for check in check_capture(capture, renderer)} == {"skipped"}
