"""renderkit diagnose: is a rig read as it was meant, and which cameras are off?"""

from __future__ import annotations

import typer

from renderkit.cli.arguments import (
    BoardOption,
    CameraNamesOption,
    CamerasOption,
    CaptureArgument,
    EvidenceOption,
    FalseAlarmsOption,
    FlameOption,
    FramesOption,
    ImagesOption,
    LandmarksOption,
    MasksOption,
    MeshRootOption,
    MinConfidenceOption,
    OneMeshOption,
    RigOption,
    SizeOption,
    ThresholdOption,
    UndistortedMattesOption,
    parse_camera_names,
    parse_size,
)
from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.tables import JsonOption, print_json


def diagnose(
    capture: CaptureArgument = None,
    mesh: OneMeshOption = None,
    masks: MasksOption = None,
    landmarks: LandmarksOption = None,
    min_confidence: MinConfidenceOption = None,
    flame: FlameOption = None,
    mesh_root: MeshRootOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    rig: RigOption = None,
    images: ImagesOption = None,
    camera_names: CameraNamesOption = None,
    size: SizeOption = None,
    undistorted_mattes: UndistortedMattesOption = False,
    matte_threshold: ThresholdOption = 0.5,
    evidence: EvidenceOption = None,
    board: BoardOption = None,
    false_alarms: FalseAlarmsOption = 0.01,
    as_json: JsonOption = False,
) -> None:
    """Say whether a rig is read as it was meant, which reading would make it fit, and which cameras are off."""
    from renderkit.pipeline import diagnosis
    from renderkit.results.diagnosis import diagnosis_json
    from renderkit.results.text import printable

    found = diagnosis.diagnose(
        capture,
        cameras=cameras,
        frames=frames,
        mesh=mesh,
        masks=masks,
        landmarks=landmarks,
        min_confidence=min_confidence,
        flame=flame,
        mesh_root=mesh_root,
        rig=rig,
        images=images,
        camera_names=parse_camera_names(camera_names),
        size=parse_size(size),
        matte_threshold=matte_threshold,
        undistorted_mattes=undistorted_mattes,
        evidence=evidence,
        false_alarms=false_alarms,
        board=board,
    )
    if as_json:
        print_json(diagnosis_json(found))
    else:
        for line in str(found).splitlines():
            typer.echo(printable(line))
    raise typer.Exit(EXIT_GATE_FAILED if found.blocks else EXIT_PASS)
