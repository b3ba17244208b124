from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial
import trimesh

from renderkit.arrays import FloatArray
from renderkit.synth import face_points
from renderkit.synth.expression import Expression, deform, expression_at, jaw_weight
from renderkit.synth.flame_head import build_flame_head, unwrap
from renderkit.synth.head import ScanModel, build_scan
from renderkit.synth.texture import PALETTES, flat_colors, scan_colors


@pytest.fixture(scope="module")
def scan() -> ScanModel:
    return build_scan(60_000)


def height_above(model: ScanModel, points: FloatArray) -> FloatArray:
    """(N,) distance of points above the plane of the face whose centre is nearest."""
    mesh = trimesh.Trimesh(model.vertices, model.faces, process=False)
    _, nearest = scipy.spatial.cKDTree(mesh.triangles_center).query(points)
    return np.asarray(np.einsum("ij,ij->i", points - mesh.triangles_center[nearest], mesh.face_normals[nearest]))


@pytest.mark.parametrize("wanted", [8_000, 60_000, 120_000])
def test_scan_has_about_the_faces_asked_for(wanted: int) -> None:
    assert abs(len(build_scan(wanted).faces) - wanted) < 0.12 * wanted


def test_scan_has_the_size_of_a_head_and_faces_outwards(scan: ScanModel) -> None:
    head = scan.vertices[scan.vertices[:, 1] > -115.0]
    assert 140.0 < np.ptp(head[np.abs(head[:, 1] - 40.0) < 20.0][:, 0]) < 185.0
    assert 180.0 < np.ptp(head[np.abs(head[:, 1] - 20.0) < 20.0][:, 2]) < 235.0
    assert 215.0 < np.max(scan.vertices[:, 1]) + 118.0 < 260.0
    assert trimesh.Trimesh(scan.vertices, scan.faces, process=False).volume > 1e7
    edges = np.sort(scan.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    # Closed: no edge with one face; ambiguous cells leave a few edges with four.
    assert (uses == 1).sum() == 0
    assert (uses != 2).mean() < 2e-3


def test_scan_refuses_absurd_sizes() -> None:
    with pytest.raises(ValueError, match="num_faces"):
        build_scan(10)


def test_hair_and_shirt_are_where_they_belong(scan: ScanModel) -> None:
    crown = scan.vertices[:, 1] > 112.0
    assert (scan.hair_margin[crown] > 0.0).all()
    chest = scan.vertices[:, 1] < -260.0
    assert (scan.cloth_margin[chest & (scan.vertices[:, 1] > -420.0)] > 0.0).mean() > 0.99
    nose = (np.abs(scan.vertices[:, 0]) < 8.0) & (scan.vertices[:, 2] > 100.0)
    assert nose.sum() > 20
    assert (np.maximum(scan.hair_margin, scan.cloth_margin)[nose] < 0.0).all()


def test_landmarks_lie_on_the_scan_and_in_their_places(scan: ScanModel) -> None:
    points = face_points.renderme106_points()
    assert points.shape == (106, 3)
    assert face_points.ibug68_points().shape == (68, 3)
    height = height_above(build_scan(120_000), points[33:])
    assert np.median(np.abs(height)) < 0.1
    assert np.max(np.abs(height)) < 1.0
    # The subject's right comes first: negative x, the left of the picture.
    assert points[0, 0] < -60.0 < 60.0 < points[32, 0]
    assert points[16, 1] == np.min(points[:33, 1])
    assert abs(points[16, 0]) < 1.0
    nose_tip, pupils = points[46], points[104:]
    assert nose_tip[2] == np.max(points[:, 2])
    assert pupils[0, 0] < 0.0 < pupils[1, 0]
    assert 55.0 < np.ptp(pupils[:, 0]) < 70.0
    corners = points[[84, 90]]
    assert np.allclose(corners[0] * [-1, 1, 1], corners[1], atol=0.05)
    assert points[87, 1] > points[98, 1] > points[102, 1] > points[93, 1]


def test_106_and_68_points_share_their_places() -> None:
    inner106, inner68 = face_points.renderme106_points()[33:], face_points.ibug68_points()[17:]
    distance = np.min(np.linalg.norm(inner68[:, None] - inner106[None], axis=2), axis=1)
    assert np.max(distance) < 1e-3


def test_neutral_expression_moves_nothing(scan: ScanModel) -> None:
    assert np.array_equal(deform(scan.vertices, Expression()), scan.vertices)


def test_the_jaw_opens_the_mouth_and_nothing_else() -> None:
    points = face_points.renderme106_points()
    opened = deform(points, Expression(jaw_rad=0.12))
    moved = np.linalg.norm(opened - points, axis=1)
    assert moved[16] > 8.0
    upper_lip, lower_lip = opened[98], opened[102]
    assert upper_lip[1] - lower_lip[1] > 5.0
    assert np.max(moved[[46, 49, 87, *range(33, 43), *range(52, 64)]]) < 0.4
    weights = jaw_weight(points)
    assert ((weights >= 0.0) & (weights <= 1.0)).all()


def test_the_head_turns_rigidly_on_the_neck() -> None:
    points = face_points.renderme106_points()
    turned = deform(points, Expression(turn=(0.02, 0.1, -0.03)))
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert np.abs(np.linalg.norm(turned[:, None] - turned[None], axis=2) - gaps).max() < 0.1
    shoulders = np.array([[150.0, -240.0, -40.0], [-150.0, -260.0, -40.0]])
    assert np.array_equal(deform(shoulders, Expression(turn=(0.02, 0.1, -0.03))), shoulders)


def test_frames_differ_and_frame_zero_is_nearly_neutral() -> None:
    assert expression_at(0, 3).jaw_rad == 0.0
    assert expression_at(4, 0) != expression_at(5, 0)
    assert expression_at(4, 0) == expression_at(4, 0)


def test_flame_like_head_has_flames_count_and_one_open_neck() -> None:
    head = build_flame_head()
    assert head.vertices.shape == (5023, 3)
    assert 9900 < len(head.faces) < 9976
    assert np.min(head.uv) >= 0.0
    assert np.max(head.uv) <= 1.0
    edges = np.sort(head.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, uses = np.unique(edges, axis=0, return_counts=True)
    assert set(uses) == {1, 2}
    rim = unique[uses == 1]
    assert len(rim) == 81
    assert np.max(head.vertices[rim.ravel(), 1]) < -120.0
    mesh = trimesh.Trimesh(head.vertices, head.faces, process=False)
    outward = np.einsum("ij,ij->i", mesh.face_normals, mesh.triangles_center - [0.0, 0.0, -10.0])
    assert (outward > 0.0).mean() > 0.95


def test_flame_like_head_lies_under_the_scan(scan: ScanModel) -> None:
    head = build_flame_head()
    sample = head.vertices[::25]
    height = height_above(scan, sample)
    assert np.percentile(height, 99) < 1.5
    face = (np.abs(sample[:, 0]) < 40.0) & (sample[:, 2] > 60.0) & (np.abs(sample[:, 1] + 30.0) < 60.0)
    assert np.max(np.abs(height[face])) < 1.5


def test_uv_texture_unrolls_the_face_upright() -> None:
    places = unwrap(64).reshape(64, 64, 3)
    assert places[0, 32, 1] > 95.0
    assert places[63, 32, 1] < -120.0
    # The middle column is the face, the borders the back; u runs to the subject's left.
    assert places[36, 32, 2] > 70.0
    assert places[30, 0, 2] < -60.0
    assert places[30, 44, 0] > 20.0 > -20.0 > places[30, 20, 0]
    colors = flat_colors(places.reshape(-1, 3), PALETTES[0]).reshape(64, 64, 3)
    assert colors.dtype == np.uint8
    assert (colors[34, 32].astype(int)[0] > colors[34, 32].astype(int)[2]).all()


def test_scan_colours_tell_hair_from_skin(scan: ScanModel) -> None:
    colors = scan_colors(scan, PALETTES[0]).astype(int)
    crown = scan.vertices[:, 1] > 112.0
    cheek = (np.abs(np.abs(scan.vertices[:, 0]) - 35.0) < 6.0) & (np.abs(scan.vertices[:, 1] + 35.0) < 6.0)
    cheek &= scan.vertices[:, 2] > 40.0
    assert colors[crown].mean() < 90
    assert colors[cheek].mean() > 130
