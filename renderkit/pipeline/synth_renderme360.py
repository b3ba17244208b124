"""Writes a synthetic capture as a RenderMe-360 capture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.pipeline.synth_options import SynthOptions
from renderkit.pipeline.synth_scene import Scene, Shot, encode_color_png, encode_png
from renderkit.synth.expression import expression_at
from renderkit.synth.face_points import NUM_CONTOUR, renderme106_points
from renderkit.synth.faults import plant, resolve_faults
from renderkit.synth.flame_head import build_flame_head, unwrap
from renderkit.synth.placement import RENDERME360_PLACEMENT
from renderkit.synth.rig import LANDMARK_IDS, renderme360_rig
from renderkit.synth.texture import flat_colors
from renderkit.synth.truth import SynthTruth
from renderkit.synth.write_renderme360 import SmcPairWriter
from renderkit.writing import write_arrays

_PART = "e0"
_UV_SIZE = 256
_FLAME_TRANSLATION = np.array([-0.033, -0.19, 0.19])


def synthesize_renderme360(out: Path, options: SynthOptions, advance: Callable[[], None]) -> SynthTruth:
    """Write `{id}_e0_raw.smc`, `{id}_e0_anno.smc`, flame_topology.npz and truth.json into `out`."""
    cameras = renderme360_rig(options.num_cameras, options.size, options.lens, options.seed)
    faults = resolve_faults(options.faults, tuple(cameras))
    scene = Scene(options, RENDERME360_PLACEMENT, renderme106_points())
    texture = _uv_texture(scene)
    with SmcPairWriter(out, f"{options.seed % 10000:04d}", _PART) as writer:
        writer.write_camera_counts(len(cameras), options.num_frames, options.size)
        for name, written in plant(cameras, faults, RENDERME360_PLACEMENT.units_per_mm).items():
            writer.write_calibration(name, written)
        if not options.no_mesh:
            writer.write_scan(scene.scan(0).vertices, scene.model.faces)
        for frame in range(options.num_frames):
            for shot in scene.shoot(frame, cameras, faults, advance):
                _write_shot(writer, frame, shot)
                if frame == 0 and not options.no_mesh:
                    faithful = not any(f.kind.place == "picture" and shot.camera in f.cameras for f in faults)
                    mask = shot.mask if faithful else scene.scan_mask(cameras[shot.camera])
                    writer.write_scan_mask(shot.camera, encode_png(mask.astype(np.uint8) * np.uint8(255)))
            if options.no_mesh:
                continue
            writer.write_landmarks_3d(frame, scene.landmarks(frame)[NUM_CONTOUR:])
            writer.write_flame(frame, _flame_arrays(frame, options.seed, texture))
            writer.write_uv_texture(frame, encode_color_png(texture))
    truth = SynthTruth(
        folder=out,
        capture=writer.anno_path,
        captures=(writer.anno_path,),
        like="renderme360",
        unit="m",
        seed=options.seed,
        cameras={str(frame): cameras for frame in range(options.num_frames)},
        faults=faults,
        expressions={str(frame): expression_at(frame, options.seed) for frame in range(options.num_frames)},
        flame_topology=None if options.no_mesh else _write_topology(out / "flame_topology.npz"),
    )
    truth.write()
    return truth


def _write_shot(writer: SmcPairWriter, frame: int, shot: Shot) -> None:
    writer.write_color(shot.camera, frame, shot.jpeg)
    writer.write_mask(shot.camera, frame, shot.matte)
    if int(shot.camera) in LANDMARK_IDS:
        writer.write_landmarks_2d(shot.camera, frame, shot.landmarks)


def _flame_arrays(frame: int, seed: int, texture: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
    """Return a frame's FLAME entries; the vertices are stored without their translation, as in real fits."""
    expression = expression_at(frame, seed)
    rng = np.random.default_rng([seed, 5])
    vertices = RENDERME360_PLACEMENT.apply(build_flame_head().posed(expression))
    exp = np.zeros(50)
    exp[:2] = expression.smile, expression.jaw_rad
    lit = np.zeros((9, 3))
    lit[0], lit[1] = 3.2, 0.5
    return {
        "shape": rng.normal(0.0, 0.5, 100),
        "exp": exp,
        # Half a turn about x: the world's up is -Y and the subject faces -Z.
        "global_pose": np.array([np.pi, 0.0, 0.0]),
        "jaw_pose": np.array([expression.jaw_rad, 0.0, 0.0]),
        "cam": np.concatenate([[0.0], _FLAME_TRANSLATION]),
        "verts": vertices - _FLAME_TRANSLATION,
        "albedos": texture.transpose(2, 0, 1) / 255.0,
        "tex": rng.normal(0.0, 0.5, 50),
        "lit": lit,
    }


def _uv_texture(scene: Scene) -> NDArray[np.uint8]:
    points = unwrap(_UV_SIZE)
    return flat_colors(points, scene.palette).reshape(_UV_SIZE, _UV_SIZE, 3)


def _write_topology(path: Path) -> Path:
    head = build_flame_head()
    template = (head.vertices * 1e-3).astype(np.float32)
    return write_arrays(path, {"faces": head.faces, "template": template, "uv": head.uv.astype(np.float32)})
