"""The diagnosis of a capture: evidence is gathered in a bounded number of views, then the rig is judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.arguments import PathLike, Selection
from renderkit.capture import Capture
from renderkit.diagnosis.evidence.combine import with_findings
from renderkit.diagnosis.rig import Measure, diagnose_rig
from renderkit.pipeline.blas import one_blas_thread
from renderkit.pipeline.evidence import MAX_VIEWS, MAX_VIEWS_THOROUGH, SeenViews, gather_evidence
from renderkit.pipeline.inputs import CaptureInputs, make_options
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD, ValidationOptions
from renderkit.pipeline.rig_evidence import measure_evidence, measure_mattes_alone
from renderkit.renderers.base import Renderer
from renderkit.renderers.choose import make_renderer
from renderkit.results.diagnosis import ALPHA, Diagnosis

if TYPE_CHECKING:
    from renderkit.boards.board import Board
    from renderkit.diagnosis.evidence.kind import MeasuredEvidence
    from renderkit.formats.folder import CameraNames


def diagnose(
    capture: PathLike | Capture | None = None,
    *,
    cameras: Selection | None = None,
    frames: Selection | None = None,
    mesh: PathLike | None = None,
    masks: PathLike | None = None,
    landmarks: PathLike | None = None,
    min_confidence: float | None = None,
    flame: PathLike | None = None,
    mesh_root: PathLike | None = None,
    rig: PathLike | None = None,
    images: PathLike | None = None,
    camera_names: CameraNames | None = None,
    size: tuple[int, int] | None = None,
    matte_threshold: float = DEFAULT_MATTE_THRESHOLD,
    undistorted_mattes: bool = False,
    evidence: str | Iterable[str] | None = None,
    board: str | Path | Board | None = None,
    false_alarms: float = ALPHA,
) -> Diagnosis:
    """Find out whether a rig as a whole is read as it was meant, and which cameras are off.

    Every known misreading of extrinsics, intrinsics, landmarks and mattes is tried on the
    capture's landmarks and mattes, in pairs where no single one makes the rig fit; docs/diagnosis.md lists them.

    Args:
        capture: A capture's file or folder, or an opened capture, which stays open.
        cameras: Selection such as "18,25-32", or names and numbers as a list; all by default.
        frames: Selection such as "3,7" or "0:10:2", or a list; all by default.
        mesh: Name of one of the capture's meshes, or a mesh file; each frame's preferred mesh by default.
        masks: Folder of mattes, `<camera>.png` or `<frame>/<camera>.png`.
        landmarks: Landmarks file or folder.
        min_confidence: Landmarks whose confidence is not above this count as not detected.
        flame: File with FLAME's faces; the remembered one by default. Not with an opened capture.
        mesh_root: Folder of FaceScape's released models. Not with an opened capture.
        rig: A camera file; in place of the cameras of a capture that has its own.
        images: Pattern of the photographs, such as "images/{frame}/{camera}.jpg".
        camera_names: The cameras' names in file paths.
        size: (width, height) in px for camera files that state none.
        matte_threshold: Alpha in (0, 1] from which a matte counts as inside.
        undistorted_mattes: The mattes belong to undistorted pictures.
        evidence: What the rig is judged by, such as "mesh,points,mattes"; by default the mesh, with the mattes by
            themselves where the mesh is not exact enough, or without a mesh what the views have.
        board: The calibration board that the photographs show; see docs/guide/boards.md.
        false_alarms: Probability that a camera of a rig without fault is named.

    Returns:
        The verdict on the rig, the readings that make it fit, and the cameras that are off.

    Raises:
        ArgumentError: If a selection or option is not valid for this capture; a ValueError as well.
        DatasetError: If an input is missing or damaged.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, options)
        ...     diagnosis = rk.diagnose(truth.capture)
        >>> diagnosis.verdict, diagnosis.readings
        ('fits', ())
    """
    inputs = CaptureInputs.of(
        capture, mesh, masks=masks, landmarks=landmarks, flame=flame, mesh_root=mesh_root, rig=rig, images=images,
        camera_names=camera_names, size=size, min_confidence=min_confidence,
    )  # fmt: skip
    with inputs.opened(capture) as opened:
        options = make_options(
            opened,
            inputs.mesh_names,
            frames=frames,
            cameras=cameras,
            matte_threshold=matte_threshold,
            undistorted_mattes=undistorted_mattes,
            evidence=evidence,
            board=board,
            false_alarms=false_alarms,
        )
        with make_renderer("cpu") as renderer:
            measured = measure_evidence(opened, options)
            mattes = None if evidence is not None else partial(measure_mattes_alone, opened, options)
            return diagnose_opened(opened, options, renderer, measured, thorough=True, mattes=mattes)


@one_blas_thread
def diagnose_opened(
    capture: Capture,
    options: ValidationOptions,
    renderer: Renderer,
    measured: Sequence[MeasuredEvidence] = (),
    *,
    thorough: bool = False,
    mattes: Measure | None = None,
    seen: SeenViews | None = None,
) -> Diagnosis:
    """Diagnose the rig of an open capture.

    Args:
        capture: The capture.
        options: What is validated.
        renderer: Draws the mesh, to measure outlines.
        measured: What evidence that joins many views found.
        thorough: Try the readings even where the rig fits and nothing common to all cameras is left.
        mattes: Measures the mattes by themselves, which takes a while; see `diagnose_rig`.
        seen: Views that were measured while they were scored.
    """
    most = MAX_VIEWS_THOROUGH if thorough else MAX_VIEWS
    gathered = gather_evidence(capture, options, renderer=renderer, max_views=most, seen=seen)
    found = diagnose_rig(gathered, thorough=thorough, alpha=options.false_alarms, mattes=mattes)
    return with_findings(found, [one.findings for one in measured])
