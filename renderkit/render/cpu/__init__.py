"""The renderer that needs no OpenGL: kernels compiled by Numba."""

from renderkit.render.cpu.renderer import CpuRenderer
from renderkit.render.cpu.warm import warm

__all__ = ["CpuRenderer", "warm"]
