"""What a renderer keeps on its device - programs, targets, meshes - and the drawing itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_defaults import NEUTRAL_ALBEDO
from renderkit.renderers.egl.camera import NEAR_OF_REACH, lens_defines, set_camera, set_limit, set_window
from renderkit.renderers.egl.context import EglContext
from renderkit.renderers.egl.gl import Buffer, GlOwner, Program, load_gl
from renderkit.renderers.egl.mesh import COLOR, DeviceMesh, DeviceMeshes, needs_face_table
from renderkit.renderers.egl.pieces import DevicePieces
from renderkit.renderers.egl.readback import Readbacks
from renderkit.renderers.egl.target import (
    COLOR_FORMAT,
    DEPTH_FORMAT,
    FACE_FORMAT,
    MASK_FORMAT,
    NORMAL_FORMAT,
    POINT_FORMAT,
    PixelFormat,
    Target,
    Window,
)
from renderkit.renderers.lens_bounds import LensCatalog
from renderkit.renderers.view_plan import ViewPlan, plan_view

_BACKGROUND = {
    FACE_FORMAT: -1.0,
    DEPTH_FORMAT: float("inf"),
    MASK_FORMAT: 0.0,
    NORMAL_FORMAT: 0.0,
    COLOR_FORMAT: 0.0,
    POINT_FORMAT: 0.0,
}
_SLOTS = {POINT_FORMAT: "POINT", NORMAL_FORMAT: "NORMAL", COLOR_FORMAT: "COLOR"}
_DEFINES = {
    "SURFACE": 0, "POINT": 0, "PIECES": 0, "BOUNDED": 0, "NORMAL": 0, "COLOR": 0,
    "TEXTURED": 0, "FACE_TABLE": 0, "VERTEX_COLORS": 0,
}  # fmt: skip
"""Every macro that the shaders test, switched off."""
_MAX_TARGET_BYTES = 1 << 29


class DrawDevice(GlOwner):
    """Everything on one context. The context must be current whenever a method is called."""

    def __init__(self, context: EglContext) -> None:
        super().__init__(load_gl())
        gl = self._gl
        self._meshes = DeviceMeshes(gl)
        self._catalog = LensCatalog()
        self._programs: dict[tuple[str, tuple[tuple[str, int], ...]], Program] = {}
        self._targets: OrderedDict[tuple[int, int, tuple[PixelFormat, ...]], Target] = OrderedDict()
        self.readbacks = Readbacks(gl)
        context.use_zero_to_one_depth()
        gl.glDepthFunc(gl.GL_GREATER)
        gl.glCullFace(gl.GL_BACK)
        gl.glDisable(gl.GL_MULTISAMPLE)
        gl.glDisable(gl.GL_DITHER)

    def draw(self, mesh: Mesh, camera: Camera, window: Window, formats: Sequence[PixelFormat]) -> Target:
        """Draw a window of the picture: the silhouette for MASK_FORMAT alone, else the visible surface.

        Returns:
            The target; it belongs to the device and holds the picture until the next drawing of this size.
        """
        gl = self._gl
        uploaded = self._meshes.get(mesh)
        plan = self._plan(mesh, uploaded, camera)
        target = self._target(window, formats)
        target.bind(*window[2:])
        target.clear([_BACKGROUND[pixel_format] for pixel_format in formats])
        silhouette = MASK_FORMAT in formats
        # The drawn outlines of a closed mesh's faces cancel edge by edge, so a pixel that any face covers is covered by
        # as many faces of one orientation as of the other. Faces that are cut off would break this.
        cull = silhouette and plan.whole and uploaded.is_closed(mesh)
        (gl.glEnable if cull else gl.glDisable)(gl.GL_CULL_FACE)
        (gl.glDisable if silhouette else gl.glEnable)(gl.GL_DEPTH_TEST)
        defines = _pass_defines(mesh, formats)
        # One drawing per texture; each shows its own faces only.
        for texture in range(max(1, len(mesh.all_textures) * defines.get("FACE_TABLE", 0))):
            uploaded.shown_texture = texture
            self._draw_faces(mesh, uploaded, camera, window, plan, defines)
            if plan.pieces is not None:
                self._draw_pieces(mesh, uploaded, camera, window, plan, defines)
        gl.glBindVertexArray(0)
        return target

    def close(self) -> None:
        """Release everything."""
        # A program in use would outlive its release.
        self._gl.glUseProgram(0)
        self._meshes.close()
        self.readbacks.close()
        for owner in (*self._programs.values(), *self._targets.values()):
            owner.close()
        self._programs.clear()
        self._targets.clear()

    def _plan(self, mesh: Mesh, uploaded: DeviceMesh, camera: Camera) -> ViewPlan:
        plan = uploaded.plans.get(camera)
        if plan is None:
            plan = plan_view(mesh, uploaded.corners, uploaded.longest_edges(mesh), camera, self._catalog)
            uploaded.plans[camera] = plan
        return plan

    def _draw_faces(
        self, mesh: Mesh, uploaded: DeviceMesh, camera: Camera, window: Window, plan: ViewPlan, defines: dict[str, int]
    ) -> None:
        """Draw the faces that need no cut as they are."""
        shaded = bool(defines["SURFACE"])
        array = uploaded.vertex_array(mesh, shaded=shaded)
        self._use_program(camera, uploaded, window, defines)
        with ExitStack() as stack:
            if plan.hidden is not None:
                # The others keep their numbers: hidden faces shrink to nothing.
                kept = mesh.faces.astype(np.uint32)
                kept[plan.hidden] = 0
                indices = stack.enter_context(Buffer(self._gl, kept, target=self._gl.GL_ELEMENT_ARRAY_BUFFER))
                array = stack.enter_context(uploaded.vertex_array_of(mesh, indices, shaded=shaded))
            array.draw_indexed(3 * uploaded.num_faces)

    def _draw_pieces(
        self, mesh: Mesh, uploaded: DeviceMesh, camera: Camera, window: Window, plan: ViewPlan, defines: dict[str, int]
    ) -> None:
        """Draw the pieces of the other faces; the part of them beyond the lens's limit is clipped."""
        if plan.pieces is None:
            return
        gl = self._gl
        program = self._use_program(camera, uploaded, window, defines | {"PIECES": 1, "BOUNDED": 1})
        set_limit(program, plan.limit)
        with DevicePieces(gl, mesh, plan.pieces, uploaded.center, shaded=bool(defines["SURFACE"])) as pieces:
            gl.glEnable(gl.GL_CLIP_DISTANCE0)
            pieces.draw()
            gl.glDisable(gl.GL_CLIP_DISTANCE0)

    def _use_program(self, camera: Camera, uploaded: DeviceMesh, window: Window, defines: dict[str, int]) -> Program:
        defines = _DEFINES | defines | lens_defines(camera)
        fragment = "surface.frag" if "DEPTH" in defines else "mask.frag"
        key = fragment, tuple(sorted(defines.items()))
        program = self._programs.get(key)
        if program is None:
            program = Program(self._gl, "mesh.vert", fragment, defines)
            self._programs[key] = program
        program.use()
        reach = float(np.abs(camera.cam_from_world.apply(uploaded.corners)).max())
        set_camera(program, camera, uploaded.center, NEAR_OF_REACH * reach)
        set_window(program, camera, window[0], window[1], window[2:])
        if defines["SURFACE"]:
            self._gl.glVertexAttrib3f(COLOR, NEUTRAL_ALBEDO, NEUTRAL_ALBEDO, NEUTRAL_ALBEDO)
            uploaded.bind_textures(program)
        return program

    def _target(self, window: Window, formats: Sequence[PixelFormat]) -> Target:
        width, height = window[2:]
        key = width, height, tuple(formats)
        target = self._targets.pop(key, None)
        if target is None:
            target = Target(self._gl, width, height, formats, depth_test=MASK_FORMAT not in formats)
        self._targets[key] = target
        total = sum(kept.num_bytes for kept in self._targets.values())
        while total > _MAX_TARGET_BYTES and len(self._targets) > 1:
            _, oldest = self._targets.popitem(last=False)
            total -= oldest.num_bytes
            oldest.close()
        return target


def _pass_defines(mesh: Mesh, formats: Sequence[PixelFormat]) -> dict[str, int]:
    """Return the macros of a pass: which outputs it has, and in which slots."""
    if MASK_FORMAT in formats:
        return {"SURFACE": 0}
    defines = {"DEPTH": 1, "SURFACE": int(NORMAL_FORMAT in formats or COLOR_FORMAT in formats)}
    for slot, pixel_format in enumerate(formats):
        if pixel_format in _SLOTS:
            defines |= {_SLOTS[pixel_format]: 1, f"{_SLOTS[pixel_format]}_SLOT": slot}
    if COLOR_FORMAT in formats:
        defines["TEXTURED"] = int(bool(mesh.all_textures))
        defines["FACE_TABLE"] = int(needs_face_table(mesh))
        defines["VERTEX_COLORS"] = int(mesh.vertex_colors is not None)
    return defines
