"""Writes the capture that the benchmarks validate: one FLAME frame seen by sixty cameras, as an SMC file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from bench_meshes import SIZE, flame_head, ring_cameras

from renderkit.geometry.mesh import Mesh
from renderkit.renderers.cpu import CpuRenderer
from renderkit.synth.faults import WrittenCalibration
from renderkit.synth.write_renderme360 import SmcPairWriter

NUM_CAMERAS = 60
_WITH_LANDMARKS = range(18, 33)
_NUM_3D, _NUM_2D, _FIRST_2D = 73, 106, 33


def write_capture(folder: Path) -> tuple[Path, Path]:
    """Write a capture with mattes and landmarks, without photographs; returns its file and the file of FLAME's faces.

    Each matte is the head's own outline, softened, and shifted by a pixel. As in the dataset, cameras 18 to 32 have
    landmarks.
    """
    mesh = flame_head()
    rng = np.random.default_rng(0)
    points = mesh.vertices[np.linspace(0, len(mesh.vertices) - 1, _NUM_3D).astype(int)]
    with SmcPairWriter(folder, "0001", "e0") as writer, CpuRenderer(1) as renderer:
        writer.write_camera_counts(NUM_CAMERAS, 1, SIZE)
        writer.write_flame(0, {"verts": mesh.vertices, "cam": np.zeros(4)})
        writer.write_landmarks_3d(0, points)
        for index, camera in enumerate(ring_cameras(NUM_CAMERAS)):
            name = f"{index:02d}"
            world_from_cam = camera.cam_from_world.inverse().matrix
            writer.write_calibration(name, WrittenCalibration(camera.K, camera.distortion.coefficients, world_from_cam))
            mask = np.roll(renderer.render_mask(mesh, camera), 1, axis=1).astype(np.uint8) * 255
            matte = cv2.GaussianBlur(mask, (5, 5), 1.0)
            writer.write_mask(name, 0, bytes(cv2.imencode(".png", matte)[1]))
            if index in _WITH_LANDMARKS:
                pixels = np.zeros((_NUM_2D, 2))
                pixels[_FIRST_2D:] = camera.project(points) + rng.normal(scale=1.0, size=(_NUM_3D, 2))
                writer.write_landmarks_2d(name, 0, pixels)
        file = writer.anno_path
    return file, _write_faces(folder, mesh)


def _write_faces(folder: Path, mesh: Mesh) -> Path:
    path = folder / "faces.npz"
    np.savez(path, faces=mesh.faces)
    return path
