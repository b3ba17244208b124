"""What a check looks at, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from renderkit.capture import Capture
from renderkit.errors import RenderkitError
from renderkit.geometry.mesh import Mesh
from renderkit.pipeline.options import PREFERRED_MESHES, ValidationOptions
from renderkit.renderers.base import Renderer
from renderkit.results.capture_check import CaptureCheck

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True)
class CheckBudget:
    """How much is read.

    Attributes:
        num_views: Views of one frame that are read or rendered.
        num_frames: Frames that are tried for FLAME's translation and the scan.
        num_scan_views: Cameras in which the scan's frame is looked for.
    """

    num_views: int = 6
    num_frames: int = 6
    num_scan_views: int = 3


@dataclass(frozen=True, eq=False)
class CheckSubject:
    """A capture and how it is going to be validated.

    Attributes:
        capture: The capture.
        renderer: Draws its mesh.
        options: What is going to be validated; decides which frames, cameras and mesh are looked at.
        budget: How much is read.
    """

    capture: Capture
    renderer: Renderer
    options: ValidationOptions
    budget: CheckBudget

    @property
    def frames(self) -> Sequence[str]:
        """The frames that are going to be validated."""
        return self.capture.frame_ids if self.options.frames is None else self.options.frames

    @property
    def cameras(self) -> Sequence[str]:
        """The cameras that are going to be validated."""
        return self.capture.camera_names if self.options.cameras is None else self.options.cameras

    def scored_mesh(self) -> Mesh | None:
        """Return the first mesh with faces that is going to be validated; None without one."""
        for frame_id in self.frames[:1]:
            frame = self.capture.frame(frame_id)
            names = self.options.meshes or (*PREFERRED_MESHES, *frame.mesh_names)
            for name in dict.fromkeys(name for name in names if name in frame.mesh_names):
                mesh = frame.read_mesh(name)
                if len(mesh.faces):
                    return mesh
        return None


@dataclass(frozen=True)
class CheckKind:
    """One question about a capture that its dataset does not document.

    Attributes:
        name: Its name in reports.
        make: Answers it; "skipped" where the question does not arise. What cannot be read is left out.
    """

    name: str
    make: Callable[[CheckSubject], CaptureCheck]


def read_or_none(reader: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value | None:
    """Return what can be read; damage is an error of the rows that need it, and no evidence here."""
    try:
        return reader(*args, **kwargs)
    except RenderkitError:
        return None
