"""Moves of a rig's cameras between runs, or between captures, of different days."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from renderkit.arguments import as_number, as_path, as_texts
from renderkit.capture import Capture
from renderkit.diagnosis.camera_change import moved_view, with_cameras
from renderkit.diagnosis.drift import RunEvidence, find_drift
from renderkit.diagnosis.joint.observe import written_cameras
from renderkit.diagnosis.rig import compared
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.errors import ArgumentError
from renderkit.geometry.camera import Camera
from renderkit.geometry.similarity import best_similarity
from renderkit.pipeline.blas import one_blas_thread
from renderkit.pipeline.evidence import MAX_VIEWS_THOROUGH, gather_evidence
from renderkit.pipeline.inputs import CaptureInputs, make_options
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD
from renderkit.pipeline.run_evidence import read_run_evidence
from renderkit.renderers.choose import make_renderer
from renderkit.results.diagnosis import ALPHA
from renderkit.results.drift import Drift
from renderkit.results.json_report import FILE_NAME as REPORT_NAME
from renderkit.wording import counted

MAX_FRAMES: Final = 10
"""So many frames of a capture are read at most, evenly spread; of a run all."""

_SAME_PX = 1e-6


@one_blas_thread
def drift(
    *runs: str | Path | Capture,
    mesh: str | Path | None = None,
    masks: str | Path | None = None,
    landmarks: str | Path | None = None,
    min_confidence: float | None = None,
    flame: str | Path | None = None,
    mesh_root: str | Path | None = None,
    matte_threshold: float = DEFAULT_MATTE_THRESHOLD,
    undistorted_mattes: bool = False,
    false_alarms: float = ALPHA,
    names: Sequence[str] = (),
) -> Drift:
    """Say which cameras moved between runs of one rig, by how much, and how sure that is.

    A run is a run folder of `validate`, or a capture. All runs are read with the first one's calibration: what differs
    is what the cameras did. Where a later run has a calibration of its own, its 3D landmarks are taken into the first
    run's world by the best similarity of both rigs. Captures are compared by landmarks and by the outlines of their
    mattes, run folders by landmarks. What is given beside captures holds for each of them: a path is one of the
    capture's own folder where it has it.

    Args:
        runs: Two or more run folders, captures' files or folders, or opened captures, which stay open.
        mesh: Name of one of the captures' meshes, or a mesh file.
        masks: Folder or pattern of mattes.
        landmarks: Landmarks file or folder.
        min_confidence: Landmarks whose confidence is not above this count as not detected.
        flame: File with FLAME's faces; the remembered one by default. Not with an opened capture.
        mesh_root: Folder of FaceScape's released models. Not with an opened capture.
        matte_threshold: Alpha in (0, 1] from which a matte counts as inside.
        undistorted_mattes: The mattes belong to undistorted pictures.
        false_alarms: Probability that a rig that did not move has a finding.
        names: What to call the runs; folder names by default.

    Returns:
        Every camera's move between the first run and each later one, with standard errors.

    Raises:
        ArgumentError: With fewer than two runs, where fewer than 3 cameras have landmarks or mattes in all of them, or
            where something is given beside a run folder.
        DatasetError: If a run or capture is missing or damaged.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> rig = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     monday = rk.synthesize(Path(folder, "monday"), rig).capture
        ...     print(rk.drift(monday, monday, names=["monday", "tuesday"]).sentence)
        none of 6 cameras moved between 2 runs (false alarm rate 1 %)
    """
    if len(runs) < 2:
        raise ArgumentError(f"expected at least two runs, got {len(runs)}")
    for run in runs:
        if not isinstance(run, Capture):
            as_path("runs", run, ", or an opened capture")
    if not 0.0 < as_number("false_alarms", false_alarms) < 1.0:
        raise ArgumentError(f"false_alarms: expected a probability between 0 and 1, got {false_alarms:g}")
    names = as_texts("names", names)
    if names and len(names) != len(runs):
        raise ArgumentError(f"names: expected {len(runs)}, got {len(names)}")
    beside = CaptureInputs.of(
        None, mesh, masks=masks, landmarks=landmarks, min_confidence=min_confidence, flame=flame, mesh_root=mesh_root
    )
    read = [_read(run, beside, matte_threshold, undistorted_mattes=undistorted_mattes) for run in runs]
    first, unit = read[0]
    base = written_cameras(first)
    notes: list[str] = []
    evidence = [RunEvidence(name, first) for name in (names or _names(runs))[:1]]
    if any(_is_run(run) for run in runs) and not all(view.has_landmarks for view in first.views):
        notes.append("run folders hold landmarks alone; give the captures: the outlines of their mattes count as well")
    for name, (later, _) in zip((names or _names(runs))[1:], read[1:], strict=True):
        aligned, note = _aligned(later, base)
        notes += [f"run {name}: {note}"] if note else []
        evidence.append(RunEvidence(name, aligned))
    try:
        return find_drift(evidence, alpha=false_alarms, unit=unit, notes=notes)
    except ValueError as error:
        raise ArgumentError(str(error)) from error


def _read(
    run: str | Path | Capture, beside: CaptureInputs, matte_threshold: float, *, undistorted_mattes: bool
) -> tuple[RigEvidence, str]:
    if not isinstance(run, Capture):
        path = Path(run)
        if _is_run(path):
            if beside.gives_files:
                raise ArgumentError(f"{run}: is a run folder; meshes, mattes and landmarks are given beside captures")
            return read_run_evidence(path.parent if path.name == REPORT_NAME else path)
        beside = beside.of_one(path)
    with beside.opened(run) as capture:
        options = make_options(
            capture, beside.mesh_names, matte_threshold=matte_threshold, undistorted_mattes=undistorted_mattes
        )
        most = min(MAX_FRAMES * max(len(capture.camera_names), 1), MAX_VIEWS_THOROUGH)
        with make_renderer("cpu") as renderer:
            gathered = gather_evidence(capture, options, renderer=renderer, max_views=most)
        return compared(gathered), capture.unit


def _is_run(run: str | Path | Capture) -> bool:
    if isinstance(run, Capture):
        return False
    return Path(run).name == REPORT_NAME or (Path(run) / REPORT_NAME).is_file()


def _names(runs: Sequence[str | Path | Capture]) -> tuple[str, ...]:
    """Return the last part of the paths in which all differ; else numbered names."""
    paths = [(run.path if isinstance(run, Capture) else Path(run)).resolve() for run in runs]
    for depth in range(1, 4):
        names = tuple(path.parts[-depth] if len(path.parts) >= depth else "" for path in paths)
        if len(set(names)) == len(names):
            return names
    return tuple(f"{path.name} #{number}" for number, path in enumerate(paths, 1))


def _aligned(later: RigEvidence, base: dict[str, Camera]) -> tuple[RigEvidence, str]:
    """Return a later run's evidence with the first run's cameras, and a note where its own differ."""
    own = written_cameras(later)
    shared = [name for name, camera in own.items() if name in base and camera.size == base[name].size]
    views = tuple(view for view in later.views if view.camera.name in shared)
    left = len(own) - len(shared)
    notes = [f"{counted(left, 'camera')} left out: not in the first run, or of another image size"] if left else []
    if all(_is_same(own[name], base[name]) for name in shared):
        return RigEvidence(views), "; ".join(notes)
    motion = best_similarity(
        [own[name].cam_from_world for name in shared], [base[name].cam_from_world for name in shared]
    )
    views = tuple(moved_view(view, own[view.camera.name], base[view.camera.name], motion) for view in views)
    notes.append("has a calibration of its own; its pictures are compared by the first run's")
    return with_cameras(RigEvidence(views), {name: base[name] for name in shared}), "; ".join(notes)


def _is_same(one: Camera, other: Camera) -> bool:
    values = [
        np.concatenate([camera.K.ravel(), camera.cam_from_world.matrix.ravel(), camera.distortion.coefficients])
        for camera in (one, other)
    ]
    return values[0].shape == values[1].shape and bool(np.allclose(values[0], values[1], rtol=1e-9, atol=_SAME_PX))
