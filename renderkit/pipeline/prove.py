"""What a capture's diagnosis would find, and what its gates would let pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from renderkit.arguments import PathLike, Selection
from renderkit.capture import Capture
from renderkit.diagnosis.detection_limits import find_limits, with_passes
from renderkit.diagnosis.rig import compared
from renderkit.formats.folder import CameraNames
from renderkit.gates.gate import Gate
from renderkit.gates.language import parse_gates
from renderkit.pipeline.blas import one_blas_thread
from renderkit.pipeline.evidence import gather_evidence
from renderkit.pipeline.gate_limits import answerable, passing_sizes
from renderkit.pipeline.inputs import CaptureInputs, make_options
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD
from renderkit.renderers.choose import make_renderer
from renderkit.results.detection_limits import DetectionLimits
from renderkit.results.diagnosis import ALPHA


@one_blas_thread
def prove(
    capture: PathLike | Capture | None = None,
    *,
    gates: str | Gate | Iterable[str | Gate] = (),
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
    false_alarms: float = ALPHA,
) -> DetectionLimits:
    """Say which faults would be found in each camera of a capture, and which its gates let pass.

    The faults are planted in the linearised joint model of the capture's own rig, landmarks and mattes, as `validate`
    diagnoses them: at most 64 views.

    Args:
        capture: A capture's file or folder, or an opened capture, which stays open.
        gates: Gates such as "reprojection_rms_px <= 1.5 px". Those on landmarks are answered.
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
        false_alarms: Probability that a rig without fault has a finding.

    Returns:
        Per camera and kind of fault the sizes that are found with 50 % and 99 % probability, and the largest that all
        gates let pass.

    Raises:
        ArgumentError: If a selection or option is not valid for this capture; a ValueError as well.
        GateError: If a gate cannot be read.
        DatasetError: If an input is missing or damaged.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     limits = rk.prove(rk.synthesize(folder, options).capture, gates=["reprojection_rms_px <= 1.5 px"])
        >>> shift = next(camera for camera in limits.cameras if camera.faults).fault("cx")
        >>> shift.unit, shift.found_50 < shift.found_99
        ('px', True)
    """
    asked = parse_gates(gates)
    kept, notes = answerable(asked)
    inputs = CaptureInputs.of(
        capture, mesh, masks=masks, landmarks=landmarks, flame=flame, mesh_root=mesh_root, rig=rig, images=images,
        camera_names=camera_names, size=size, min_confidence=min_confidence,
    )  # fmt: skip
    with inputs.opened(capture) as opened:
        options = make_options(
            opened, inputs.mesh_names, frames=frames, cameras=cameras, matte_threshold=matte_threshold,
            undistorted_mattes=undistorted_mattes, false_alarms=false_alarms,
        )  # fmt: skip
        with make_renderer("cpu") as drawing:
            evidence = gather_evidence(opened, options, renderer=drawing)
        unit = opened.unit
    found = find_limits(compared(evidence), alpha=false_alarms, unit=unit, cameras=tuple(evidence.cameras))
    limits = replace(found, notes=notes)
    if not kept or limits.reason:
        return limits
    return with_passes(limits, passing_sizes(evidence, kept), [gate.name for gate in kept])
