"""The geometry of a capture for views in 3D: its cameras, and each mesh as it is in the first frame that has it."""

from __future__ import annotations

from collections.abc import Iterable

from renderkit.capture import Capture
from renderkit.errors import CalibrationError, DatasetError
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig


def read_rig_of(capture: Capture, camera_names: Iterable[str]) -> Rig:
    """Return the cameras of those names; a camera whose calibration cannot be read is left out: its rows say why."""
    cameras = {}
    for name in camera_names:
        try:
            cameras[name] = capture.camera(name)
        except CalibrationError:
            continue
    return Rig(cameras, capture.unit, str(capture.path))


def read_meshes_of(capture: Capture, frame_ids: Iterable[str], mesh_names: Iterable[str]) -> dict[str, Mesh]:
    """Return each mesh of the first frame that has it; one that cannot be read is left out: its rows say why."""
    wanted = set(mesh_names)
    found: dict[str, Mesh] = {}
    for frame_id in frame_ids:
        for name in sorted(wanted - found.keys()):
            try:
                frame = capture.frame(frame_id)
                if name in frame.mesh_names:
                    found[name] = frame.read_mesh(name)
            except DatasetError:
                continue
        if wanted <= found.keys():
            break
    return found
