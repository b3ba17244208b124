from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from renderkit.diagnosis.lint import Finding, exit_code, lint
from renderkit.formats import RawCamera, RawRig, raw_from_rig, read_raw_rig
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

Change = Callable[[RawCamera], RawCamera]


def look_at(center: np.ndarray, target: np.ndarray) -> Pose:
    forward = (target - center) / np.linalg.norm(target - center)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    rotation = np.array([right, np.cross(forward, right), forward])
    return Pose(rotation, -rotation @ center)


@pytest.fixture
def clean() -> RawRig:
    """Sixteen cameras in a half dome of radius 1.5 m about a head, as a capture has them."""
    random = np.random.default_rng(11)
    cameras = {}
    for index in range(16):
        angle, height = 2.0 * np.pi * index / 16.0, random.uniform(-0.6, 0.2)
        center = np.array([1.5 * np.sin(angle), height, 1.5 * np.cos(angle)])
        focal = 2400.0 + random.normal() * 8.0
        middle = np.array([611.0, 511.0]) + random.normal(size=2) * 6.0
        K = np.array([[focal, 0.0, middle[0]], [0.0, focal + 1.0, middle[1]], [0.0, 0.0, 1.0]])
        lens = BrownConrady(np.array([-0.08, 0.1, 0.001, -0.001, 0.0]))
        pose = look_at(center, random.normal(size=3) * 0.02)
        cameras[f"{index:02d}"] = Camera(K, 1224, 1024, lens, pose)
    return raw_from_rig(Rig(cameras, "m", "clean"))


def every(rig: RawRig, change: Change) -> RawRig:
    return replace(rig, cameras=tuple(change(camera) for camera in rig.cameras))


def only(rig: RawRig, name: str, change: Change) -> RawRig:
    return every(rig, lambda camera: change(camera) if camera.name == name else camera)


def with_k(**entries: float) -> Change:
    places = {"fx": (0, 0), "fy": (1, 1), "cx": (0, 2), "cy": (1, 2), "skew": (0, 1), "k10": (1, 0)}

    def change(camera: RawCamera) -> RawCamera:
        K = np.array(camera.K)
        for key, value in entries.items():
            K[places[key]] = value
        return replace(camera, K=K)

    return change


def inverted(camera: RawCamera) -> RawCamera:
    return replace(camera, direction="world_from_cam")


def as_transforms_json_states_it(camera: RawCamera) -> RawCamera:
    """The camera-to-world matrix with OpenGL axes, taken for world-to-camera with OpenCV's."""
    pose = np.vstack([camera.pose, [0.0, 0.0, 0.0, 1.0]])
    return replace(camera, pose=np.linalg.inv(np.diag([1.0, -1.0, -1.0, 1.0]) @ pose)[:3])


def with_rotation(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda camera: replace(
        camera, pose=np.column_stack([change(np.array(camera.pose[:, :3])), camera.pose[:, 3]])
    )


def in_mm(camera: RawCamera) -> RawCamera:
    return replace(camera, pose=np.column_stack([camera.pose[:, :3], 1000.0 * camera.pose[:, 3]]))


def found(rig: RawRig) -> list[tuple[str, str, str | None]]:
    return [(one.severity, one.code, one.camera) for one in lint(rig)]


def test_a_clean_rig_is_clean(clean: RawRig) -> None:
    assert lint(clean) == ()
    assert lint(clean.to_rig()) == ()
    assert exit_code(lint(clean)) == 0


@pytest.mark.parametrize(
    ("change", "severity", "code"),
    [
        (with_k(fx=float("nan")), "error", "not-finite"),
        (lambda c: replace(c, pose=np.full((3, 4), np.inf)), "error", "not-finite"),
        (lambda c: replace(c, coefficients=(float("nan"),) * 5), "error", "not-finite"),
        (lambda c: replace(c, K=np.array(c.K).T), "error", "k-transposed"),
        (with_k(k10=3.0), "error", "k-form"),
        (with_k(fx=-2400.0), "error", "focal-not-positive"),
        (with_k(fx=2400.0 * 1.5, fy=2400.0 * 1.5 / 1.3), "error", "focal-aspect"),
        (with_k(fx=2460.0, fy=2400.0), "warning", "focal-aspect"),
        (with_k(skew=60.0), "warning", "skew"),
        (with_k(cx=511.0, cy=611.0), "error", "principal-point-swapped"),
        (with_k(cx=3000.0), "error", "principal-point-outside"),
        (with_k(cx=1100.0), "warning", "principal-point-off-center"),
        (with_rotation(lambda R: 1.01 * R), "error", "rotation-not-orthonormal"),
        (with_rotation(lambda R: R * np.array([[1.0], [1.0], [-1.0]])), "error", "rotation-mirrors"),
        (lambda c: replace(c, coefficients=(0.1, 0.2, 0.3)), "error", "distortion-count"),
        # k1 k2 k3 p1 p2 read as k1 k2 p1 p2 k3, and p1 p2 first.
        (lambda c: replace(c, coefficients=(-0.2, 0.1, 0.05, 0.001, -0.002)), "error", "distortion-order"),
        (lambda c: replace(c, coefficients=(0.001, -0.002, -0.2, 0.1, 0.0)), "error", "distortion-order"),
        (lambda c: replace(c, coefficients=(-0.2, 0.1, 0.05, 0.04, 0.3)), "warning", "distortion-tangential"),
        (lambda c: replace(c, coefficients=(-9.0, 0.0, 0.0, 0.0, 0.0)), "error", "fold-over"),
        (lambda c: replace(c, picture_size=(612, 512)), "error", "picture-size"),
        (lambda c: replace(c, picture_size=(1024, 1224)), "error", "picture-size"),
        (in_mm, "error", "camera-unit"),
        (inverted, "error", "looks-away"),
        (lambda c: replace(c, axes="opengl"), "error", "looks-away"),
        (with_k(fx=2560.0, fy=2561.0), "warning", "fx-outlier"),
        (with_k(cx=750.0), "warning", "cx-outlier"),
    ],
)
def test_a_fault_planted_in_one_camera_is_found_there(change: Change, severity: str, code: str, clean: RawRig) -> None:
    seen = found(only(clean, "05", change))
    assert (severity, code, "05") in seen
    assert {camera for _, _, camera in seen} == {"05"}, "the other fifteen must stay clean"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (inverted, "extrinsics-inverted"),
        (lambda c: replace(c, axes="opengl"), "extrinsics-opengl-axes"),
        (as_transforms_json_states_it, "extrinsics-inverted-opengl-axes"),
        (in_mm, "unit"),
        (lambda c: replace(c, size=(1024, 1224)), "size-swapped"),
    ],
)
def test_a_fault_of_the_whole_rig_is_one_finding(change: Change, code: str, clean: RawRig) -> None:
    findings = lint(every(clean, change))
    assert [(one.severity, one.code, one.camera) for one in findings] == [("error", code, None)]
    assert exit_code(findings) == 1


def test_the_evidence_has_numbers_and_the_advice_says_what_to_do(clean: RawRig) -> None:
    (scaled,) = (one for one in lint(only(clean, "05", with_rotation(lambda R: 1.01 * R))) if "ortho" in one.code)
    assert "max |R R^T - I| = 0.0201" in scaled.evidence
    assert "divide R by it" in scaled.advice
    assert scaled.values["determinant"] == pytest.approx(1.01**3)
    (turned,) = lint(only(clean, "05", inverted))
    assert "read inverted, it looks at that point" in turned.advice
    (small,) = lint(only(clean, "05", lambda c: replace(c, picture_size=(612, 512))))
    assert "calibrated at 1224 x 1024 px, but its picture has 612 x 512 px" in small.evidence
    assert "resize K by 0.5 and 0.5" in small.advice


def test_duplicates_are_named(clean: RawRig) -> None:
    twin = replace(clean.cameras[3], name="twin")
    (one,) = lint(replace(clean, cameras=(*clean.cameras, twin)))
    assert (one.severity, one.code) == ("warning", "duplicate-pose")
    assert "share one pose and one K: 03, twin" in one.evidence
    again = lint(replace(clean, cameras=(*clean.cameras, clean.cameras[3])))
    assert ("error", "duplicate-name") in [(finding.severity, finding.code) for finding in again]


def test_another_lens_in_part_of_the_rig_is_no_outlier(clean: RawRig) -> None:
    longer = {"01", "02", "03", "04"}
    mixed = every(clean, lambda c: with_k(fx=4800.0, fy=4801.0)(c) if c.name in longer else c)
    assert lint(mixed) == ()


def test_a_rig_that_looks_outwards_is_not_called_wrong(clean: RawRig) -> None:
    random = np.random.default_rng(0)
    turned = every(clean, lambda c: replace(c, pose=np.column_stack([_random_rotation(random), [0.1, 0.2, 0.3]])))
    assert [one for one in lint(turned) if one.severity == "error"] == []
    assert "axes-do-not-meet" in {one.code for one in lint(turned)}


def _random_rotation(random: np.random.Generator) -> np.ndarray:
    orthonormal, _ = np.linalg.qr(random.normal(size=(3, 3)))
    rotation: np.ndarray = orthonormal * np.sign(np.linalg.det(orthonormal))
    return rotation


def test_a_row_of_parallel_cameras_is_not_called_wrong(clean: RawRig) -> None:
    centers = iter(range(16))
    row = every(clean, lambda c: replace(c, pose=np.column_stack([np.eye(3), [-0.1 * next(centers), 0.0, 0.0]])))
    assert [one.code for one in lint(row)] == ["axes-do-not-meet"]
    assert exit_code(lint(row)) == 0


def test_an_assumed_size_is_told(clean: RawRig) -> None:
    guessed = every(clean, lambda c: replace(c, size_source="assumed"))
    assert [(one.severity, one.code) for one in lint(guessed)] == [("warning", "size-guessed")]


def test_no_camera_is_an_error() -> None:
    assert [one.code for one in lint(RawRig((), Path("x")))] == ["no-cameras"]


def test_findings_are_json_and_worst_first(clean: RawRig) -> None:
    rig = only(only(clean, "05", with_k(fx=float("nan"))), "01", with_k(skew=60.0))
    findings = lint(rig)
    assert [one.severity for one in findings] == ["error", "warning"]
    text = json.dumps([one.as_json() for one in findings], allow_nan=False)
    assert json.loads(text)[0]["camera"] == "05"
    infinite = Finding("info", "x", None, "", "", {"value": float("nan")})
    assert infinite.as_json()["values"] == {"value": None}


def test_the_real_distorted_calibration_folds_over_in_32_cameras(shared_data: Path) -> None:
    raw = read_raw_rig(shared_data / "renderme360" / "calibration_distorted.json")
    findings = [one for one in lint(raw) if one.severity != "info"]
    assert {(one.severity, one.code) for one in findings} == {("error", "fold-over")}
    assert len({one.camera for one in findings}) == len(findings) == 32
    for one in findings:
        assert one.values["corners_lost"] >= 1.0
        assert 0.0 <= one.values["lost_share"] < 0.3
        assert "no ray reaches" in one.evidence


def test_the_other_real_calibration_is_clean_and_inverted_it_is_not(shared_data: Path) -> None:
    raw = read_raw_rig(shared_data / "renderme360" / "calibration_0026_s1_all.json")
    assert [one.code for one in lint(raw)] == ["reader"], "only the note that the file states no image size"
    assert exit_code(lint(raw)) == 0
    wrong = [one for one in lint(every(raw, lambda c: replace(c, direction="cam_from_world"))) if one.code != "reader"]
    assert [one.code for one in wrong] == ["extrinsics-inverted"]
    assert "30 of 60 cameras look away" in wrong[0].evidence
    assert "read inverted, 60 look at one point" in wrong[0].evidence


def test_middlebury_is_clean(shared_data: Path) -> None:
    assert lint(read_raw_rig(shared_data / "middlebury_dino")) == ()
