"""Views worked on in several processes: the same rows, in order, and a dead worker costs its view."""

from __future__ import annotations

import os
import pickle
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.errors import ContextError
from renderkit.formats import open_capture
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.mask_bits import MaskBits
from renderkit.pipeline.process_engine import examine_with_workers, validate_in_processes
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.base import Renderer
from renderkit.renderers.choose import RendererKind, make_renderer
from renderkit.renderers.cpu import CpuRenderer
from renderkit.results.json_report import dump_report
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult
from renderkit.synth.truth import SynthTruth


class DeadlyRenderer(CpuRenderer):
    """Takes its process down at one camera."""

    def render_bits_and_depths(
        self, mesh: Mesh, camera: Camera, pixels: NDArray[np.int64]
    ) -> tuple[MaskBits, FloatArray]:
        if camera.name == "25":
            os._exit(7)
        return super().render_bits_and_depths(mesh, camera, pixels)


def _no_context() -> Renderer:
    raise ContextError("device 9", "there is none")


def _text(rows: list[ViewResult]) -> str:
    """The report without what differs from run to run."""
    for row in rows:
        object.__setattr__(row, "seconds", 0.0)
    return dump_report(Report(tuple(rows)))


@pytest.mark.parametrize("kind", ["egl", "cpu"])
def test_four_workers_report_what_one_reports(faulty_capture: SynthTruth, kind: RendererKind) -> None:
    with open_capture(faulty_capture.capture) as capture, make_renderer(kind, threads=1) as renderer:
        alone = _text(list(validate_views(capture, renderer)))
        together = _text([one.row for one in examine_with_workers(capture, renderer, num_workers=4)])
        assert together == alone
    with open_capture(faulty_capture.capture) as capture, make_renderer(kind, threads=4) as renderer:
        assert _text(list(validate_views(capture, renderer))) == alone


def test_a_dead_worker_costs_its_view(faulty_capture: SynthTruth) -> None:
    with open_capture(faulty_capture.capture) as capture:
        rows = list(validate_in_processes(capture, partial(DeadlyRenderer, 1), num_workers=2))
        assert [row.key.camera for row in rows] == list(capture.camera_names)
    failed = [row for row in rows if row.failure is not None]
    assert [row.key.camera for row in failed] == ["25"]
    assert failed[0].failure is not None
    assert "worker process died" in failed[0].failure.message


def test_a_renderer_that_cannot_be_made_ends_the_walk(faulty_capture: SynthTruth) -> None:
    with open_capture(faulty_capture.capture) as capture, pytest.raises(ContextError, match="device 9"):
        list(validate_in_processes(capture, _no_context, num_workers=1))


def test_a_row_survives_pickling(faulty_capture: SynthTruth) -> None:
    with open_capture(faulty_capture.capture) as capture, CpuRenderer(1) as renderer:
        row = next(validate_views(capture, renderer))
    assert _text([pickle.loads(pickle.dumps(row))]) == _text([row])  # noqa: S301 - our own bytes


def test_no_worker_is_refused(faulty_capture: SynthTruth) -> None:
    with open_capture(faulty_capture.capture) as capture, pytest.raises(ValueError, match="num_workers"):
        list(validate_in_processes(capture, _no_context, num_workers=0))
