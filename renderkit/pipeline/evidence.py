"""Gathers what the diagnosis of a rig needs from a capture: a bounded number of views, read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.capture import Capture, Frame, View
from renderkit.diagnosis.evidence.registry import MESH
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.landmark_schemes import common_landmarks
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.pipeline.checks import spread
from renderkit.pipeline.observation import inside_matte
from renderkit.pipeline.options import PREFERRED_MESHES, ValidationOptions

MAX_VIEWS: Final = 64
MAX_VERTICES: Final = 4000
MAX_MATTE_SIDE: Final = 512


def gather_evidence(
    capture: Capture, options: ValidationOptions | None = None, *, max_views: int = MAX_VIEWS
) -> RigEvidence:
    """Read landmarks, mattes and a mesh of at most `max_views` views, all cameras of a frame before the next frame.

    A part that cannot be read is left out: the rows of the report say why.

    Args:
        capture: An open capture.
        options: Which frames, cameras and mesh to look at, and how mattes are meant.
        max_views: How many views to read. Of more cameras than that, evenly spread ones are read.
    """
    chosen = options or ValidationOptions()
    cameras = spread(capture.camera_names if chosen.cameras is None else chosen.cameras, max_views)
    num_frames = max(1, max_views // max(len(cameras), 1))
    views: list[ViewEvidence] = []
    for frame_id in spread(capture.frame_ids if chosen.frames is None else chosen.frames, num_frames):
        try:
            frame = capture.frame(frame_id)
        except DatasetError:
            continue
        points = _points(frame)
        vertices = _vertices(frame, chosen.meshes) if MESH in chosen.evidence else None
        seen = (_view(capture, frame_id, name) for name in cameras)
        views += [_evidence(view, points, vertices, chosen) for view in seen if view is not None]
    return RigEvidence(tuple(views))


def _view(capture: Capture, frame_id: str, name: str) -> View | None:
    try:
        return capture.view(frame_id, name)
    except DatasetError:
        return None


def _points(frame: Frame) -> Landmarks | None:
    try:
        return frame.read_landmarks()
    except DatasetError:
        return None


def _vertices(frame: Frame, meshes: Sequence[str]) -> FloatArray | None:
    """Return a sample of the vertices of the first mesh that is validated and can be read."""
    names = meshes or (*PREFERRED_MESHES, *frame.mesh_names)
    for name in dict.fromkeys(name for name in names if name in frame.mesh_names):
        try:
            mesh: Mesh = frame.read_mesh(name)
        except DatasetError:
            continue
        return np.asarray(mesh.vertices, dtype=np.float64)[:: max(1, len(mesh.vertices) // MAX_VERTICES)]
    return None


def _evidence(
    view: View, points: Landmarks | None, vertices: FloatArray | None, options: ValidationOptions
) -> ViewEvidence:
    camera = raw_from_rig(Rig({view.camera.name: view.camera})).cameras[0]
    known, detected = _paired(points, _pixels(view))
    matte = None
    if view.mask is not None and vertices is not None:
        try:
            alpha = view.mask.decode_matte().alpha
        except DatasetError:
            alpha = None
        if alpha is not None:
            step = max(1, max(alpha.shape) // MAX_MATTE_SIDE)
            matte = inside_matte(alpha[::step, ::step], options.matte_threshold)
    return ViewEvidence(
        camera=camera,
        frame=view.frame,
        points_world=known,
        pixels=detected,
        vertices=vertices,
        matte=matte,
        matte_is_bent=not options.undistorted_mattes,
    )


def _pixels(view: View) -> Landmarks | None:
    try:
        return view.read_landmarks()
    except DatasetError:
        return None


def _paired(points: Landmarks | None, pixels: Landmarks | None) -> tuple[FloatArray | None, FloatArray | None]:
    """Return the landmarks that both sets have, NaN where not valid; None where no map between them is known."""
    if points is None or pixels is None:
        return None, None
    try:
        pairs = common_landmarks(points, pixels)
    except ValueError:
        return None, None
    return _known(points)[pairs.first], _known(pixels)[pairs.second]


def _known(landmarks: Landmarks) -> FloatArray:
    known: FloatArray = np.where(landmarks.valid[:, None], landmarks.points, np.nan)
    return known
