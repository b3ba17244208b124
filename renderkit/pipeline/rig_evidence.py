"""Evidence that joins the views of a capture: chosen by what the capture has, measured, and put into its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from renderkit.capture import Capture, View
from renderkit.diagnosis.evidence.registry import BOARD, EVIDENCE, MATTES, MESH
from renderkit.errors import RenderkitError
from renderkit.metrics.scored_view import Missing
from renderkit.pictures.drawing import write_picture
from renderkit.pictures.evidence_pictures import draw_marks, draw_matrix
from renderkit.pipeline.options import ValidationOptions
from renderkit.results.evidence_pictures import EvidencePicture
from renderkit.results.findings import RigFindings
from renderkit.results.kinds import kinds_of_evidence
from renderkit.results.rows import ViewResult
from renderkit.results.run_folder import EVIDENCE as PICTURES
from renderkit.writing import make_subfolder

if TYPE_CHECKING:
    from renderkit.diagnosis.evidence.kind import EvidenceKind, MeasuredEvidence

_LOOKED_AT: Final = 3
"""Frames that are looked at to find out what a capture has."""


def usual_evidence(capture: Capture, options: ValidationOptions) -> tuple[str, ...]:
    """Return the evidence that is used where none is asked for: the mesh, or without one what the views have."""
    frames = capture.frame_ids if options.frames is None else options.frames
    board = () if options.board is None else (BOARD,)
    if options.meshes or any(_has_mesh(capture, frame) for frame in frames):
        return (MESH, *board)
    if board:
        return board
    views = [view for frame in frames[:_LOOKED_AT] for view in _views(capture, frame, options)]
    found = [kind.name for kind in EVIDENCE.values() if kind.by_itself and any(_has(view, kind) for view in views)]
    return tuple(found) or (MESH,)


def measure_evidence(capture: Capture, options: ValidationOptions, *, threads: int = 0) -> tuple[MeasuredEvidence, ...]:
    """Judge the chosen views by every kind of evidence that the options name beside the mesh."""
    return _measured(capture, options, [EVIDENCE[name] for name in options.evidence if name != MESH], threads)


def measure_mattes_alone(capture: Capture, options: ValidationOptions) -> RigFindings:
    """Judge the chosen views by their mattes against each other."""
    (found,) = _measured(capture, options, [EVIDENCE[MATTES]])
    return found.findings


def _measured(
    capture: Capture, options: ValidationOptions, kinds: Sequence[EvidenceKind], threads: int = 0
) -> tuple[MeasuredEvidence, ...]:
    if not kinds:
        return ()
    from renderkit.diagnosis.evidence.kind import EvidenceOptions  # noqa: PLC0415 - most runs have a mesh

    frames = capture.frame_ids if options.frames is None else options.frames
    views = [view for frame in frames for view in _views(capture, frame, options)]
    how = EvidenceOptions(
        undistorted_mattes=options.undistorted_mattes,
        threads=threads,
        board=options.board,
        unit=capture.unit,
        false_alarms=options.false_alarms,
    )
    return tuple(kind.measure([view for view in views if _may_have(view, kind)], how) for kind in kinds)


def with_evidence(row: ViewResult, measured: Sequence[MeasuredEvidence]) -> ViewResult:
    """Return a row with the scores that evidence gives its view."""
    for one in measured:
        name = one.findings.evidence
        found = one.scores.get((row.key.frame, row.key.camera), {})
        usual = Missing(one.findings.sentence if one.findings.verdict == "cannot tell" else _no_part(EVIDENCE[name]))
        scores = {kind.name: found.get(kind.name, usual) for kind in kinds_of_evidence(name)}
        row = row.with_scores(
            {kind: score for kind, score in scores.items() if not isinstance(score, Missing)},
            {kind: score.reason for kind, score in scores.items() if isinstance(score, Missing)},
        )
    return row


def write_pictures(capture: Capture, measured: Sequence[MeasuredEvidence], folder: Path) -> list[str]:
    """Write what the evidence shows into a run folder; return POSIX paths relative to it.

    Raises:
        DatasetError: If a picture cannot be written, or a photograph cannot be read.
    """
    written: list[str] = []
    for one in measured:
        if not one.marks and one.findings.matrix is None:
            continue
        make_subfolder(folder, PICTURES)
        for marks in one.marks:
            picture = draw_marks(capture.view(marks.frame, marks.camera), marks)
            written.append(EvidencePicture(one.findings.evidence, marks.frame, marks.camera).path)
            write_picture(picture, folder / written[-1])
        if one.findings.matrix is not None:
            written.append(EvidencePicture(one.findings.evidence).path)
            write_picture(draw_matrix(one.findings.matrix), folder / written[-1])
    return written


def _views(capture: Capture, frame: str, options: ValidationOptions) -> Iterator[View]:
    """Yield the views that can be described; the others' own rows say what is wrong."""
    for name in capture.camera_names if options.cameras is None else options.cameras:
        try:
            yield capture.view(frame, name)
        except RenderkitError:
            continue


def _has_mesh(capture: Capture, frame: str) -> bool:
    try:
        return bool(capture.frame(frame).mesh_names)
    except RenderkitError:
        return True  # a damaged frame is a failed row of the run, not a reason to judge it otherwise


def _may_have(view: View, kind: EvidenceKind) -> bool:
    """Whether a view has a part, or can say so only by reading it."""
    parts = {"landmarks": True, "matte": view.mask is not None, "photograph": view.image is not None}
    return parts[kind.needs]


def _has(view: View, kind: EvidenceKind) -> bool:
    if kind.needs != "landmarks":
        return _may_have(view, kind)
    try:
        found = view.read_landmarks()
    except RenderkitError:
        return True
    return found is not None and bool(found.valid.any())


def _no_part(kind: EvidenceKind) -> str:
    return f"this view has no {kind.needs} that could be used"
