"""The renderer that needs no OpenGL: kernels compiled by Numba."""

from renderkit.renderers.cpu.renderer import CpuRenderer
from renderkit.renderers.cpu.warm import warm

__all__ = ["CpuRenderer", "warm"]
