"""What a renderer keeps on its device - programs, targets, meshes - and the drawing itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.render.base import RenderPass
from renderkit.render.egl import EglContext
from renderkit.render.egl_camera import NEAR_OF_REACH, lens_defines, set_camera, set_window
from renderkit.render.egl_mesh import COLOR, NEUTRAL_ALBEDO, DeviceMesh, DeviceMeshes
from renderkit.render.gl import GlOwner, Program, load_gl
from renderkit.render.gl_target import (
    COLOR_FORMAT,
    DEPTH_FORMAT,
    FACE_FORMAT,
    MASK_FORMAT,
    NORMAL_FORMAT,
    PixelFormat,
    Target,
)

Window: TypeAlias = tuple[int, int, int, int]
"""x0, y0, width, height of the part of the picture that is drawn, in px."""

_BACKGROUND = {FACE_FORMAT: -1.0, DEPTH_FORMAT: float("inf"), MASK_FORMAT: 0.0, NORMAL_FORMAT: 0.0, COLOR_FORMAT: 0.0}
_MAX_TARGET_BYTES = 1 << 29


class DrawDevice(GlOwner):
    """Everything on one context. The context must be current whenever a method is called."""

    def __init__(self, context: EglContext) -> None:
        super().__init__(load_gl())
        gl = self._gl
        self._meshes = DeviceMeshes(gl)
        self._programs: dict[tuple[str, tuple[tuple[str, int], ...]], Program] = {}
        self._targets: OrderedDict[tuple[int, int, tuple[PixelFormat, ...], bool], Target] = OrderedDict()
        context.use_zero_to_one_depth()
        gl.glDepthFunc(gl.GL_GREATER)
        # Clip space is upside down (row 0 on top), which turns every face over.
        gl.glFrontFace(gl.GL_CW)
        gl.glCullFace(gl.GL_BACK)
        gl.glDisable(gl.GL_MULTISAMPLE)
        gl.glDisable(gl.GL_DITHER)

    def draw_mask(self, mesh: Mesh, camera: Camera, window: Window) -> None:
        """Draw the silhouette into a target of MASK_FORMAT."""
        uploaded = self._meshes.get(mesh)
        self._bind_target(window, [MASK_FORMAT], depth_test=False)
        program = self._program("mask.frag", lens_defines(camera))
        self._draw(program, uploaded, mesh, camera, window, shaded=False)

    def draw_surface(
        self, mesh: Mesh, camera: Camera, window: Window, formats: Sequence[PixelFormat], passes: RenderPass
    ) -> None:
        """Draw the visible surface into a target with these formats."""
        gl = self._gl
        uploaded = self._meshes.get(mesh)
        self._bind_target(window, formats, depth_test=True)
        shaded = bool(passes & (RenderPass.NORMAL | RenderPass.COLOR))
        defines = lens_defines(camera) | {"SURFACE": int(shaded), "TEXTURED": int(mesh.texture is not None)}
        if NORMAL_FORMAT in formats:
            defines |= {"NORMAL": 1, "NORMAL_SLOT": list(formats).index(NORMAL_FORMAT)}
        if COLOR_FORMAT in formats:
            defines |= {"COLOR": 1, "COLOR_SLOT": list(formats).index(COLOR_FORMAT)}
        program = self._program("surface.frag", defines)
        self._draw(program, uploaded, mesh, camera, window, shaded=shaded)
        gl.glBindVertexArray(0)

    def read(self, pictures: Sequence[NDArray[Any]], x0: int, y0: int, width: int, height: int) -> None:
        """Copy what was drawn last into (x0, y0) of whole pictures."""
        target = next(reversed(self._targets.values()))
        for slot, picture in enumerate(pictures):
            target.read(slot, picture, x0, y0, width, height)

    def close(self) -> None:
        """Release everything."""
        self._meshes.close()
        for owner in (*self._programs.values(), *self._targets.values()):
            owner.close()
        self._programs.clear()
        self._targets.clear()

    def _draw(
        self, program: Program, uploaded: DeviceMesh, mesh: Mesh, camera: Camera, window: Window, *, shaded: bool
    ) -> None:
        gl = self._gl
        array = uploaded.vertex_array(mesh, shaded=shaded)
        program.use()
        reach = float(np.abs(camera.cam_from_world.apply(uploaded.corners)).max())
        set_camera(program, camera, uploaded.center, NEAR_OF_REACH * reach)
        set_window(program, camera, window[0], window[1], window[2:])
        if shaded:
            gl.glVertexAttrib3f(COLOR, NEUTRAL_ALBEDO, NEUTRAL_ALBEDO, NEUTRAL_ALBEDO)
            if uploaded.texture is not None:
                uploaded.texture.bind(0)
        array.draw_indexed(3 * uploaded.num_faces)

    def _program(self, fragment: str, defines: dict[str, int]) -> Program:
        key = fragment, tuple(sorted(defines.items()))
        program = self._programs.get(key)
        if program is None:
            program = Program(self._gl, "mesh.vert", fragment, _DEFINES | defines)
            self._programs[key] = program
        return program

    def _bind_target(self, window: Window, formats: Sequence[PixelFormat], *, depth_test: bool) -> None:
        gl = self._gl
        width, height = window[2:]
        key = width, height, tuple(formats), depth_test
        target = self._targets.pop(key, None)
        if target is None:
            target = Target(gl, width, height, formats, depth_test=depth_test)
        self._targets[key] = target
        total = sum(kept.num_bytes for kept in self._targets.values())
        while total > _MAX_TARGET_BYTES and len(self._targets) > 1:
            _, oldest = self._targets.popitem(last=False)
            total -= oldest.num_bytes
            oldest.close()
        target.bind(width, height)
        target.clear([_BACKGROUND[pixel_format] for pixel_format in formats])
        (gl.glEnable if depth_test else gl.glDisable)(gl.GL_DEPTH_TEST)


_DEFINES = {"SURFACE": 0, "POINT": 0, "PIECES": 0, "BOUNDED": 0, "NORMAL": 0, "COLOR": 0, "TEXTURED": 0}
"""Every macro that the shaders test, switched off."""
