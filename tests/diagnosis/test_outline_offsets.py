"""Outline offsets against mattes that OpenCV fills from exact polygons, shifted, grown and damaged by known amounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
from planted_rigs import look_at

from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.matte_faults import matte_faults
from renderkit.diagnosis.joint.mesh_fault import MeshFault
from renderkit.diagnosis.joint.parameters import NUM, changed_camera
from renderkit.diagnosis.mesh_alignment import FrameOutlines, MatteView
from renderkit.diagnosis.mesh_rim import mesh_edges
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.view_evidence import OutlineEvidence, RigEvidence, ViewEvidence
from renderkit.formats.as_stated import RawCamera
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.results.diagnosis import NOT_THE_CAMERA

SIZE = (320, 260)


def egg(rows: int = 40, columns: int = 60) -> Mesh:
    """A closed body without symmetry."""
    polar, around = np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False)
    x = np.outer(np.sin(polar), np.cos(around)).ravel()
    y = np.repeat(np.cos(polar), columns)
    z = np.outer(np.sin(polar), np.sin(around)).ravel()
    vertices = np.column_stack([0.08 * x + 0.01 * y, 0.11 * y * (1 + 0.25 * y), 0.095 * z * (1 + 0.2 * z)])
    first = np.arange(rows - 1)[:, None] * columns + np.arange(columns)
    beside = np.arange(rows - 1)[:, None] * columns + (np.arange(columns) + 1) % columns
    upper = np.stack([first, beside, first + columns], axis=2).reshape(-1, 3)
    lower = np.stack([beside, beside + columns, first + columns], axis=2).reshape(-1, 3)
    return Mesh(vertices, np.concatenate([upper, lower]))


def cameras(count: int) -> list[Camera]:
    found = []
    for index in range(count):
        yaw, pitch = np.linspace(-1.2, 1.2, count)[index], 0.3 * np.sin(2.0 * index)
        center = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
        R, t = look_at(center, np.array([0.004 * index, 0.0, 0.0]), 1.5 if index == 6 else 0.05 * index)
        K = np.array([[900.0, 0, 158.0], [0, 905.0, 131.0], [0, 0, 1]])
        lens = np.array([-0.1, 0.05, 0.001, -0.001, 0.0])
        found.append(Camera.from_opencv(K, lens, Pose(R, t), SIZE, name=f"{index}"))
    return found


def filled(camera: Camera, vertices: np.ndarray, scale: int = 16) -> np.ndarray:
    """The hull's matte, each pixel's share of coverage: filled at `scale` times the size and averaged."""
    rotation = cv2.Rodrigues(np.asarray(camera.cam_from_world.R))[0]
    translation = np.asarray(camera.cam_from_world.t)
    lens = np.asarray(camera.distortion.coefficients)
    pixels = cv2.projectPoints(np.asarray(vertices), rotation, translation, np.asarray(camera.K), lens)[0][:, 0]
    hull = cv2.convexHull(((pixels + 0.5) * scale - 0.5).astype(np.float32))
    canvas = np.zeros((SIZE[1] * scale, SIZE[0] * scale), np.uint8)
    cv2.fillConvexPoly(canvas, np.round(hull * 16).astype(np.int32), 255, shift=4)
    return np.asarray(cv2.resize(canvas, SIZE, interpolation=cv2.INTER_AREA))


def draw(mesh: Mesh, camera: Camera) -> np.ndarray:
    pixels = camera.project(mesh.vertices)
    canvas = np.zeros((camera.height, camera.width), np.uint8)
    cv2.fillConvexPoly(canvas, np.round(cv2.convexHull(pixels.astype(np.float32))).astype(np.int32), 1)
    return canvas.astype(np.bool_)


def measured(mesh: Mesh, mattes: list[np.ndarray], seen: list[Camera]) -> list[OutlineEvidence]:
    views = [MatteView(camera, partial(np.copy, matte), 0.5) for camera, matte in zip(seen, mattes, strict=True)]
    outlines = FrameOutlines.of(mesh, draw)
    first = [outlines.as_it_stands(view, matte) for view, matte in zip(views, mattes, strict=True)]
    found = outlines.settled(first, views)
    return [one for one in found if one is not None]


def test_a_matte_in_place_has_no_offset_and_a_shifted_one_its_shift() -> None:
    mesh, seen = egg(), cameras(1)
    matte = filled(seen[0], mesh.vertices)
    (still,) = measured(mesh, [matte], seen)
    assert np.isfinite(still.offsets_px).mean() > 0.95
    assert float(np.nanmedian(np.abs(still.offsets_px))) < 0.03
    moved = cv2.warpAffine(matte, np.array([[1.0, 0, 1], [0, 1, 0]]), SIZE)
    # One camera alone: the mesh's own motion would explain it, by less than would have it moved.
    (shifted,) = measured(mesh, [moved], seen)
    np.testing.assert_allclose(shifted.offsets_px, shifted.normals[:, 0], atol=0.15)
    assert float(np.median(np.abs(shifted.offsets_px - shifted.normals[:, 0]))) < 0.04


def test_binary_mattes_of_half_the_size_are_measured_in_pixels_of_the_camera() -> None:
    mesh, seen = egg(), cameras(1)
    matte = filled(seen[0], mesh.vertices)
    half = cv2.resize(matte, (SIZE[0] // 2, SIZE[1] // 2), interpolation=cv2.INTER_AREA)
    (found,) = measured(mesh, [np.where(half >= 128, 255, 0).astype(np.uint8)], seen)
    assert abs(float(np.nanmean(found.offsets_px))) < 0.1
    assert float(np.nanstd(found.offsets_px)) < 0.5


def test_samples_lie_on_the_outline_of_the_mesh() -> None:
    mesh, seen = egg(), cameras(2)
    for camera, found in zip(seen, measured(mesh, [filled(one, mesh.vertices) for one in seen], seen), strict=True):
        hull = cv2.convexHull(camera.project(mesh.vertices).astype(np.float32))
        for point in camera.project(found.points_world):
            assert abs(cv2.pointPolygonTest(hull, tuple(map(float, point)), measureDist=True)) < 0.05
        np.testing.assert_allclose(np.linalg.norm(found.normals, axis=1), 1.0)


def test_a_mesh_that_is_far_off_is_moved_and_called_by_name() -> None:
    mesh, seen = egg(), cameras(6)
    mattes = [filled(camera, mesh.vertices) for camera in seen]
    turn = cv2.Rodrigues(np.deg2rad([5.0, 0.0, 0.0]))[0]
    wrong = Mesh(mesh.vertices @ turn.T + (0.006, 0.0, 0.0), mesh.faces)
    outlines = measured(wrong, mattes, seen)
    assert float(np.rad2deg(np.abs(outlines[0].mesh_motion[:3]).max())) == pytest.approx(5.0, abs=0.3)
    found = fit_joint(RigEvidence(tuple(_view(one, camera) for one, camera in zip(outlines, seen, strict=True))))
    assert found.findings == ()
    assert isinstance(found.mesh, MeshFault)
    assert found.mesh.turn_deg[0] == pytest.approx(-5.0, abs=0.3)
    assert "not single cameras" in found.mesh.sentence


def _view(outline: OutlineEvidence, camera: Camera) -> ViewEvidence:
    pose = np.column_stack([camera.cam_from_world.R, camera.cam_from_world.t])
    lens = tuple(np.asarray(camera.distortion.coefficients).tolist())
    raw = RawCamera(name=camera.name, K=np.asarray(camera.K), pose=pose, coefficients=lens, size=camera.size)
    return ViewEvidence(camera=raw, frame="0", outline=outline)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_matte_of_another_camera_is_named_with_its_camera(swapped: bool) -> None:
    mesh, seen = egg(), cameras(7)
    mattes = [filled(camera, mesh.vertices, 4) >= 128 for camera in seen]
    # Far apart in yaw and roll.
    if swapped:
        mattes[1], mattes[6] = mattes[6], mattes[1]
    else:
        mattes[1] = mattes[6]
    views = []
    for camera, matte in zip(seen, mattes, strict=True):
        raw = _view(measured(mesh, [matte.astype(np.uint8) * 255], [camera])[0], camera).camera
        views.append(ViewEvidence(camera=raw, frame="0", vertices=mesh.vertices, matte=matte))
    found = matte_faults(StatedRig(tuple(views)))
    assert [(one.camera, one.partner) for one in found] == [("1", "6")]
    assert found[0].cause == ("exchanged" if swapped else "of another camera")


@pytest.mark.parametrize("in_place", [False, True])
def test_a_matte_whose_outline_is_in_its_place_is_of_no_other_camera(in_place: bool) -> None:
    """The vertices that are drawn may be too few to tell."""
    mesh, seen = egg(), cameras(7)
    right = [filled(camera, mesh.vertices, 4) for camera in seen]
    given = [*right[:1], right[6], *right[2:]]
    views = []
    for camera, own, matte in zip(seen, right, given, strict=True):
        outline = measured(mesh, [own if in_place else matte], [camera])[0]
        view = replace(_view(outline, camera), vertices=mesh.vertices, matte=matte >= 128)
        views.append(view)
    found = matte_faults(StatedRig(tuple(views)))
    assert [(one.camera, one.partner) for one in found if one.partner] == ([] if in_place else [("1", "6")])


@pytest.mark.parametrize("count", [5, 7])
@pytest.mark.parametrize(
    ("turn", "word"),
    [
        (lambda one: one[::-1, ::-1], "turned by 180 degrees"),
        (lambda one: one[::-1], "mirrored top to bottom"),
        (lambda one: one[:, ::-1], "mirrored left to right"),
        (lambda one: np.roll(one, 60, axis=1), None),
        (lambda one: one, None),
    ],
)
def test_a_turned_matte_is_named_with_its_turn(
    count: int, turn: Callable[[np.ndarray], np.ndarray], word: str | None
) -> None:
    """The picture's camera looks past the subject, so that a turn shows; a shift is no turn."""
    mesh, seen = egg(), cameras(count)
    K = np.array([[900.0, 0.0, 205.0], [0.0, 905.0, 165.0], [0.0, 0.0, 1.0]])
    seen[1] = replace(seen[1], K=K)
    views = []
    for camera in seen:
        matte = filled(camera, mesh.vertices, 4) >= 128
        pose = np.asarray(camera.cam_from_world.matrix[:3])
        lens = tuple(np.asarray(camera.distortion.coefficients).tolist())
        raw = RawCamera(name=camera.name, K=np.asarray(camera.K), pose=pose, coefficients=lens, size=camera.size)
        given = turn(matte) if camera.name == "1" else matte
        views.append(ViewEvidence(camera=raw, frame="0", vertices=mesh.vertices, matte=given))
    found = [one for one in matte_faults(StatedRig(tuple(views))) if one.cause == "turned"]
    assert [one.camera for one in found] == ([] if word is None else ["1"])
    assert word is None or word in found[0].sentence


def test_edges_pair_the_faces_of_a_closed_mesh() -> None:
    mesh = egg(6, 8)
    edges = mesh_edges(mesh.faces)
    used = {
        tuple(sorted((int(a), int(b)))) for face in mesh.faces for a, b in zip(face, np.roll(face, -1), strict=True)
    }
    assert {tuple(map(int, one)) for one in edges.ends} == used
    for (a, b), sides in zip(edges.ends, edges.sides.T, strict=True):
        for side in sides[sides >= 0]:
            assert {int(a), int(b)} <= set(map(int, mesh.faces[side]))


_FAR = {
    "shift 10 px": (7, 10.0, "principal point"),
    "shift 25 px": (7, 25.0, "principal point"),
    "shift 60 px": (8, 60.0, "principal point"),
    "roll 3 deg": (2, np.deg2rad(3.0), "roll"),
    "focal length 5 %": (6, np.log(1.05), "focal length"),
    "turn 1 deg": (1, np.deg2rad(1.0), "turn"),
}


@pytest.fixture(scope="module")
def in_place() -> tuple[list[Camera], list[np.ndarray]]:
    seen = cameras(12)
    return seen, [filled(camera, egg().vertices, scale=8) for camera in seen]


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("fault", _FAR)
def test_a_camera_that_is_far_off_is_named_and_its_pictures_are_not(
    in_place: tuple[list[Camera], list[np.ndarray]], fault: str, marked: bool
) -> None:
    mesh, (seen, mattes) = egg(), in_place
    parameter, amount, cause = _FAR[fault]
    written = [changed_camera(one, np.eye(NUM)[parameter] * amount) if one.name == "5" else one for one in seen]
    outlines = measured(mesh, mattes, written)
    noise = np.random.default_rng(3)
    points = mesh.vertices[(mesh.vertices[:, 2] < 0.0)][::17]
    views = []
    for camera, stated, matte, outline in zip(seen, written, mattes, outlines, strict=True):
        detected = camera.project(points) + noise.normal(0.0, 0.3, (len(points), 2))
        view = replace(_view(outline, stated), vertices=mesh.vertices, matte=matte > 127)
        views.append(replace(view, points_world=points, pixels=detected) if marked else view)
    found = diagnose_rig(RigEvidence(tuple(views)))
    assert [one.camera for one in found.cameras] == ["5"]
    assert any(cause in one for one in found.cameras[0].cannot_tell), found.cameras[0].sentence
    assert found.cameras[0].family not in NOT_THE_CAMERA
    assert found.others == ()


def test_a_hole_in_a_matte_is_no_camera_that_is_far_off() -> None:
    mesh, seen = egg(), cameras(8)
    mattes = [filled(camera, mesh.vertices, scale=8) for camera in seen]
    mattes[3] = mattes[3].copy()
    mattes[3][90:130, 140:180] = 0
    outlines = measured(mesh, mattes, seen)
    views = [
        replace(_view(outline, camera), vertices=mesh.vertices, matte=matte > 127)
        for outline, camera, matte in zip(outlines, seen, mattes, strict=True)
    ]
    found = diagnose_rig(RigEvidence(tuple(views)))
    assert found.cameras == ()
    assert len(found.others) == 1
    assert "matte of camera 3" in found.others[0]
