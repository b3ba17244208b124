"""Which fault explains a camera: right causes are named, wrong ones are not accepted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from renderkit.diagnosis.explain_camera import explain_camera
from renderkit.diagnosis.hypotheses.case import Candidate, Case, MaskPair, UsualError
from renderkit.diagnosis.hypotheses.identity import turned_picture
from renderkit.diagnosis.hypotheses.lens import distortion_sign
from renderkit.diagnosis.hypotheses.registry import HYPOTHESES, Hypothesis
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_pairs import LandmarkPairs
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.results.explanation import CameraExplanation, Measure
from renderkit.synth.faults import FAULTS

_K = [[1200.0, 0.0, 305.0], [0.0, 1200.0, 250.0], [0.0, 0.0, 1.0]]
_LENS = (-0.12, 0.3, 0.0005, -0.0004, 0.1)
_POINTS = np.random.default_rng(4).uniform([-0.22, -0.18, 0.9], [0.22, 0.18, 1.1], (73, 3))
_NOISE_PX = 0.3
_USUAL: Mapping[Measure, UsualError] = {"px": UsualError(0.36, 0.1), "1 - IoU": UsualError(math.nan, 0.002)}


def _camera(name: str = "a", turn: float = 0.0, lens: tuple[float, ...] = _LENS) -> Camera:
    """Return a camera that looks at the points from a place `turn` degrees around them."""
    around = Pose.from_rotation_vector([0.0, np.radians(turn), 0.0], np.zeros(3))
    center = np.array([0.0, 0.0, 1.0])
    return Camera.from_opencv(_K, lens, Pose(around.R, center - around.R @ center), (612, 512), name)


def _case(
    written: Camera,
    true: Camera,
    others: Mapping[str, Camera] | None = None,
    partners: Mapping[str, Case] | None = None,
    noise_px: float = _NOISE_PX,
) -> Case:
    captured = true.project(_POINTS) + np.random.default_rng(5).normal(0.0, noise_px, (len(_POINTS), 2))
    return Case(
        camera=written,
        others=others or {"b": _camera("b", 25.0), "c": _camera("c", -25.0)},
        usual=_USUAL,
        landmarks=LandmarkPairs(_POINTS, captured),
        partner=(partners or {}).get,
    )


def _told(case: Case) -> CameraExplanation:
    return explain_camera(case, "scan")


def _with(camera: Camera, focal: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Camera:
    K = camera.K.copy()
    K[:2, :2] *= focal
    K[:2, 2] += shift
    return replace(camera, K=K)


def _moved(camera: Camera, turn_deg: tuple[float, float, float]) -> Camera:
    step = Pose.from_rotation_vector(np.radians(turn_deg), np.zeros(3))
    pose = camera.cam_from_world
    return replace(camera, cam_from_world=Pose(step.R @ pose.R, step.R @ pose.t))


def _bent(camera: Camera, k1: float) -> Camera:
    coefficients = camera.distortion.coefficients.copy()
    coefficients[0] += k1
    return replace(camera, distortion=BrownConrady(coefficients))


TRUE = _camera()


@pytest.mark.parametrize(
    ("written", "cause", "words"),
    [
        (_with(TRUE, shift=(1.6, 1.2)), "shift", "principal point"),
        (_with(TRUE, 1.01), "scale", "too large: focal length too long"),
        (_with(TRUE, 0.99), "scale", "too small: focal length too short"),
        (_with(TRUE, 1.03), "scale", "focal length too long"),
        (_with(TRUE, 1.08), "scale", "focal length too long"),
        (_with(TRUE, 0.93), "scale", "focal length too short"),
        (_moved(TRUE, (0.0, 0.0, 0.8)), "roll", "rotation about the optical axis"),
        (_moved(TRUE, (0.0, 0.3, 0.0)), "shift", "a small rotation about x or y"),
        (_moved(TRUE, (0.2, 0.0, 0.0)), "shift", "a small rotation about x or y"),
        (_bent(TRUE, 0.25), "radial", "too far out"),
        (_bent(TRUE, -0.25), "radial", "too far in"),
        (_bent(_with(TRUE, shift=(2.0, 0.0)), 0.3), "shift and radial", "k1 that is too large by 0."),
        (_with(TRUE, 1.02, (3.0, 0.0)), "shift and scale", "focal length too long"),
    ],
)
def test_faults_of_amount_are_named_by_their_pattern(written: Camera, cause: str, words: str) -> None:
    told = _told(_case(written, TRUE))
    assert told.cause == cause, told.sentence
    assert words in told.sentence
    assert told.after < 0.5 < told.before


def _flipped(camera: Camera) -> Camera:
    return replace(camera, distortion=BrownConrady(camera.distortion.coefficients * np.array([-1, -1, 1, 1, -1])))


def _gl(camera: Camera) -> Camera:
    axes, pose = np.diag([1.0, -1.0, -1.0]), camera.cam_from_world
    return replace(camera, cam_from_world=Pose(axes @ pose.R, axes @ pose.t))


STRONG = _camera(lens=(-0.5, 0.9, 0.01, -0.008, 0.6))
TURNED = _camera(turn=20.0)


@pytest.mark.parametrize(
    ("written", "true", "cause"),
    [
        (_gl(TURNED), TURNED, "OpenGL axes"),
        (replace(TURNED, cam_from_world=TURNED.cam_from_world.inverse()), TURNED, "inverted extrinsics"),
        (replace(TURNED, cam_from_world=_gl(TURNED).cam_from_world.inverse()), TURNED, "inverted extrinsics"),
        (replace(TURNED, cam_from_world=Pose(TURNED.cam_from_world.R, TURNED.cam_from_world.t * 1e3)), TURNED, "unit"),
        (_flipped(STRONG), STRONG, "sign of the distortion"),
        (STRONG, STRONG.undistorted(), "undistorted picture"),
        (
            replace(STRONG, distortion=BrownConrady(STRONG.distortion.coefficients[[0, 1, 4, 2, 3]])),
            STRONG,
            "order of the distortion",
        ),
        (_camera(lens=(0.0,) * 5), STRONG, "distortion dropped"),
    ],
)
def test_faults_of_convention_are_named(written: Camera, true: Camera, cause: str) -> None:
    lenses = {name: _camera(name, turn, (-0.47, 0.9, 0.01, -0.008, 0.6)) for name, turn in (("b", 25.0), ("c", -25.0))}
    told = _told(_case(written, true, lenses))
    assert told.cause.startswith(cause), told.sentence


def test_a_swap_shows_in_both_partners() -> None:
    a, b = _camera("a"), _camera("b", 25.0)
    # Written for a is b's calibration and the other way round.
    partner = _case(replace(a, name="b"), b)
    told = _told(_case(replace(b, name="a"), a, {"b": replace(a, name="b")}, {"b": partner}))
    assert told.cause == "swapped calibration"
    assert "camera b: the two have been swapped" in told.sentence


def test_a_fit_of_another_cameras_calibration_is_no_swap_where_that_camera_is_sound() -> None:
    a, b = _camera("a"), _camera("b", 25.0)
    told = _told(_case(b, a, {"b": replace(a, name="b")}, {"b": _case(replace(a, name="b"), a)}))
    assert told.cause == "unexplained"


def test_ids_that_are_shifted_round_the_rig_are_no_swap() -> None:
    a, b, c = _camera("a"), _camera("b", 25.0), _camera("c", -25.0)
    # b has a's calibration, a has c's, c has b's.
    told = _told(_case(replace(c, name="a"), a, {"b": replace(a, name="b")}, {"b": _case(replace(a, name="b"), b)}))
    assert told.cause == "shifted ids"


def test_a_camera_that_is_merely_shifted_is_not_swapped_with_its_neighbour() -> None:
    neighbour = _with(_camera("b"), shift=(9.0, 0.0))
    written = _with(TRUE, shift=(12.0, 0.0))
    told = _told(_case(written, TRUE, {"b": neighbour}, {"b": _case(neighbour, neighbour)}))
    assert told.cause == "shift"


@pytest.mark.parametrize("k1", [0.12, -0.12, 0.06, 0.2])
def test_an_error_of_k1_is_no_undistorted_picture(k1: float) -> None:
    told = _told(_case(_bent(STRONG, k1), STRONG))
    assert "undistorted" not in told.cause


def test_what_nothing_explains_says_what_the_best_attempt_leaves() -> None:
    told = _told(_case(_with(TRUE, shift=(30.0, 0.0)), TRUE, noise_px=5.0))
    assert told.cause == "unexplained"
    assert "none of the usual slips explains it; the best, shift, leaves" in told.sentence
    assert "the rig's usual is 0.36 px" in told.sentence
    assert math.isnan(told.after)


def test_causes_that_fit_as_well_are_named_too() -> None:
    true = _camera(lens=(-0.5, 0.0, 0.0, 0.0, 0.0))
    written = _camera(lens=(0.5, 0.0, 0.0, 0.0, 0.0))

    def twin(case: Case) -> Iterator[Candidate]:
        yield from (replace(one, cause="twin") for one in distortion_sign(case))

    told = explain_camera(_case(written, true), "scan", (*HYPOTHESES, Hypothesis(twin)))
    assert told.cause == "sign of the distortion"
    assert told.sentence.endswith("(or twin: they fit as well)")


def test_of_two_that_fit_alike_the_one_with_fewer_free_numbers_is_named() -> None:
    def lavish(case: Case) -> Iterator[Candidate]:
        yield case.candidate("lavish", "nine numbers", TRUE, num_free=9)

    def spare(case: Case) -> Iterator[Candidate]:
        yield case.candidate("spare", "one number", TRUE, num_free=1)

    case = _case(_with(TRUE, 1.02), TRUE)
    assert explain_camera(case, "scan", (Hypothesis(lavish), Hypothesis(spare))).cause == "spare"


def test_a_hypothesis_is_a_function_and_a_line() -> None:
    def upside_down(case: Case) -> Iterator[Candidate]:
        half = Pose(np.diag([-1.0, -1.0, 1.0]), np.zeros(3))
        pose = case.camera.cam_from_world
        camera = replace(case.camera, cam_from_world=Pose(half.R @ pose.R, half.R @ pose.t))
        yield case.candidate("upside down", "it hangs upside down", camera)

    written = _moved(TRUE, (0.0, 0.0, 180.0))
    hypotheses = (*HYPOTHESES, Hypothesis(upside_down))
    assert explain_camera(_case(written, TRUE), "scan", hypotheses).cause == "upside down"


def test_a_picture_that_is_turned_by_180_degrees() -> None:
    case = _case(TRUE, TRUE)
    assert case.landmarks is not None
    turned = LandmarkPairs(_POINTS, np.array(TRUE.size) - 1.0 - case.landmarks.captured)
    told = _told(replace(case, landmarks=turned))
    assert told.cause == "turned picture"
    assert told.after < 0.6
    assert told.before > 50.0
    # Off the axis of the camera, a turned picture is not a rolled camera.
    assert _told(_case(_moved(TRUE, (0.0, 0.0, 0.8)), TRUE)).cause == "roll"


@pytest.mark.parametrize("turned", [False, True])
def test_a_turned_matte(turned: bool) -> None:
    rendered = np.zeros((512, 612), np.bool_)
    rendered[40:300, 100:250] = True
    captured = rendered[::-1, ::-1] if turned else np.roll(rendered, 60, axis=1)
    mesh = Mesh(_POINTS, np.array([[0, 1, 2]]))
    case = replace(_case(TRUE, TRUE), landmarks=None, masks=MaskPair(mesh, captured, lambda _: rendered))
    (candidate,) = turned_picture(case)
    assert (candidate.after == 0.0) == turned


def test_every_fault_that_can_be_planted_has_a_hypothesis_and_the_other_way_round() -> None:
    named = {fault for one in HYPOTHESES for fault in one.planted_as}
    # A resized picture does not have the calibration's size: its view fails and says so.
    assert named == set(FAULTS) - {"resized"}
    assert all(bool(one.planted_as) != bool(one.why_not_planted) for one in HYPOTHESES)
