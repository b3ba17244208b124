"""What `renderkit render` draws: the chosen views of a capture, or a bare mesh seen by a rig."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from renderkit.capture import Capture
from renderkit.errors import ArgumentError, DatasetError, RenderkitError
from renderkit.formats.registry import read_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.orbit import ring_of_views
from renderkit.metrics.score_kind import Needs
from renderkit.metrics.scored_view import Missing
from renderkit.pipeline.frame_content import read_shared_content
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import chosen_meshes
from renderkit.results.rows import ViewKey
from renderkit.selection import select_cameras


@dataclass(frozen=True, eq=False)
class RenderJob:
    """One picture to draw.

    Attributes:
        key: Which one; a bare mesh has neither capture nor frame.
        mesh: The mesh.
        camera: The view.
    """

    key: ViewKey
    mesh: Mesh
    camera: Camera

    @property
    def name(self) -> str:
        """What its files are called, without their kind and suffix."""
        key = self.key
        return f"{key.frame}_{key.camera}_{key.mesh}" if key.frame else f"{key.mesh}_{key.camera}"


@dataclass(frozen=True, eq=False)
class RenderJobs:
    """What to draw, and what cannot be drawn.

    Attributes:
        jobs: The pictures.
        problems: What cannot be drawn, one sentence each.
        notes: What the readers of the meshes left out or assumed, one sentence each.
        unit: World unit of the meshes.
    """

    jobs: tuple[RenderJob, ...]
    problems: tuple[str, ...] = ()
    unit: str = "unknown"
    notes: tuple[str, ...] = ()


def capture_jobs(capture: Capture, options: ValidationOptions, *, textured: bool = False) -> RenderJobs:
    """Return the chosen views of a capture; meshes are read here, with their textures where these are wanted."""
    needs = Needs.TEXTURED_MESH if textured else Needs.NOTHING
    jobs: list[RenderJob] = []
    problems: list[str] = []
    notes: dict[str, None] = {}
    for frame_id in options.frames or capture.frame_ids:
        frame = capture.frame(frame_id)
        for name in chosen_meshes(frame, options):
            content = read_shared_content(capture, frame, name, needs)
            mesh = content.renderable
            if isinstance(mesh, Missing):
                problems.append(f"frame {frame_id}: {mesh.reason}")
                continue
            mesh = mesh if isinstance(content.textured, Missing) else content.textured
            notes |= dict.fromkeys(_notes(mesh))
            for camera_name in options.cameras or capture.camera_names:
                try:
                    camera = capture.camera(camera_name)
                except RenderkitError as error:
                    problems.append(f"frame {frame_id} camera {camera_name}: {error}")
                    continue
                seen_by = camera.undistorted() if options.undistort else camera
                jobs.append(RenderJob(ViewKey(capture.dataset, frame_id, camera_name, name), mesh, seen_by))
    return RenderJobs(tuple(jobs), tuple(problems), capture.unit, tuple(notes))


def _notes(mesh: Mesh) -> list[str]:
    return [f"mesh {mesh.name}: {note}" for note in mesh.notes]


def mesh_jobs(
    file: Path, rig_file: Path | None = None, cameras: str | None = None, *, num_views: int, size: tuple[int, int]
) -> RenderJobs:
    """Return the views of a bare mesh.

    Args:
        file: Mesh file.
        rig_file: Cameras; a ring of views around the mesh by default.
        cameras: Selection of them; all by default.
        num_views: Views of the ring.
        size: (width, height) in px of the ring's pictures, and of cameras whose format states no size.

    Raises:
        DatasetError: If a file cannot be read, or the mesh has no faces.
        ArgumentError: If the selection names no camera.
    """
    mesh = Mesh.read(file)
    if not len(mesh.faces):
        raise DatasetError(file, None, "the mesh has no faces, so there is nothing to render")
    rig = ring_of_views(mesh, num_views, size) if rig_file is None else read_rig(rig_file, size=size)
    names = tuple(rig.cameras)
    try:
        chosen = names if cameras is None else select_cameras(cameras, names)
    except ValueError as error:
        raise ArgumentError(str(error)) from error
    jobs = tuple(RenderJob(ViewKey("", "", name, file.stem), mesh, rig[name]) for name in chosen)
    return RenderJobs(jobs, notes=tuple(_notes(mesh)))
