"""Mattes alone, through the interface of evidence: what is said, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from silhouette_rigs import around, matte, shifted

from renderkit.capture import View
from renderkit.diagnosis.evidence.kind import EvidenceOptions
from renderkit.diagnosis.evidence.mattes import measure_mattes, turn_words
from renderkit.diagnosis.silhouettes.named import Named
from renderkit.formats import open_capture
from renderkit.geometry.camera import Camera
from renderkit.images.encoded import EncodedImage

ONE_THREAD = EvidenceOptions(threads=1)


def _view(camera: Camera, alpha: np.ndarray, frame: str = "0") -> View:
    return View(frame, camera, mask=EncodedImage.from_array(alpha, Path("memory"), camera.name))


@pytest.fixture(scope="module")
def views() -> list[View]:
    """A sound rig of 14 cameras."""
    rng = np.random.default_rng(2)
    return [_view(camera, matte(camera, rng, 0.3)) for camera in around(14).values()]


def test_a_sound_rig_fits_and_a_shifted_camera_is_named_with_its_picture(views: list[View]) -> None:
    sound = measure_mattes(views, ONE_THREAD)
    assert (sound.findings.verdict, sound.findings.off, sound.marks) == ("fits", (), ())
    assert set(sound.scores) == {("0", view.camera.name) for view in views}
    assert sound.findings.numbers["informative"] > 0.3
    camera = views[6].camera
    moved = [*views[:6], View("0", shifted(camera, 2.0, 0.0), mask=views[6].mask), *views[7:]]
    found = measure_mattes(moved, ONE_THREAD)
    assert found.findings.verdict == "does not fit"
    (off,) = found.findings.off
    assert (off.camera, off.cause) == (camera.name, "shift")
    assert off.shift_px == pytest.approx((-2.0, 0.0), abs=0.6)
    assert off.sentence.startswith(f"camera {camera.name}: its projections lie ")
    assert [mark.camera for mark in found.marks] == [camera.name]
    assert len(found.marks[0].bad) > 10
    scores = {name: score["silhouette"].conflict_px for (_, name), score in found.scores.items()}
    assert max(scores, key=lambda name: scores[name]) == camera.name


def test_few_cameras_and_mattes_that_fill_the_picture_are_refused(views: list[View]) -> None:
    few = measure_mattes(views[:11], ONE_THREAD)
    assert few.findings.verdict == "cannot tell"
    assert "11 views of a frame" in few.findings.sentence
    full = [_view(view.camera, np.full((view.camera.height, view.camera.width), 255, np.uint8)) for view in views]
    found = measure_mattes(full, ONE_THREAD)
    assert found.findings.verdict == "cannot tell"
    assert "fills 100 % of the picture" in found.findings.sentence
    assert "fills 100 %" in found.scores["0", views[0].camera.name]["silhouette"].reason
    assert "at least 12 cameras" in measure_mattes([], ONE_THREAD).findings.sentence


def test_empty_mattes_single_ones_and_specks_are_refused(views: list[View]) -> None:
    rng = np.random.default_rng(4)
    shape = views[0].camera.height, views[0].camera.width
    empty = [_view(view.camera, np.zeros(shape, np.uint8)) for view in views]
    specks = [_view(view.camera, rng.integers(0, 2, shape, np.uint8) * np.uint8(255)) for view in views]
    for given, words in (
        (empty, "no view has a matte whose outline can be compared (of most: the matte is empty)"),
        ([views[0], *empty[1:]], "1 view of a frame has a matte"),
        (specks, "specks or lines, not the subject's outline"),
    ):
        found = measure_mattes(given, ONE_THREAD).findings
        assert (found.verdict, found.off) == ("cannot tell", ())
        assert words in found.sentence


def _dino(shared_data: Path, changed: dict[str, tuple[float, float]]) -> list[View]:
    with open_capture(shared_data / "middlebury_dino") as capture:
        views = [view for view in capture.views(capture.frame_ids[0]) if view.mask is not None]
        return [
            View(view.frame, shifted(view.camera, *changed.get(view.camera.name, (0.0, 0.0))), mask=view.mask.fetched())
            for view in views
            if view.mask is not None
        ]


def test_real_silhouettes_share_a_vertical_shift(shared_data: Path) -> None:
    found = measure_mattes(_dino(shared_data, {}), EvidenceOptions())
    dy, error = (found.findings.numbers[f"common_shift_{name}"] for name in ("y_px", "error_y_px"))
    assert 0.5 < dy < 1.3
    assert dy > 5.0 * error
    # View 1 alone is where its calibration says; features of the photographs agree, see docs/guide/no-mesh.md.
    assert any("of all cameras but dinoSR0001 lie" in note and "too far up" in note for note in found.findings.notes)


def test_exchanged_real_silhouettes_are_named(shared_data: Path) -> None:
    views = _dino(shared_data, {})
    names = [view.camera.name for view in views]
    views[3], views[9] = (
        View(views[3].frame, views[3].camera, mask=views[9].mask),
        View(views[9].frame, views[9].camera, mask=views[3].mask),
    )
    found = measure_mattes(views, EvidenceOptions()).findings
    assert {one.camera for one in found.off if one.cause == "swapped"} == {names[3], names[9]}


@pytest.mark.parametrize(
    ("unclear", "words"),
    [(False, "clockwise by 1.730 +/- 0.200 deg"), (True, "by about 2 deg, which is not known well")],
)
def test_a_turn_whose_measurement_did_not_settle_has_no_amount(unclear: bool, words: str) -> None:
    turn = (float(np.radians(-1.73)), float(np.radians(0.2)))
    named = Named(6, "roll", (0.0, 0.0), (0.1, 0.1), amount=-2.2, turn=turn, is_unclear=unclear)
    assert turn_words(named).endswith(words)
