"""Reports made by hand, without a capture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pytest

from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.containment import ContainmentScore
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.report.rows import Failure, GateVerdict, InputFile, Provenance, Report, Scores, ViewKey, ViewResult

MakeReport: TypeAlias = Callable[..., Report]
_NO_REASON = {
    "mask": "the capture has no mask",
    "boundary": "the capture has no mask",
    "containment": "the capture has no mask",
    "reprojection": "no landmarks were detected",
}


def make_row(camera: str, frame: str, mesh: str, error_px: float, overlap: float, failed: str | None) -> ViewResult:
    """A row whose every landmark is off by `error_px` along x and whose IoU is `overlap`; NaN for none."""
    key = ViewKey("capture", frame, camera, mesh)
    if failed is not None:
        return ViewResult(key, failure=Failure("DatasetError", failed), seconds=0.25)
    rng = np.random.default_rng(len(camera) + 7)
    scores: dict[str, object] = {}
    if not math.isnan(overlap):
        both = round(overlap * 10_000)
        scores["mask"] = MaskScore(10_000, both, both)
        scores["boundary"] = BoundaryScore(2.0, 400, 400, 380, 380)
        scores["containment"] = ContainmentScore(500, 500, 0)
    pixels = None
    if not math.isnan(error_px):
        pixels = rng.uniform(100, 500, (12, 2))
        scores["reprojection"] = ReprojectionScore(np.tile([error_px, 0.0], (12, 1)), 3, 1)
    missing = {kind: why for kind, why in _NO_REASON.items() if kind not in scores}
    overlay = f"overlays/{frame}_{camera}.png" if camera.isalnum() else None
    return ViewResult(key, Scores(**scores), missing, (), None, (640, 480), pixels, overlay, 0.25)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """Return a function that builds a report from errors and overlaps by camera name."""

    def build(
        errors: Mapping[str, float] | None = None,
        *,
        overlaps: Mapping[str, float] | None = None,
        frames: Sequence[str] = ("0",),
        meshes: Sequence[str] = ("scan",),
        failed: Mapping[str, str] | None = None,
        gates: Sequence[GateVerdict] = (),
        skipped: Mapping[str, str] | None = None,
    ) -> Report:
        errors, overlaps, failed = errors or {}, overlaps or {}, failed or {}
        cameras = dict.fromkeys([*errors, *overlaps, *failed])
        rows = tuple(
            make_row(
                camera, frame, mesh, errors.get(camera, math.nan), overlaps.get(camera, math.nan), failed.get(camera)
            )
            for camera in cameras
            for frame in frames
            for mesh in meshes
        )
        provenance = Provenance(
            "renderkit validate capture",
            "capture",
            "renderme360",
            "m",
            {"renderkit": "0.1.0", "python": "3.12.1"},
            {"kind": "cpu", "device": "Numba on 2 threads", "version": "0.68", "hardware": "no"},
            {"undistort": "no"},
            (InputFile("capture/raw.smc", 1234, "ab" * 32, "sha256"),),
        )
        return Report(rows, skipped or {}, tuple(gates), provenance, "2026-01-02T03:04:05+00:00", 1.5)

    return build
