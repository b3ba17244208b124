"""The numbers that the shaders get: evaluated here as the shader does, they give OpenCV's pixels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike
from render_scenes import LENSES, make_camera, moved, sphere

from renderkit.arrays import FloatArray
from renderkit.geometry.pose import Pose
from renderkit.renderers.egl.camera import lens_defines, set_camera, set_limit, set_window


class Recorder:
    """Stands for a program and remembers its uniforms."""

    def __init__(self) -> None:
        self.values: dict[str, FloatArray] = {}

    def set_floats(self, uniform: str, values: ArrayLike) -> None:
        self.values[uniform] = np.asarray(values, dtype=np.float64)


def test_window_and_pose_reproduce_the_projection() -> None:
    mesh, camera = moved(sphere(), make_camera(), Pose.from_rotation_vector([0.2, 0.5, -0.1], [7.0, 8.0, -9.0]))
    program, center = Recorder(), mesh.bounds.mean(axis=0)
    set_camera(program, camera, center, 0.5)  # type: ignore[arg-type]
    set_window(program, camera, 100, 40, (64, 32))  # type: ignore[arg-type]
    u = program.values
    points = (mesh.vertices - center) @ u["cam_rotation"].T + u["cam_translation"]
    x, y = (points[:, :2] / points[:, 2:]).T
    ndc_x = u["clip_scale"][0] * x + u["clip_scale"][1] * y + u["clip_center"][0]
    ndc_y = u["clip_scale"][2] * y + u["clip_center"][1]
    pixels = np.column_stack([(ndc_x + 1) / 2 * 64 - 0.5 + 100, (ndc_y + 1) / 2 * 32 - 0.5 + 40])
    np.testing.assert_allclose(pixels, camera.project(mesh.vertices), atol=1e-9)
    assert u["near"] == 0.5


@pytest.mark.parametrize(
    ("lens", "expected"),
    [("none", (0, 0)), ("barrel", (1, 0)), ("rational", (1, 0)), ("tilted", (1, 1)), ("fisheye", (2, 0))],
)
def test_lens_chooses_the_shader(lens: str, expected: tuple[int, int]) -> None:
    defines = lens_defines(make_camera(lens))
    assert (defines["LENS"], defines["TILTED"]) == expected


def test_every_coefficient_reaches_the_shader() -> None:
    program, camera = Recorder(), make_camera("tilted")
    set_camera(program, camera, np.zeros(3), 0.1)  # type: ignore[arg-type]
    u = program.values
    names = ("lens_numerator", "lens_denominator", "lens_tangential", "lens_prism")
    sent = np.concatenate([u[name] for name in names])
    k = LENSES["tilted"].coefficients
    np.testing.assert_array_equal(sent, k[[0, 1, 4, 5, 6, 7, 2, 3, 8, 9, 10, 11]])
    assert u["lens_tilt"].shape == (3, 3)


def test_limit_of_a_lens_that_sees_all_in_front() -> None:
    program = Recorder()
    set_limit(program, float("inf"))  # type: ignore[arg-type]
    assert program.values["valid_radius"] == [0.0]
    set_limit(program, 0.3)  # type: ignore[arg-type]
    assert program.values["valid_radius"] == program.values["clamp_radius"] == [0.3]
