"""Reports made by hand, without a capture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import trimesh

from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.containment import ContainmentScore
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.pictures.page_pictures import page_files
from renderkit.renderers.base import Rendering
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.report import GateVerdict, InputFile, Provenance, Report
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.run_scene import write_run_scene
from renderkit.results.scores import Scores
from renderkit.writing import write_files

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
    return ViewResult(key, Scores(**scores), missing, (), None, (640, 480), pixels, overlay, 0.25)


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


def make_evidence(row: ViewResult, camera: Camera) -> PictureEvidence:
    """What a view was measured from: a disc rendered 6 px to the right of the captured one, on a gradient."""
    width, height = camera.size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    radius = 0.3 * height
    captured = np.hypot(x - width / 2, y - height / 2) < radius
    rendered = np.hypot(x - width / 2 - 6, y - height / 2) < radius
    photo = np.stack([x * 255 // width, y * 255 // height, np.where(captured, 220, 60)], axis=2).astype(np.uint8)
    shaded = np.where(rendered[..., None], np.uint8(170), np.uint8(0)).repeat(3, axis=2)
    depth = np.where(rendered, np.float32(1.0), np.float32(np.inf))
    face_index = np.where(rendered, np.int32(0), np.int32(-1))
    return PictureEvidence(
        row, camera, photo=photo, matte=captured.astype(np.uint8) * 255,
        rendering=Rendering(face_index, depth, color=shaded),
        whole_masks=(MaskBits.pack(rendered), MaskBits.pack(captured)),
    )  # fmt: skip


@pytest.fixture(scope="session")
def write_run() -> Callable[[Report, Path], Path]:
    """Return a function that writes what `validate` writes beside a report: pictures, cameras on a ring, a mesh."""

    def write(report: Report, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        cameras = {}
        for index, name in enumerate(report.camera_names):
            turn = 2.0 * math.pi * index / len(report.camera_names)
            # Looks at the origin from 2 m away; x right, y down.
            rotation = [[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]]
            matrix = [[600.0, 0.0, 319.5], [0.0, 600.0, 239.5], [0.0, 0.0, 1.0]]
            pose = Pose(np.array(rotation), np.array([0.0, 0.0, 2.0]))
            cameras[name] = Camera.from_opencv(matrix, [], pose, (640, 480), name)
        for row in report.rows:
            if row.failure is None:
                write_files(folder, page_files(make_evidence(row, cameras[row.key.camera])))
        box = trimesh.creation.icosphere(3, 0.3)
        write_run_scene(folder, Rig(cameras, "m"), {name: Mesh(box.vertices, box.faces) for name in report.meshes})
        return folder

    return write
