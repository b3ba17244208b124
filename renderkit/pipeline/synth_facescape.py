"""Writes a synthetic capture as FaceScape multi-view tuples, one for each frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from renderkit.arrays import Pixels, Points3
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.pipeline.synth_scene import Scene
from renderkit.synth import write_facescape as facescape
from renderkit.synth.expression import Expression, expression_at
from renderkit.synth.face_points import ibug68_points
from renderkit.synth.faults import Fault, WrittenCalibration, plant, resolve_faults
from renderkit.synth.placement import Placement, facescape_placement
from renderkit.synth.rig import facescape_rig
from renderkit.synth.texture import scan_colors
from renderkit.synth.truth import SynthTruth
from renderkit.writing import make_folder, write_bytes

_DETECTABLE = np.cos(np.deg2rad(65.0))
"""A face detector finds the face in views up to this angle from its front."""

_INVALID_EVERY = 8


@dataclass
class _Written:
    """What has been written so far, by tuple name."""

    folders: list[Path] = field(default_factory=list)
    cameras: dict[str, dict[str, Camera]] = field(default_factory=dict)
    invalid: dict[str, tuple[str, ...]] = field(default_factory=dict)
    expressions: dict[str, Expression] = field(default_factory=dict)
    pixels: dict[str, dict[str, Pixels]] = field(default_factory=dict)
    points: dict[str, Points3] = field(default_factory=dict)
    alignments: dict[str, tuple[float, Pose]] = field(default_factory=dict)


def synthesize_facescape(out: Path, options: SynthOptions, advance: Callable[[], None]) -> SynthTruth:
    """Write `facescape/<id>/...`, Rt_scale_dict.json, and beside them masks/, landmarks.json and truth.json."""
    subject = str(options.seed % 1000 + 1)
    written, faults = _Written(), options.faults
    for frame in range(options.num_frames):
        faults = _write_tuple(out, subject, frame, options, advance, written)
    root = out / "facescape"
    facescape.write_rt_scale(root / "Rt_scale_dict.json", subject, written.alignments)
    facescape.write_landmarks(out / "landmarks.json", "ibug68", written.pixels, written.points)
    truth = SynthTruth(
        folder=out,
        capture=written.folders[0],
        captures=tuple(written.folders),
        like="facescape",
        unit="unknown",
        seed=options.seed,
        cameras=written.cameras,
        faults=faults,
        expressions=written.expressions,
        masks=out / "masks",
        landmarks=out / "landmarks.json",
        skipped=written.invalid,
    )
    truth.write()
    return truth


def _write_tuple(
    out: Path, subject: str, frame: int, options: SynthOptions, advance: Callable[[], None], written: _Written
) -> tuple[Fault, ...]:
    placement, scale, tu_from_scaled = facescape_placement(options.seed, frame)
    cameras = facescape_rig(options.num_cameras, options.size, options.lens, placement, options.seed)
    faults = resolve_faults(options.faults, tuple(cameras))
    name = facescape.EXPRESSIONS[frame]
    folder, masks = out / "facescape" / subject / name, out / "masks" / name
    make_folder(folder)
    make_folder(masks)
    scene = Scene(options, placement, ibug68_points())
    calibrations = plant(cameras, faults, placement.units_per_mm)
    faulty = {camera for fault in faults for camera in fault.cameras}
    invalid = tuple(c for c in cameras if int(c) % _INVALID_EVERY == _INVALID_EVERY - 1 and c not in faulty)
    params: dict[str, Any] = {}
    pixels: dict[str, Pixels] = {}
    rng = np.random.default_rng([options.seed, frame, 13])
    for shot in scene.shoot(frame, cameras, faults, advance):
        write_bytes(folder / f"{shot.camera}.jpg", shot.jpeg)
        write_bytes(masks / f"{shot.camera}.png", shot.matte)
        calibration, valid = calibrations[shot.camera], shot.camera not in invalid
        matches = int(rng.integers(4000, 12000)) if valid else int(rng.integers(0, 40))
        calibration = calibration if valid else _unreliable(calibration)
        params |= facescape.view_params(shot.camera, calibration, shot.size, valid, matches)
        if _faces(cameras[shot.camera], placement):
            pixels[shot.camera] = shot.landmarks
    facescape.write_params(folder / "params.json", params)
    mesh = scene.scan(frame)
    facescape.write_ply(folder.with_suffix(".ply"), mesh.vertices, mesh.faces, scan_colors(scene.model, scene.palette))
    written.folders.append(folder)
    written.cameras[name], written.invalid[name] = cameras, invalid
    written.expressions[name] = expression_at(frame, options.seed)
    written.pixels[name], written.points[name] = pixels, scene.landmarks(frame)
    written.alignments[name.split("_", 1)[0]] = (scale, tu_from_scaled)
    return faults


def _faces(camera: Camera, placement: Placement) -> bool:
    """Whether a face detector would find the face in this view."""
    return bool(-camera.optical_axis_world @ placement.forward > _DETECTABLE)


def _unreliable(written: WrittenCalibration) -> WrittenCalibration:
    """Return what structure from motion gives for a view with few matches: a camera some degrees off."""
    wrong = Pose.from_rotation_vector([0.05, -0.08, 0.1], np.zeros(3)).matrix
    return replace(written, world_from_cam=written.world_from_cam @ wrong)
