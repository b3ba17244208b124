"""Captures for the pipeline's tests: a ball in memory, and a synthetic head with planted faults."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ball_scene import MakeBall, MemoryCapture, RayRenderer, ball_landmarks, ball_mesh, ball_view

from renderkit.capture import Frame, View
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.synth.faults import parse_fault
from renderkit.synth.truth import SynthTruth


@pytest.fixture(scope="session")
def make_ball() -> MakeBall:
    """Return a function that makes a capture of the ball, with views and frames replaced as asked."""
    cameras, frames = ("00", "01", "02"), ("0", "1")
    views = {(frame, camera): ball_view(frame, camera) for frame in frames for camera in cameras}
    mesh, landmarks = ball_mesh(), ball_landmarks()
    whole = {frame: Frame(frame, {"scan": lambda: mesh}, lambda: landmarks) for frame in frames}

    def make(
        changed_views: Mapping[tuple[str, str], View | Exception] | None = None,
        changed_frames: Mapping[str, Frame | Exception] | None = None,
    ) -> MemoryCapture:
        return MemoryCapture({**views, **(changed_views or {})}, {**whole, **(changed_frames or {})})

    return make


@pytest.fixture(scope="session")
def renderer() -> RayRenderer:
    """The stand-in renderer."""
    return RayRenderer()


@pytest.fixture(scope="session")
def faulty_capture(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    """A RenderMe-360 capture of eight cameras.

    Camera 25 is written turned by 0.3 degrees; camera 13, which has no 2D landmarks, with its centre off by 2 px.
    """
    faults = (parse_fault("rotated@25=0.3"), parse_fault("shifted@13=2"))
    options = SynthOptions(num_cameras=8, size=(306, 256), scan_faces=8_000, faults=faults, seed=3)
    return synthesize(tmp_path_factory.mktemp("faulty"), options)
