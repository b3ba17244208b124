"""CpuRenderer: the same pictures as OpenGL's, without OpenGL."""

from __future__ import annotations

import threading
import weakref
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, MaskImage
from renderkit.buffer_pool import MAX_BYTES, BufferPool
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.mask_bits import MaskBits
from renderkit.images.outlines import Segments
from renderkit.renderers.base import RendererInfo, Rendering, RenderPass, checked_pixels
from renderkit.renderers.cpu.outline import trace_outline
from renderkit.renderers.cpu.probed_mask import draw_probed
from renderkit.renderers.cpu.projection import Projection, project_mesh, project_vertices_of, threads_for
from renderkit.renderers.cpu.scratch import Scratch
from renderkit.renderers.cpu.silhouette import draw_bits, draw_mask
from renderkit.renderers.cpu.team import Team
from renderkit.renderers.cpu.topology import PreparedMeshes
from renderkit.renderers.cpu.visibility import Appearance, depths_at, draw_visible
from renderkit.system import usable_cores

_SURFACE = RenderPass.NORMAL | RenderPass.COLOR

_KEPT_BYTES = 64 << 20
"""Memory kept for each thread's next pictures: index, depth, colour and mask of 5 megapixels."""


class CpuRenderer:
    """Draws meshes with kernels compiled by Numba, in the cameras' raw (distorted) pictures. Needs no system library.

    One renderer may be used from several threads at once: the kernels run without the GIL, and each thread has working
    memory of its own. Meshes are prepared once and remembered as long as they live.

    Example:
        with CpuRenderer() as renderer:
            mask = renderer.render_mask(mesh, camera)

    Attributes:
        threads: How many views may be worth drawing at once.
    """

    def __init__(self, threads: int | None = None) -> None:
        """Take a number of threads; by default as many as the process may use cores.

        Raises:
            ValueError: If `threads` is not positive.
        """
        if threads is not None and threads < 1:
            raise ValueError(f"threads: expected at least 1, got {threads}")
        self.threads = threads or usable_cores()
        self._scratch = Scratch()
        self._team = Team(self.threads)
        self._buffers = BufferPool(max(MAX_BYTES, self.threads * _KEPT_BYTES))
        self._meshes = PreparedMeshes()
        self._appearances: weakref.WeakKeyDictionary[Mesh, Appearance] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    @property
    def info(self) -> RendererInfo:
        """Device and version, for reports."""
        from renderkit.machine_code import llvm_version, numba_version, processor  # noqa: PLC0415 - loads LLVM

        plural = "thread" if self.threads == 1 else "threads"
        device = f"Numba {numba_version()} (LLVM {llvm_version()}) on {processor().name}, {self.threads} {plural}"
        return RendererInfo("cpu", device, numba_version(), hardware=False)

    def render(self, mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
        """Draw a mesh with visibility; see `base.Renderer.render`."""
        projection = self._project(mesh, camera, silhouette=False)
        return self._draw_visible(projection, mesh, camera, passes)

    def render_mask(self, mesh: Mesh, camera: Camera) -> MaskImage:
        """Draw only the silhouette; see `base.Renderer.render_mask`."""
        projection = self._project(mesh, camera, silhouette=True)
        return draw_mask(projection, camera.size, self._scratch, self._team, buffers=self._buffers)

    def render_bits(self, mesh: Mesh, camera: Camera) -> MaskBits:
        """Draw only the silhouette, packed; see `base.DrawsBits.render_bits`."""
        projection = self._project(mesh, camera, silhouette=True)
        return draw_bits(projection, camera.size, self._scratch, self._team)[0]

    def trace_outline(self, mesh: Mesh, camera: Camera) -> Segments:
        """Return the outline of what `render_mask` covers, exact to a small part of a pixel.

        Args:
            mesh: Vertices in world units.
            camera: The view.

        Returns:
            (N, 4) segments x0, y0, x1, y1 in px, in no order; none along the picture's border.

        Raises:
            ValueError: If the mesh has no faces.
        """
        projection = self._project(mesh, camera, silhouette=True)
        mask = draw_mask(projection, camera.size, self._scratch, self._team, buffers=self._buffers)
        return trace_outline(projection, mask)

    def render_traced(
        self, mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY
    ) -> tuple[Rendering, Segments]:
        """Return what `render` and `trace_outline` do; the mesh is projected once for both.

        Raises:
            ValueError: If the mesh has no faces.
        """
        vertices = project_vertices_of(self._meshes.get(mesh), camera, self._scratch, self._team, silhouette=False)
        silhouette = vertices.as_silhouette(self._scratch)
        rendering = self._draw_visible(vertices.settled(self._scratch), mesh, camera, passes)
        mask = draw_mask(silhouette, camera.size, self._scratch, self._team, buffers=self._buffers)
        return rendering, trace_outline(silhouette, mask)

    def depth_at(self, mesh: Mesh, camera: Camera, pixels: NDArray[np.int64]) -> FloatArray:
        """Tell the depth at a few pixels; see `base.DepthProbe.depth_at`."""
        wanted = checked_pixels(pixels, camera)
        projection = self._project(mesh, camera, silhouette=False)
        return depths_at(projection, wanted, camera.width, self._scratch).astype(np.float64)

    def render_bits_and_depths(
        self, mesh: Mesh, camera: Camera, pixels: NDArray[np.int64]
    ) -> tuple[MaskBits, FloatArray]:
        """Draw the silhouette and tell the depth at a few pixels; see `base.DrawsBits.render_bits_and_depths`."""
        wanted = checked_pixels(pixels, camera)
        prepared = self._meshes.get(mesh)
        if threads_for(prepared.topology, self._team) == 1:
            drawn = draw_probed(prepared, camera, wanted, self._scratch)
            if isinstance(drawn, tuple):
                return drawn[0], drawn[1].astype(np.float64)
            vertices = drawn
        else:
            vertices = project_vertices_of(prepared, camera, self._scratch, self._team, silhouette=False)
        silhouette = vertices.as_silhouette(self._scratch)
        # Depths first: the mask drives the vertices out of the processor's caches.
        depths = depths_at(vertices.settled(self._scratch), wanted, camera.width, self._scratch)
        bits, _ = draw_bits(silhouette, camera.size, self._scratch, self._team)
        return bits, depths.astype(np.float64)

    def close(self) -> None:
        """Release what this thread and all meshes hold, and spare memory of pictures. Closing twice is harmless."""
        self._team.close()
        self._meshes.clear()
        self._scratch.clear()
        self._buffers.close()
        with self._lock:
            self._appearances.clear()

    def __enter__(self) -> Self:
        """Return the renderer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the renderer."""
        self.close()

    def _project(self, mesh: Mesh, camera: Camera, *, silhouette: bool) -> Projection:
        return project_mesh(self._meshes.get(mesh), camera, self._scratch, self._team, silhouette=silhouette)

    def _draw_visible(self, projection: Projection, mesh: Mesh, camera: Camera, passes: RenderPass) -> Rendering:
        appearance = self._appearance(mesh) if passes & _SURFACE else Appearance.none()
        return draw_visible(
            projection, appearance, camera.size, passes, self._scratch, self._team, buffers=self._buffers
        )

    def _appearance(self, mesh: Mesh) -> Appearance:
        with self._lock:
            known = self._appearances.get(mesh)
            if known is None:
                known = Appearance.of(mesh, self._meshes.get(mesh).topology)
                self._appearances[mesh] = known
            return known
