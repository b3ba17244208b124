"""Writes the capture that the benchmarks validate: one FLAME frame seen by sixty cameras, as an SMC file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from bench_meshes import SIZE, flame_head, ring_cameras
from numpy.typing import NDArray

from renderkit.geometry.mesh import Mesh
from renderkit.renderers.cpu import CpuRenderer
from renderkit.synth.faults import WrittenCalibration
from renderkit.synth.write_renderme360 import SmcPairWriter

NUM_CAMERAS = 60
_WITH_LANDMARKS = range(18, 33)
_NUM_3D, _NUM_2D, _FIRST_2D = 73, 106, 33


def write_capture(
    folder: Path, *, num_frames: int = 1, photographs: bool = False, matte_shift_px: int = 1
) -> tuple[Path, Path]:
    """Write a capture with mattes and landmarks; returns its file and the file of FLAME's faces. All frames are equal.

    Each matte is the head's own outline, softened, and shifted to the right. As in the dataset, cameras 18 to 32 have
    landmarks.
    """
    mesh = flame_head()
    rng = np.random.default_rng(0)
    points = mesh.vertices[np.linspace(0, len(mesh.vertices) - 1, _NUM_3D).astype(int)]
    with SmcPairWriter(folder, "0001", "e0") as writer, CpuRenderer(1) as renderer:
        writer.write_camera_counts(NUM_CAMERAS, num_frames, SIZE)
        frames = range(num_frames)
        for frame in frames:
            writer.write_flame(frame, {"verts": mesh.vertices, "cam": np.zeros(4)})
            writer.write_landmarks_3d(frame, points)
        for index, camera in enumerate(ring_cameras(NUM_CAMERAS)):
            name = f"{index:02d}"
            world_from_cam = camera.cam_from_world.inverse().matrix
            writer.write_calibration(name, WrittenCalibration(camera.K, camera.distortion.coefficients, world_from_cam))
            mask = np.roll(renderer.render_mask(mesh, camera), matte_shift_px, axis=1).astype(np.uint8) * 255
            matte = cv2.GaussianBlur(mask, (5, 5), 1.0)
            encoded = bytes(cv2.imencode(".png", matte)[1])
            photo = _photograph(mask) if photographs else b""
            for frame in frames:
                writer.write_mask(name, frame, encoded)
                if photographs:
                    writer.write_color(name, frame, photo)
            if index in _WITH_LANDMARKS:
                pixels = np.zeros((_NUM_2D, 2))
                pixels[_FIRST_2D:] = camera.project(points) + rng.normal(scale=1.0, size=(_NUM_3D, 2))
                for frame in frames:
                    writer.write_landmarks_2d(name, frame, pixels)
        file = writer.anno_path
    return file, _write_faces(folder, mesh)


def _photograph(mask: NDArray[np.uint8]) -> bytes:
    """Return a JPEG with a photograph's smoothness and noise."""
    rng = np.random.default_rng(1)
    smooth = cv2.resize(rng.uniform(70, 130, (9, 9, 3)), SIZE, interpolation=cv2.INTER_CUBIC)
    noisy = smooth + 0.3 * mask[:, :, None] + rng.normal(scale=1.5, size=smooth.shape)
    return bytes(cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


def _write_faces(folder: Path, mesh: Mesh) -> Path:
    path = folder / "faces.npz"
    np.savez(path, faces=mesh.faces)
    return path
