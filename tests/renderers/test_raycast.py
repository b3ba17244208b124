from __future__ import annotations

import cv2
import numpy as np
import pytest
import trimesh

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import RenderPass
from renderkit.renderers.raycast import RayCaster, raycast

ALL = RenderPass.BARYCENTRIC | RenderPass.NORMAL | RenderPass.COLOR


def make_camera(distortion: tuple[float, ...] = (), size: tuple[int, int] = (96, 80), skew: float = 0.0) -> Camera:
    K = np.array([[150.0, skew, 45.3], [0.0, 146.0, 41.8], [0.0, 0.0, 1.0]])
    pose = Pose.from_rotation_vector([0.1, -0.2, 0.05], [0.02, -0.03, 1.4])
    return Camera(K, size[0], size[1], make_distortion(distortion), pose, "test")


def random_soup(seed: int, count: int = 60) -> Mesh:
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-0.3, 0.3, (count, 1, 3))
    vertices = (centers + rng.normal(0.0, 0.12, (count, 3, 3))).reshape(-1, 3)
    return Mesh(vertices, np.arange(3 * count, dtype=np.int32).reshape(-1, 3))


def brute_force(mesh: Mesh, origin: FloatArray, directions: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Every ray against every face: depth, face, and the smallest distance of a barycentric weight from 0."""
    corners = mesh.vertices[mesh.faces]
    best = np.full(len(directions), np.inf)
    face = np.full(len(directions), -1)
    closest_edge = np.full(len(directions), np.inf)
    for index, (a, b, c) in enumerate(corners):
        # Solve o + t d = a + u (b - a) + v (c - a), by Cramer's rule.
        matrix = np.stack([np.broadcast_to(b - a, directions.shape), np.broadcast_to(c - a, directions.shape)], axis=2)
        matrix = np.concatenate([matrix, -directions[:, :, None]], axis=2)
        solution = np.linalg.solve(matrix, np.broadcast_to(origin - a, directions.shape)[:, :, None])[:, :, 0]
        u, v, t = solution.T
        edge = np.min([u, v, 1.0 - u - v], axis=0)
        closest_edge = np.minimum(closest_edge, np.abs(edge))
        hit = (edge >= 0.0) & (t > 0.0) & (t < best)
        best[hit], face[hit] = t[hit], index
    return best, face, closest_edge


def fixed_point_rays(camera: Camera) -> FloatArray:
    columns, rows = np.meshgrid(np.arange(camera.width, dtype=float), np.arange(camera.height, dtype=float))
    pixels = np.column_stack([columns.ravel(), rows.ravel()])
    k1, k2, p1, p2, k3 = np.r_[camera.distortion.coefficients, np.zeros(5)][:5]
    bent = np.linalg.solve(camera.K, np.column_stack([pixels, np.ones(len(pixels))]).T)[:2]
    x, y = bent.copy()
    # The classic fixed-point iteration, run until it no longer moves.
    for _ in range(300):
        r2 = x * x + y * y
        radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
        x, y = (
            (bent[0] - 2.0 * p1 * x * y - p2 * (r2 + 2.0 * x * x)) / radial,
            (bent[1] - 2.0 * p2 * x * y - p1 * (r2 + 2.0 * y * y)) / radial,
        )
    ideal = np.column_stack([x, y])
    rays = np.column_stack([ideal, np.ones(len(ideal))])
    return np.asarray(rays @ camera.cam_from_world.R)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("distortion", [(), (-0.25, 0.1, 0.001, -0.002, 0.05)])
def test_soup_equals_every_ray_against_every_face(seed: int, distortion: tuple[float, ...]) -> None:
    camera, mesh = make_camera(distortion), random_soup(seed)
    rendering = raycast(mesh, camera, RenderPass.BARYCENTRIC)
    origin = -camera.cam_from_world.R.T @ camera.cam_from_world.t
    depth, face, closest_edge = brute_force(mesh, origin, fixed_point_rays(camera))
    sure = (closest_edge > 1e-5).reshape(rendering.mask.shape)
    assert sure.mean() > 0.99
    face_image = face.reshape(rendering.mask.shape)
    assert np.array_equal(rendering.face_index[sure], face_image[sure])
    seen = sure & (face_image >= 0)
    assert 0.2 < seen.mean() < 0.98
    assert np.abs(rendering.depth[seen] - depth.reshape(seen.shape)[seen]).max() < 1e-6
    assert np.isinf(rendering.depth[sure & ~seen]).all()


def test_barycentric_weights_give_back_the_point_of_the_pixel() -> None:
    camera, mesh = make_camera((-0.2, 0.05, 0.0, 0.0), skew=3.0), random_soup(3)
    rendering = raycast(mesh, camera, RenderPass.BARYCENTRIC)
    assert rendering.barycentric is not None
    rows, columns = np.nonzero(rendering.mask)
    weights = rendering.barycentric[rows, columns].astype(float)
    points = np.einsum("ij,ijk->ik", weights, mesh.vertices[mesh.faces[rendering.face_index[rows, columns]]])
    pixels, _ = cv2.projectPoints(
        points,
        camera.cam_from_world.rotation_vector,
        camera.cam_from_world.t,
        np.array([[150.0, 0.0, 0.0], [0.0, 150.0, 0.0], [0.0, 0.0, 1.0]]),
        np.r_[camera.distortion.coefficients],
    )
    ideal = pixels[:, 0] / 150.0  # distorted normalised coordinates; the skew is applied by hand
    u = 150.0 * ideal[:, 0] + 3.0 * ideal[:, 1] + 45.3
    v = 146.0 * ideal[:, 1] + 41.8
    assert np.abs(u - columns).max() < 2e-3
    assert np.abs(v - rows).max() < 2e-3


def test_sphere_has_its_closed_form_silhouette_and_depth() -> None:
    sphere = trimesh.creation.icosphere(subdivisions=6, radius=0.3)
    mesh = Mesh(np.asarray(sphere.vertices) + np.array([0.0, 0.0, 2.0]), np.asarray(sphere.faces))
    camera = Camera(np.array([[400.0, 0, 99.5], [0, 400.0, 99.5], [0, 0, 1.0]]), 200, 200)
    rendering = raycast(mesh, camera, RenderPass.NORMAL)
    columns, rows = np.meshgrid(np.arange(200.0), np.arange(200.0))
    rays = np.stack([(columns - 99.5) / 400.0, (rows - 99.5) / 400.0, np.ones_like(rows)], axis=-1)
    squared = (rays**2).sum(axis=-1)
    discriminant = 4.0 - squared * (4.0 - 0.09)
    # The silhouette of a polyhedron lies inside the sphere's, by less than its sagitta.
    tangent = 400.0 * 0.3 / np.sqrt(4.0 - 0.09)
    radius = np.hypot(columns - 99.5, rows - 99.5)
    assert rendering.mask[radius < tangent - 0.05].all()
    assert not rendering.mask[radius > tangent].any()
    inner = radius < 0.8 * tangent
    depth = (2.0 - np.sqrt(discriminant[inner])) / squared[inner]
    assert np.abs(rendering.depth[inner] - depth).max() < 1e-4
    assert rendering.normal is not None
    exact = rays[inner] * depth[:, None] - [0.0, 0.0, 2.0]
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    assert np.abs(rendering.normal[inner] - exact).max() < 0.01
    assert np.allclose(np.linalg.norm(rendering.normal[rendering.mask], axis=1), 1.0, atol=1e-6)


def test_slanted_plane_has_exact_depth() -> None:
    # z = 2 + 0.5 x, so depth = 2 / (1 - 0.5 X) along the ray (X, Y, 1).
    corners = np.array([[-3.0, -3.0, 0.5], [3.0, -3.0, 3.5], [3.0, 3.0, 3.5], [-3.0, 3.0, 0.5]])
    camera = Camera(np.array([[100.0, 0, 31.5], [0, 100.0, 23.5], [0, 0, 1.0]]), 64, 48)
    rendering = raycast(Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]])), camera)
    assert rendering.mask.all()
    expected = 2.0 / (1.0 - 0.5 * (np.arange(64) - 31.5) / 100.0)
    assert np.abs(rendering.depth - expected).max() < 1e-6


def test_far_from_the_world_origin_nothing_is_lost() -> None:
    soup = random_soup(5)
    camera = make_camera()
    near = raycast(soup, camera)
    shift = np.array([3000.0, -2000.0, 5000.0])
    moved = Mesh(soup.vertices + shift, soup.faces)
    pose = camera.cam_from_world
    far_camera = Camera(camera.K, 96, 80, cam_from_world=Pose(pose.R, pose.t - pose.R @ shift))
    far = raycast(moved, far_camera)
    assert (far.face_index != near.face_index).mean() < 1e-3
    both = far.mask & near.mask
    assert np.median(np.abs(far.depth[both] - near.depth[both])) < 1e-6


def test_pixels_without_a_ray_stay_background() -> None:
    distortion = make_distortion([-0.3, 0.0, 0.0, 0.0])
    camera = Camera(np.array([[60.0, 0, 63.5], [0, 60.0, 63.5], [0, 0, 1.0]]), 128, 128, distortion)
    wall = Mesh(np.array([[-90.0, -90, 1], [90, -90, 1], [90, 90, 1], [-90, 90, 1]]), np.array([[0, 1, 2], [0, 2, 3]]))
    mask = raycast(wall, camera).mask
    # r - 0.3 r^3 rises up to r = 1 / sqrt(0.9) and reaches 2/3 of that.
    reach = 60.0 * (2.0 / 3.0) / np.sqrt(0.9)
    columns, rows = np.meshgrid(np.arange(128.0), np.arange(128.0))
    radius = np.hypot(columns - 63.5, rows - 63.5)
    assert mask[radius < reach - 0.01].all()
    assert not mask[radius > reach + 0.01].any()


def test_box_of_candidates_holds_everything_the_whole_picture_holds() -> None:
    for distortion in [(), (0.8, 3.0, 0.01, 0.02, -5.0), (-0.4, 0.2, 0.01, -0.01, 0.0)]:
        camera = make_camera(distortion)
        caster = RayCaster(random_soup(7, 8))
        columns, rows = np.meshgrid(np.arange(96.0), np.arange(80.0))
        everything = np.column_stack([columns.ravel(), rows.ravel()])
        hits = caster.cast(*camera.unproject_world(everything))
        assert np.array_equal(hits.face.reshape(80, 96), caster.render(camera).face_index)


def test_a_mesh_around_the_camera_is_seen_all_over() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3, radius=5.0)
    rendering = raycast(Mesh(ball.vertices, ball.faces), make_camera(), ALL)
    assert rendering.mask.all()
    assert rendering.normal is not None
    # Seen from inside, normals are turned towards the camera.
    assert (rendering.normal[..., 2] < 0.0).all()


def test_what_is_behind_the_camera_is_not_seen() -> None:
    triangle = Mesh(np.array([[-1.0, -1.0, -2.0], [1.0, -1.0, -2.0], [0.0, 1.0, -2.0]]), np.array([[0, 1, 2]]))
    camera = Camera(np.array([[50.0, 0, 15.5], [0, 50.0, 15.5], [0, 0, 1.0]]), 32, 32)
    assert not raycast(triangle, camera).mask.any()


def test_colours_come_from_texture_or_vertices() -> None:
    quad = np.array([[-1.0, -1.0, 2.0], [1.0, -1.0, 2.0], [1.0, 1.0, 2.0], [-1.0, 1.0, 2.0]])
    faces = np.array([[0, 2, 1], [0, 3, 2]])
    camera = Camera(np.array([[32.0, 0, 15.5], [0, 32.0, 15.5], [0, 0, 1.0]]), 32, 32)
    # Image y points down: the quad's first corner is top-left, where texture v is 1.
    uv = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    texture = np.zeros((2, 2, 3), dtype=np.uint8)
    texture[0, 0], texture[0, 1], texture[1, 0] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    color = raycast(Mesh(quad, faces, uv=uv, texture=texture), camera, RenderPass.COLOR).color
    assert color is not None
    assert [int(color[p].argmax()) for p in [(1, 1), (1, 30), (30, 1)]] == [0, 1, 2]
    vertex_colors = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]], dtype=np.uint8)
    color = raycast(Mesh(quad, faces, vertex_colors=vertex_colors), camera, RenderPass.COLOR).color
    assert color is not None
    assert [int(color[p].argmax()) for p in [(1, 1), (1, 30), (30, 30)]] == [0, 1, 2]
    neutral = raycast(Mesh(quad, faces), camera, RenderPass.COLOR).color
    assert neutral is not None
    assert (neutral[16, 16] == neutral[16, 16, 0]).all()
    assert neutral[16, 16, 0] > 0


def test_a_mesh_without_faces_is_refused() -> None:
    with pytest.raises(ValueError, match="no faces"):
        raycast(Mesh(np.zeros((3, 3)), np.zeros((0, 3), dtype=np.int32)), make_camera())
