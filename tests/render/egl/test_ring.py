"""The readback ring: pictures come back whole and in order, buffers are reused and released."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from renderkit.render.egl.context import EglContext, EglDevice
from renderkit.render.egl.gl import Gl, load_gl
from renderkit.render.egl.ring import ReadbackRing
from renderkit.render.egl.target import FACE_FORMAT, MASK_FORMAT, Target


@pytest.fixture
def gl(egl_devices: tuple[EglDevice, ...]) -> Iterator[Gl]:
    with EglContext():
        yield load_gl()


def draw(target: Target, value: float) -> None:
    target.bind(*target.size)
    target.clear([value])


def test_pictures_come_back_in_order(gl: Gl) -> None:
    with Target(gl, 9, 5, [FACE_FORMAT], depth_test=False) as target, ReadbackRing(gl, 3) as ring:
        for value in (10, 20, 30):
            draw(target, value)
            ring.start(target, 0, 9, 5)
        assert ring.is_full
        for value in (10, 20, 30):
            np.testing.assert_array_equal(ring.finish(), np.full((5, 9), value, dtype=np.int32))
        assert len(ring) == 0


def test_buffers_are_reused_whatever_the_size(gl: Gl) -> None:
    def alive() -> int:
        return sum(bool(gl.glIsBuffer(name)) for name in range(1, 100))

    with (
        Target(gl, 4, 4, [MASK_FORMAT], depth_test=False) as small,
        Target(gl, 64, 64, [MASK_FORMAT], depth_test=False) as large,
        ReadbackRing(gl, 2) as ring,
    ):
        for target in (small, large, small, large, small):
            draw(target, 1.0)
            ring.start(target, 0, *target.size)
            assert ring.finish().shape == target.size
        assert alive() == 1
        ring.start(large, 0, 64, 64)
    assert alive() == 0


def test_capacity_must_be_positive(gl: Gl) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ReadbackRing(gl, 0)
