"""What is kept on the device between views, and that it stays bounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from render_scenes import make_camera, sphere

from renderkit.renderers.egl import device as egl_device
from renderkit.renderers.egl.context import EglContext, EglDevice
from renderkit.renderers.egl.device import DrawDevice
from renderkit.renderers.egl.target import DEPTH_FORMAT, FACE_FORMAT, MASK_FORMAT


@pytest.fixture
def device(egl_devices: tuple[EglDevice, ...]) -> Iterator[DrawDevice]:
    with EglContext() as context, DrawDevice(context) as drawing:
        yield drawing


def test_target_and_program_are_kept(device: DrawDevice) -> None:
    mesh, camera = sphere(), make_camera("barrel")
    first = device.draw(mesh, camera, (0, 0, 320, 256), [MASK_FORMAT])
    programs = dict(device._programs)
    assert device.draw(mesh, camera, (0, 0, 320, 256), [MASK_FORMAT]) is first
    assert device._programs == programs
    assert device.draw(mesh, camera, (0, 0, 320, 256), [FACE_FORMAT, DEPTH_FORMAT]) is not first
    assert device.draw(mesh, camera, (0, 0, 100, 256), [MASK_FORMAT]) is not first


def test_plan_is_kept_as_long_as_the_camera(device: DrawDevice) -> None:
    mesh, camera = sphere(), make_camera("barrel")
    device.draw(mesh, camera, (0, 0, 320, 256), [MASK_FORMAT])
    plans = device._meshes.get(mesh).plans
    plan = plans[camera]
    device.draw(mesh, camera, (0, 0, 320, 256), [FACE_FORMAT, DEPTH_FORMAT])
    assert plans[camera] is plan
    del camera
    assert len(plans) == 0


def test_oldest_targets_go_when_memory_runs_short(device: DrawDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egl_device, "_MAX_TARGET_BYTES", 3 * 64 * 64)
    mesh, camera = sphere(), make_camera()
    targets = [device.draw(mesh, camera, (x, 0, 64 - x, 64), [MASK_FORMAT]) for x in range(5)]
    alive = [target for target in targets if target.name]
    assert alive == targets[2:]
