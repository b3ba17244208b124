"""Renderings as files: mask, depth, normals, shaded colour, and a sidecar that says how to read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import DepthImage
from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.renderers.base import RendererInfo, Rendering
from renderkit.writing import write_array, write_bytes, write_json

_DEEPEST = 65535


def write_rendering(
    rendering: Rendering, camera: Camera, folder: Path, stem: str, unit: str, info: RendererInfo
) -> tuple[Path, ...]:
    """Write all images that a rendering holds.

    `<stem>_mask.png` is 0 or 255. `<stem>_depth.png` is 16-bit: 0 on the background, else camera z divided by the
    sidecar's `depth_scale`; `<stem>_depth.npy` is float32, +inf on the background. `<stem>_normal.png` holds
    (n + 1) / 2 of the normal in the camera's frame (OpenCV axes: x right, y down, z forward) in R, G, B.
    `<stem>_color.png` is shaded. `<stem>.json` is the sidecar.

    Args:
        rendering: The images.
        camera: The camera it was drawn with.
        folder: An existing folder.
        stem: Start of the files' names.
        unit: World unit, for the sidecar.
        info: The renderer, for the sidecar.

    Returns:
        The files.

    Raises:
        DatasetError: If one cannot be written.
    """
    coded, scale = encode_depth(rendering.depth)
    pictures: dict[str, NDArray[Any]] = {"mask": rendering.mask.astype(np.uint8) * 255, "depth": coded}
    if rendering.normal is not None:
        tinted = np.rint((rendering.normal * 0.5 + 0.5) * 255.0).astype(np.uint8)
        pictures["normal"] = np.where(rendering.mask[:, :, None], tinted, 0)[:, :, ::-1]
    if rendering.color is not None:
        pictures["color"] = rendering.color[:, :, ::-1]
    written = [_write_png(pixels, folder / f"{stem}_{name}.png") for name, pixels in pictures.items()]
    written.append(write_array(folder / f"{stem}_depth.npy", rendering.depth))
    written.append(write_json(folder / f"{stem}.json", _sidecar(camera, scale, unit, info), indent=1))
    return tuple(written)


def encode_depth(depth: DepthImage) -> tuple[NDArray[np.uint16], float]:
    """Return (height, width) 16-bit depth, 0 on the background, and the world units of one step."""
    seen = np.isfinite(depth)
    deepest = float(np.max(depth[seen])) if seen.any() else 0.0
    scale = deepest / _DEEPEST if deepest > 0.0 else 1.0
    coded = np.zeros(depth.shape, dtype=np.uint16)
    # What is seen never becomes 0, which means background.
    coded[seen] = np.clip(np.rint(depth[seen].astype(np.float64) / scale), 1, _DEEPEST).astype(np.uint16)
    return coded, scale


def _sidecar(camera: Camera, depth_scale: float, unit: str, info: RendererInfo) -> dict[str, Any]:
    return {
        "camera": camera.name,
        "width": camera.width,
        "height": camera.height,
        "K": camera.K.tolist(),
        "distortion_model": camera.distortion.model,
        "distortion_coefficients": camera.distortion.coefficients.tolist(),
        "cam_from_world": camera.cam_from_world.matrix.tolist(),
        "depth_scale": depth_scale,
        "depth_unit": unit,
        "renderer": info.device,
    }


def _write_png(pixels: NDArray[Any], path: Path) -> Path:
    done, data = cv2.imencode(".png", np.ascontiguousarray(pixels))
    if not done:
        raise DatasetError(path, None, "the picture cannot be encoded")
    return write_bytes(path, data.data)
