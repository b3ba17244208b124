"""What all views of a frame and mesh share, read once: the mesh, landmarks, and what scores on request need."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from renderkit.buffer_pool import BufferPool
from renderkit.capture import Capture, Frame
from renderkit.errors import RenderkitError
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.score_kind import Needs
from renderkit.metrics.scored_view import Missing
from renderkit.metrics.visibility import depth_tolerance
from renderkit.pipeline.options import PREFERRED_MESHES

NO_MESH = "none"
"""What a row calls the mesh of a frame that has none."""

_NO_FACES = (
    "the mesh has vertices but no faces, so it cannot be rendered; give the faces with --flame FILE: the official "
    "FLAME model (flame.is.tue.mpg.de, after registration), a template .obj or .ply, or an .npz with an array 'faces'"
)
_NOT_READ = Missing("no score that was asked for needs it")


@dataclass(frozen=True, eq=False)
class FrameContent:
    """What all views of a frame and mesh share.

    Attributes:
        mesh: The mesh, or why the frame has none.
        landmarks: 3D landmarks in world units, or None.
        tolerance: How far a landmark may lie behind the mesh and still count as seen, world units.
        other: The frame's other mesh.
        textured: The mesh with its texture or vertex colours.
        to_metres: What world units are multiplied by; 1 where the unit is unknown.
        buffers: Where the memory of mattes and masks comes from.
    """

    mesh: Mesh | Missing
    landmarks: Landmarks | None
    tolerance: float
    other: Mesh | Missing = _NOT_READ
    textured: Mesh | Missing = _NOT_READ
    to_metres: float = 1.0
    buffers: BufferPool = field(default_factory=BufferPool)

    @classmethod
    def of(cls, mesh: Mesh | Missing, landmarks: Landmarks | None) -> FrameContent:
        """Build from what was read."""
        return cls(mesh, landmarks, 0.0 if isinstance(mesh, Missing) else depth_tolerance(mesh))

    @property
    def renderable(self) -> Mesh | Missing:
        """The mesh, or why there is nothing to render."""
        if isinstance(self.mesh, Missing) or len(self.mesh.faces):
            return self.mesh
        return Missing(_NO_FACES)


def read_content(frame: Frame, mesh_name: str) -> FrameContent:
    """Read a frame's mesh and 3D landmarks.

    Raises:
        DatasetError: If one of them is there but cannot be read.
    """
    if mesh_name in frame.mesh_names:
        return FrameContent.of(frame.read_mesh(mesh_name), frame.read_landmarks())
    has = ", ".join(frame.mesh_names)
    if mesh_name == NO_MESH:
        why = "the frame has no mesh; give one with --mesh FILE"
    else:
        why = f"frame {frame.id} has no mesh {mesh_name!r}; it has {has or 'none'}"
    return FrameContent.of(Missing(why), frame.read_landmarks())


def read_shared_content(capture: Capture, frame: Frame, mesh_name: str, needs: Needs) -> FrameContent:
    """Read what a frame's views share, with what the scores that were asked for need.

    What is damaged of the latter is a reason why a score cannot be computed: it never costs the standard scores.

    Raises:
        DatasetError: If the mesh or the 3D landmarks are there but cannot be read.
    """
    content = replace(read_content(frame, mesh_name), to_metres=1e-3 if capture.unit == "mm" else 1.0)
    if Needs.OTHER_MESH in needs:
        content = replace(content, other=_other_mesh(frame, mesh_name))
    if Needs.TEXTURED_MESH in needs:
        content = replace(content, textured=_textured(frame, mesh_name, content.mesh))
    return content


def _other_mesh(frame: Frame, mesh_name: str) -> Mesh | Missing:
    for name in (*PREFERRED_MESHES, *frame.mesh_names):
        if name == mesh_name or name not in frame.mesh_names:
            continue
        try:
            mesh = frame.read_mesh(name)
        except RenderkitError as error:
            return Missing(str(error))
        return mesh if len(mesh.faces) else Missing(f"the mesh {name!r} has no faces: give them with --flame FILE")
    return Missing("the frame has no second mesh to compare depth with")


def _textured(frame: Frame, mesh_name: str, mesh: Mesh | Missing) -> Mesh | Missing:
    if not isinstance(mesh, Missing) and mesh.has_color:
        return mesh
    read = frame.textured_mesh_readers.get(mesh_name)
    if read is None:
        return Missing("the mesh has neither texture nor vertex colours")
    try:
        found = read()
    except RenderkitError as error:
        return Missing(str(error))
    return found or Missing("the frame has no UV texture, or --flame FILE has no texture coordinates")
