"""Which renderer is taken when."""

from __future__ import annotations

import pytest

from renderkit.errors import ContextError
from renderkit.renderers import choose
from renderkit.renderers.base import RendererInfo
from renderkit.renderers.choose import make_renderer
from renderkit.renderers.egl import context as egl
from renderkit.renderers.egl import renderer as module
from renderkit.renderers.egl.context import EglDevice

GPU = EglDevice(0, "A GPU", "vendor", "4.6", hardware=True, drm_path=None)
BROKEN_GPU = EglDevice(0, "", "", "", hardware=True, drm_path=None, problem="no driver")
SOFTWARE = EglDevice(1, "llvmpipe", "Mesa", "4.5", hardware=False, drm_path=None)


class Stand:
    """Stands for a renderer and says which."""

    def __init__(self, kind: str, device: int | None = None) -> None:
        self.said = kind, device


@pytest.fixture
def stands(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(choose, "_egl_renderer", lambda device, _: Stand("egl", device))
    monkeypatch.setattr(choose, "_shared_renderer", lambda device, _: Stand("egl", device))
    monkeypatch.setattr(choose, "_cpu_renderer", lambda *_: Stand("cpu"))
    return monkeypatch


def said(renderer: object) -> tuple[str, int | None]:
    assert isinstance(renderer, Stand)
    return renderer.said


@pytest.mark.parametrize(
    ("devices", "expected"),
    [((GPU, SOFTWARE), "egl"), ((SOFTWARE,), "cpu"), ((BROKEN_GPU, SOFTWARE), "cpu")],
)
def test_auto_takes_hardware_else_the_cpu(
    stands: pytest.MonkeyPatch, devices: tuple[EglDevice, ...], expected: str
) -> None:
    stands.setattr(egl, "list_devices", lambda: devices)
    assert said(make_renderer())[0] == expected


def test_auto_without_egl_takes_the_cpu(stands: pytest.MonkeyPatch) -> None:
    def none() -> tuple[EglDevice, ...]:
        raise ContextError("EGL", "no libEGL")

    stands.setattr(egl, "list_devices", none)
    assert said(make_renderer("auto"))[0] == "cpu"


def test_auto_without_a_compiler_takes_software_egl(stands: pytest.MonkeyPatch) -> None:
    def none(threads: int | None) -> Stand:
        raise ContextError("the CPU", "no numba")

    stands.setattr(egl, "list_devices", lambda: (SOFTWARE,))
    stands.setattr(choose, "_cpu_renderer", none)
    assert said(make_renderer()) == ("egl", None)


def test_what_is_asked_for_is_taken(stands: pytest.MonkeyPatch) -> None:
    assert said(make_renderer("cpu")) == ("cpu", None)
    assert said(make_renderer("egl")) == ("egl", None)
    assert said(make_renderer("egl", 1)) == ("egl", 1)
    assert said(make_renderer("auto", 1)) == ("egl", 1)


@pytest.mark.parametrize("hardware", [True, False])
def test_only_a_gpu_draws_for_many_threads(monkeypatch: pytest.MonkeyPatch, hardware: bool) -> None:
    class Thread:
        info = RendererInfo("egl", "a device", "4.6", hardware, 2)

        def __init__(self, device: int | None) -> None:
            self.device = device

        def close(self) -> None:
            pass

    monkeypatch.setattr(module, "EglRenderer", Thread)
    monkeypatch.setattr(choose, "_shared_renderer", lambda device, threads: Stand(f"{threads} threads", device))
    renderer = make_renderer("egl", threads=3)
    assert said(renderer) == ("3 threads", 2) if hardware else isinstance(renderer, Thread)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of 'auto', 'egl', 'cpu', got 'gpu'"):
        make_renderer("gpu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no devices"):
        make_renderer("cpu", 0)


def test_real_ones_say_who_they_are(egl_devices: tuple[EglDevice, ...]) -> None:
    with make_renderer("egl") as renderer:
        assert renderer.info.kind == "egl"
    with make_renderer("cpu") as renderer:
        assert renderer.info.kind == "cpu"
