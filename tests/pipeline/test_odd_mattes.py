"""What a run concludes from mattes that are odd: blank, of another size, turned, inverted, with pieces of other things.

Every matte is planted into the files of a synthetic capture of a sound rig, so no camera is ever to be blamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_result import invoke

import renderkit as rk
from renderkit.arrays import AlphaImage
from renderkit.cli.diagnose import diagnose
from renderkit.cli.validate import exit_code
from renderkit.formats import write_rig
from renderkit.results.diagnosis import NOT_THE_CAMERA
from renderkit.results.headline import headline_of
from renderkit.results.json_report import dump_report, parse_report
from renderkit.synth.truth import SynthTruth

Change = Callable[[AlphaImage], AlphaImage]
NUM = 7


def read(path: Path) -> AlphaImage:
    """Read a grey picture."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.uint8)


@dataclass(frozen=True)
class Planted:
    """A synthetic capture whose mattes can be changed."""

    truth: SynthTruth
    folder: Path

    @property
    def names(self) -> list[str]:
        """The cameras that are valid."""
        with rk.open_capture(self.truth.capture) as capture:
            return list(capture.camera_names)

    def mattes(self, change: Change, cameras: Iterable[int] = range(NUM)) -> Path:
        """Write the mattes anew, those of some cameras changed."""
        assert self.truth.masks is not None
        for index, path in enumerate(sorted(self.truth.masks.rglob("*.png"))):
            matte = read(path)
            matte = change(matte) if index in set(cameras) else matte
            cv2.imwrite(str(self.folder / path.name), np.ascontiguousarray(matte))
        return self.folder

    def validate(self, mattes: Path, *, landmarks: bool = False) -> rk.Report:
        """Validate by mattes, or by landmarks as well."""
        marks = self.truth.landmarks if landmarks else None
        return rk.validate(self.truth.capture, masks=mattes, landmarks=marks, renderer="cpu", checks=False)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    options = rk.SynthOptions(like="facescape", num_cameras=NUM, size=(204, 170), scan_faces=12000, seed=4)
    return rk.synthesize(tmp_path_factory.mktemp("odd"), options)


@pytest.fixture
def planted(truth: SynthTruth, tmp_path: Path) -> Planted:
    return Planted(truth, tmp_path)


def as_it_is(matte: AlphaImage) -> AlphaImage:
    return matte


def empty(matte: AlphaImage) -> AlphaImage:
    return 0 * matte


def white(matte: AlphaImage) -> AlphaImage:
    return np.full_like(matte, 255)


def dark_grey(matte: AlphaImage) -> AlphaImage:
    return np.full_like(matte, 100)


def light_grey(matte: AlphaImage) -> AlphaImage:
    return np.full_like(matte, 200)


def half(matte: AlphaImage) -> AlphaImage:
    return np.asarray(cv2.resize(matte, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def inverted(matte: AlphaImage) -> AlphaImage:
    return 255 - matte


def with_border(matte: AlphaImage) -> AlphaImage:
    changed = np.full_like(matte, 255)
    changed[1:-1, 1:-1] = matte[1:-1, 1:-1]
    return changed


def with_others(matte: AlphaImage) -> AlphaImage:
    changed = matte.copy()
    changed[:30, :22] = changed[:30, -22:] = 255
    return changed


def with_specks(matte: AlphaImage) -> AlphaImage:
    noise = np.random.default_rng(1).random(matte.shape)
    return np.where(noise < 0.01, 255, matte).astype(np.uint8)


def with_hole(matte: AlphaImage) -> AlphaImage:
    rows, columns = np.nonzero(matte > 127)
    changed = matte.copy()
    top, left = (int(np.quantile(one, 0.4)) for one in (rows, columns))
    changed[top : top + 24, left : left + 24] = 0
    return changed


def corner(matte: AlphaImage) -> AlphaImage:
    changed = 0 * matte
    changed[:12, -12:] = 255
    return changed


@pytest.mark.parametrize("landmarks", [False, True])
def test_the_mattes_as_they_are_fit(planted: Planted, landmarks: bool) -> None:
    report = planted.validate(planted.mattes(as_it_is), landmarks=landmarks)
    headline = headline_of(report)
    assert (headline.word, headline.state, exit_code(report)) == ("FITS", "good", 0)
    assert report.diagnosis is not None
    assert not report.diagnosis.mattes
    assert report.diagnosis.num_mattes == len(report.rows)


@pytest.mark.parametrize("landmarks", [False, True])
@pytest.mark.parametrize(
    ("change", "word", "said"),
    [
        (empty, "MATTES EMPTY", "are empty"),
        (dark_grey, "MATTES EMPTY", "are empty"),
        (white, "MATTES ALL INSIDE", "cover the whole picture"),
        (light_grey, "MATTES ALL INSIDE", "cover the whole picture"),
    ],
)
def test_a_run_whose_mattes_are_all_blank_is_never_green(
    planted: Planted, change: Change, word: str, said: str, landmarks: bool
) -> None:
    report = planted.validate(planted.mattes(change), landmarks=landmarks)
    headline, num = headline_of(report), len(report.rows)
    assert (headline.word, headline.state, exit_code(report)) == (word, "bad", 2)
    assert f"{num} of {num} mattes say nothing" in headline.verdict
    assert said in headline.size
    assert ("The landmarks fit" in headline.verdict) == landmarks
    assert report.diagnosis is not None
    assert any(f"{num} of {num} mattes {said}" in line for line in report.diagnosis.lines)


def test_some_empty_and_some_white_mattes_are_counted_apart(planted: Planted) -> None:
    folder = planted.mattes(empty, range(3))
    for path in sorted(folder.glob("*.png"))[3:]:
        cv2.imwrite(str(path), white(read(path)))
    report = planted.validate(folder)
    headline = headline_of(report)
    assert (headline.word, exit_code(report)) == ("MATTES UNUSABLE", 2)
    assert "3 are empty" in headline.size
    assert "cover the whole picture" in headline.size


def test_most_blank_mattes_fail_a_run_although_the_others_fit(planted: Planted) -> None:
    report = planted.validate(planted.mattes(empty, range(5)), landmarks=True)
    headline = headline_of(report)
    assert headline.word == "MOST MATTES EMPTY"
    assert not report.passed
    assert exit_code(report) == 2


@pytest.mark.parametrize("landmarks", [False, True])
@pytest.mark.parametrize("cameras", [[2], [1, 4]])
@pytest.mark.parametrize(
    "change", [empty, white, inverted, with_border, with_others, with_specks, with_hole, np.flipud]
)
def test_a_bad_matte_is_called_one_and_no_camera_is_named(
    planted: Planted, change: Change, cameras: list[int], landmarks: bool
) -> None:
    report = planted.validate(planted.mattes(change, cameras), landmarks=landmarks)
    named = {planted.names[index] for index in cameras}
    assert report.diagnosis is not None
    assert report.diagnosis.verdict == "fits"
    assert {one.camera for one in report.diagnosis.mattes} == named
    assert not [one for one in report.diagnosis.cameras if one.family not in NOT_THE_CAMERA]
    assert not [one for one in report.explanations if one.camera in named]
    headline = headline_of(report)
    assert headline.word == f"{len(cameras)} BAD MATTE{'S' * (len(cameras) > 1)}"
    assert all(name in headline.who for name in named)
    assert "calibrate" not in headline.next_step.lower()


@pytest.mark.parametrize("change", [with_border, with_others, with_specks])
def test_pieces_beside_the_subject_do_not_make_a_rig_unfit(planted: Planted, change: Change) -> None:
    report = planted.validate(planted.mattes(change))
    assert report.diagnosis is not None
    assert report.diagnosis.verdict == "fits"
    assert {one.cause for one in report.diagnosis.mattes} == {"other pieces"}
    assert any("other pieces than the subject" in line for line in report.diagnosis.lines)


@pytest.mark.parametrize("landmarks", [False, True])
def test_mattes_of_half_size_are_no_fit(planted: Planted, landmarks: bool) -> None:
    folder = planted.mattes(half)
    report = planted.validate(folder, landmarks=landmarks)
    assert exit_code(report) == 2
    found = report.diagnosis
    assert found is not None
    assert found.cameras == ()
    assert found.verdict == ("fits" if landmarks else "cannot tell")
    assert found.before.iou != found.before.iou or not landmarks
    assert any("do not have the size" in line for line in found.lines)
    assert "fits" not in headline_of(report).verdict


def test_a_matte_of_half_size_in_one_camera_is_left_out(planted: Planted) -> None:
    report = planted.validate(planted.mattes(half, [3]))
    assert exit_code(report) == 2
    assert report.diagnosis is not None
    assert [(one.camera, one.cause) for one in report.diagnosis.mattes] == [(planted.names[3], "of another size")]
    assert report.diagnosis.cameras == ()


@pytest.mark.parametrize(
    ("change", "landmarks", "name"),
    [
        (inverted, False, "mattes inverted"),
        (inverted, True, "mattes inverted"),
        (np.flipud, False, "mattes upside down"),
        (np.flipud, True, "mattes upside down"),
        (lambda matte: matte[::-1, ::-1], True, "mattes turned by 180 degrees"),
    ],
)
def test_mattes_that_all_have_one_slip_are_read(planted: Planted, change: Change, landmarks: bool, name: str) -> None:
    report = planted.validate(planted.mattes(change), landmarks=landmarks)
    assert report.diagnosis is not None
    assert report.diagnosis.readings == (name,)
    assert exit_code(report) == 1
    assert headline_of(report).next_step.startswith("Correct the mattes")


def test_spots_are_no_inverted_mattes(planted: Planted) -> None:
    found = planted.validate(planted.mattes(corner), landmarks=True).diagnosis
    assert found is not None
    assert found.readings == ()
    assert found.blocks


def test_mattes_that_show_something_else_are_asked_about(planted: Planted) -> None:
    report = planted.validate(planted.mattes(corner, [2]))
    assert report.diagnosis is not None
    (fault,) = report.diagnosis.cameras
    assert fault.cannot_tell == ("far off", "mattes of something else")
    assert headline_of(report).next_step.startswith("Look at the mattes of camera")


def test_mattes_that_are_too_small_are_not_calibrated_again(planted: Planted) -> None:
    square = np.ones((5, 5), np.uint8)
    report = planted.validate(planted.mattes(lambda matte: np.asarray(cv2.erode(matte, square), np.uint8), [2]))
    headline = headline_of(report)
    assert headline.word == "1 CAMERA WITH BAD MATTES"
    assert headline.next_step.startswith("Make the mattes of camera")


@pytest.mark.parametrize("landmarks", [False, True])
@pytest.mark.parametrize(("way", "cause"), [(cv2.erode, "too small"), (cv2.dilate, "too large")])
def test_two_cameras_whose_mattes_are_too_large_or_too_small_are_not_off(
    planted: Planted, way: Callable[..., AlphaImage], cause: str, landmarks: bool
) -> None:
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    report = planted.validate(planted.mattes(lambda matte: way(matte, disk), [0, 3]), landmarks=landmarks)
    assert report.diagnosis is not None
    assert report.diagnosis.cameras == ()
    assert [(one.camera, one.cause) for one in report.diagnosis.mattes] == [
        (planted.names[index], cause) for index in (0, 3)
    ]
    assert headline_of(report).word == "2 BAD MATTES"


def test_two_cameras_whose_pictures_are_of_another_size_are_off(planted: Planted) -> None:
    def grown(matte: AlphaImage) -> AlphaImage:
        turn = cv2.getRotationMatrix2D((0.5 * matte.shape[1], 0.5 * matte.shape[0]), 0.0, 1.04)
        return np.asarray(cv2.warpAffine(matte, turn, matte.shape[::-1]), np.uint8)

    report = planted.validate(planted.mattes(grown, [0, 3]))
    assert report.diagnosis is not None
    assert {one.camera for one in report.diagnosis.cameras} == {planted.names[0], planted.names[3]}
    assert report.diagnosis.mattes == ()


def written(planted: Planted, focal: float = 1.0, **mesh: float) -> tuple[Path, Path]:
    """Write the rig, its focal lengths changed, and the mesh: stretched along x, or grown, or shifted by radii."""
    with rk.open_capture(planted.truth.capture) as capture:
        frame = capture.frame(capture.frame_ids[0])
        scan = frame.read_mesh(frame.mesh_names[0])
        cameras = {name: capture.view(frame.id, name).camera for name in capture.camera_names}
    zoom = np.ones((3, 3))
    zoom[0, 0] = zoom[1, 1] = focal
    rig = rk.Rig({name: replace(camera, K=camera.K * zoom) for name, camera in cameras.items()})
    middle = scan.vertices.mean(axis=0)
    arms = scan.vertices - middle
    radius = float(np.linalg.norm(arms, axis=1).mean())
    stretch = np.array([mesh.get("stretch", 1.0), 1.0, 1.0]) * mesh.get("growth", 1.0)
    vertices = middle + arms * stretch + radius * np.array([mesh.get("shift", 0.0), 0.0, 0.0])
    lines = [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices]
    lines += [f"f {a} {b} {c}" for a, b, c in scan.faces + 1]
    path = planted.folder / "mesh.obj"
    path.write_text("\n".join(lines) + "\n")
    write_rig(rig, planted.folder / "rig.json", format="rig")
    return planted.folder / "rig.json", path


@pytest.mark.parametrize(
    ("planted_error", "word", "code"),
    [
        ({}, "FITS", 0),
        ({"focal": 1.05}, "FITS, MESH OFF", 0),
        ({"focal": 1.1}, "DOES NOT FIT", 1),
        ({"growth": 0.9}, "DOES NOT FIT", 1),
        ({"shift": 0.05}, "FITS, MESH OFF", 0),
        ({"shift": 0.15}, "DOES NOT FIT", 1),
        ({"stretch": 0.88}, "OVERLAPS", 0),
    ],
)
def test_by_mattes_alone_outlines_that_lie_apart_are_no_plain_fit(
    planted: Planted, planted_error: dict[str, float], word: str, code: int
) -> None:
    folder = planted.mattes(as_it_is)
    rig, mesh = written(planted, **planted_error)
    report = rk.validate(rig=rig, mesh=mesh, masks=folder, renderer="cpu", checks=False)
    headline = headline_of(report)
    assert (headline.word, exit_code(report)) == (word, code), str(report.diagnosis)
    assert report.diagnosis is not None
    assert report.diagnosis.cameras == ()
    if report.diagnosis.readings:
        assert "shift" in planted_error
        assert "the mesh is shifted against all cameras alike" in headline.why
    elif word != "FITS":
        assert "px RMS" in f"{headline.verdict} {headline.size}"
        assert word != "DOES NOT FIT" or "once the mesh is moved" in headline.why


def test_bad_mattes_and_outlines_survive_a_report(planted: Planted) -> None:
    report = planted.validate(planted.mattes(empty, [2]))
    again = parse_report(dump_report(report), planted.folder)
    assert again.diagnosis is not None
    assert report.diagnosis is not None
    assert again.diagnosis.mattes == report.diagnosis.mattes
    assert again.diagnosis.outlines == report.diagnosis.outlines
    assert headline_of(again) == headline_of(report)


def test_diagnose_leaves_with_2_where_mattes_say_nothing(planted: Planted) -> None:
    code, out, _ = invoke(diagnose, planted.truth.capture, "--masks", planted.mattes(empty))
    assert code == 2
    assert "mattes are empty" in out
