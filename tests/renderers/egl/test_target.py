"""Targets: cleared, read into a part of a larger picture, released."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from renderkit.renderers.egl.context import EglContext, EglDevice
from renderkit.renderers.egl.gl import Gl, load_gl
from renderkit.renderers.egl.target import (
    COLOR_FORMAT,
    DEPTH_FORMAT,
    FACE_FORMAT,
    MASK_FORMAT,
    NORMAL_FORMAT,
    POINT_FORMAT,
    Target,
)


@pytest.fixture
def gl(egl_devices: tuple[EglDevice, ...]) -> Iterator[Gl]:
    with EglContext():
        yield load_gl()


def test_every_format_is_cleared_and_read(gl: Gl) -> None:
    formats = [MASK_FORMAT, FACE_FORMAT, DEPTH_FORMAT, POINT_FORMAT, NORMAL_FORMAT, COLOR_FORMAT]
    with Target(gl, 7, 5, formats, depth_test=True) as target:
        target.bind(7, 5)
        target.clear([1.0, -1.0, np.inf, 0.25, -0.5, 1.0])
        pictures = [np.empty(pixel_format.shape(5, 7), pixel_format.dtype) for pixel_format in formats]
        for slot, picture in enumerate(pictures):
            target.read(slot, picture, (0, 0), (0, 0, 7, 5))
        assert target.num_bytes == 35 * (1 + 4 + 4 + 8 + 16 + 4 + 4)
    for picture, expected in zip(pictures, [1, -1, np.inf, 0.25, -0.5, 255], strict=True):
        assert (picture == expected).all()


def test_part_of_a_larger_picture_is_written(gl: Gl) -> None:
    picture = np.zeros((6, 10), dtype=np.uint8)
    with Target(gl, 8, 8, [MASK_FORMAT], depth_test=False) as target:
        target.bind(8, 8)
        target.clear([1.0])
        target.read(0, picture, (4, 1), (2, 3, 3, 2))
    expected = np.zeros((6, 10), dtype=np.uint8)
    expected[1:3, 4:7] = 1
    np.testing.assert_array_equal(picture, expected)


def test_target_is_released(gl: Gl) -> None:
    target = Target(gl, 4, 4, [FACE_FORMAT, DEPTH_FORMAT], depth_test=True)
    names = [name for name in range(1, 50) if gl.glIsRenderbuffer(name)]
    assert len(names) == 3
    target.close()
    target.close()
    assert not any(gl.glIsRenderbuffer(name) for name in names)
    assert not any(gl.glIsFramebuffer(name) for name in range(1, 50))
