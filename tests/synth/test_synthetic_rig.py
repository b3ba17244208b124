from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.camera import Camera
from renderkit.synth.placement import RENDERME360_PLACEMENT, facescape_placement
from renderkit.synth.rig import facescape_rig, renderme360_rig

HEAD = np.array([0.0, -0.5, 0.0])


def corners(camera: Camera) -> np.ndarray:
    w, h = camera.width - 1.0, camera.height - 1.0
    return np.array([[0.0, 0.0], [w, 0.0], [0.0, h], [w, h]])


@pytest.mark.parametrize("count", [1, 6, 12, 33, 60])
def test_renderme_rig_looks_at_the_head_from_all_sides(count: int) -> None:
    rig = renderme360_rig(count, (2448, 2048), "modest", 0)
    assert len(rig) == count
    assert list(rig) == sorted(rig)
    assert sum(18 <= int(name) <= 32 for name in rig) >= min(15, -(-3 * count // 5))
    for name, camera in rig.items():
        offset = HEAD - camera.center_world
        distance = float(np.linalg.norm(offset))
        assert 1.0 < distance < 1.4
        assert offset @ camera.optical_axis_world / distance > np.cos(np.deg2rad(5.0))
        assert 4600.0 < camera.K[0, 0] < 4800.0
        # World up is -Y: image down has a positive y.
        assert camera.cam_from_world.R[1, 1] > 0.7
        if 18 <= int(name) <= 32:
            assert camera.center_world[2] < -0.5


def test_renderme_rig_scales_with_the_picture() -> None:
    large = renderme360_rig(4, (2448, 2048), "modest", 5)
    small = renderme360_rig(4, (612, 512), "modest", 5)
    for name, camera in large.items():
        assert np.allclose(camera.scaled((612, 512)).K, small[name].K, atol=1e-9)
        assert np.array_equal(camera.distortion.coefficients, small[name].distortion.coefficients)


def test_lenses_bend_as_asked() -> None:
    assert all(c.distortion.model == "none" for c in renderme360_rig(5, (612, 512), "none", 0).values())
    for camera in renderme360_rig(60, (612, 512), "modest", 1).values():
        rays = camera.unproject(corners(camera))
        assert np.isfinite(rays).all()
        shift = camera.project_cam(rays) - camera.undistorted().project_cam(rays)
        assert 1.0 < float(np.max(np.linalg.norm(shift, axis=1))) < 20.0
    folding = renderme360_rig(60, (612, 512), "folding", 1)
    unreached = [np.isnan(camera.unproject(corners(camera))).any() for camera in folding.values()]
    assert 10 < sum(unreached) < 60


def test_rig_depends_on_the_seed_only() -> None:
    first, again, other = (renderme360_rig(3, (612, 512), "modest", seed) for seed in (1, 1, 2))
    for name in first:
        assert np.array_equal(first[name].cam_from_world.matrix, again[name].cam_from_world.matrix)
        assert not np.array_equal(first[name].cam_from_world.matrix, other[name].cam_from_world.matrix)


@pytest.mark.parametrize("count", [0, 61])
def test_impossible_numbers_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="num_cameras"):
        renderme360_rig(count, (612, 512), "modest", 0)


def test_placement_turns_the_head_into_the_dataset_world() -> None:
    nose = np.array([[10.0, -40.0, 110.0]])
    assert np.allclose(RENDERME360_PLACEMENT.apply(nose), [[0.010, -0.46, -0.110]], atol=1e-7)
    assert np.allclose(RENDERME360_PLACEMENT.forward, [0.0, 0.0, -1.0])


def test_facescape_world_obeys_its_published_formula() -> None:
    points = np.random.default_rng(0).normal(0.0, 80.0, (10, 3))
    placement, scale, tu_from_scaled = facescape_placement(3, 1)
    world = placement.apply(points)
    assert np.allclose((tu_from_scaled.R @ (scale * world).T).T + tu_from_scaled.t, points, atol=1e-3)
    assert facescape_placement(3, 2)[1] != scale


def test_facescape_rig_sees_the_whole_head_in_pictures_of_several_sizes() -> None:
    placement, _, _ = facescape_placement(0, 0)
    head = placement.apply(np.array([[0.0, 120.0, 0.0], [0.0, -118.0, 70.0], [80.0, 0.0, -10.0], [-80.0, 0.0, -10.0]]))
    rig = facescape_rig(20, (400, 560), "modest", placement, 0)
    assert len({camera.size for camera in rig.values()}) == 3
    for camera in rig.values():
        assert camera.in_image(camera.project(head)).all()
        assert camera.cam_from_world.R[1] @ placement.up < -0.6
