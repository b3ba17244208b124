"""The synthetic subject in front of a rig: shared by the writers of both formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, ColorImage, MaskImage, Pixels, Points3
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.pipeline.photograph import Photographer
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.synth.expression import deform, expression_at
from renderkit.synth.faults import Fault, picture_fault
from renderkit.synth.head import ScanModel, build_scan
from renderkit.synth.placement import Placement
from renderkit.synth.texture import PALETTES, Palette
from renderkit.system import usable_cores


@dataclass(frozen=True, eq=False)
class Shot:
    """One encoded view.

    Attributes:
        camera: The camera's name.
        jpeg: The picture.
        matte: Greyscale PNG of the person's alpha.
        landmarks: (L, 2) detected landmarks, px of the picture.
        mask: Silhouette at pixel centres.
        size: (width, height) of the picture.
    """

    camera: str
    jpeg: bytes
    matte: bytes
    landmarks: Pixels
    mask: MaskImage
    size: tuple[int, int]


class Scene:
    """One person, posed frame by frame, in a dataset's world.

    Attributes:
        model: The neutral scan.
        palette: The person's colours.
    """

    def __init__(self, options: SynthOptions, placement: Placement, neutral_landmarks: Points3) -> None:
        self._options = options
        self._placement = placement
        self._neutral_landmarks = neutral_landmarks
        self.model: ScanModel = build_scan(options.scan_faces)
        self.palette: Palette = PALETTES[options.seed % len(PALETTES)]
        self._photographers: dict[int, Photographer] = {}

    def scan(self, frame: int) -> Mesh:
        """Return the scan of a frame in the world, rounded to float32."""
        return self._photographer(frame).mesh

    def landmarks(self, frame: int) -> Points3:
        """Return the (L, 3) landmarks of a frame in the world."""
        expression = expression_at(frame, self._options.seed)
        return self._placement.apply(deform(self._neutral_landmarks, expression))

    def scan_mask(self, camera: Camera) -> MaskImage:
        """Return the silhouette of frame 0's scan in a true camera, whatever became of its picture."""
        return self._photographer(0).mask(camera)

    def shoot(
        self, frame: int, cameras: Mapping[str, Camera], faults: Sequence[Fault], advance: Callable[[], None]
    ) -> Iterator[Shot]:
        """Photograph a frame with all cameras, in their order; threads work ahead.

        Args:
            frame: Index of the frame.
            cameras: The true cameras.
            faults: Resolved faults; only those of the picture matter here.
            advance: Called after each view.
        """
        sources = {name: frame + round(picture_fault(faults, "frame-offset", name) or 0.0) for name in cameras}
        # Photographers are made before the threads start: each is shared by many views.
        self._photographers = {source: self._photographer(source) for source in sorted({frame, *sources.values()})}
        workers = self._options.threads or usable_cores()
        with ThreadPoolExecutor(workers) as pool:
            jobs = pool.map(lambda name: self._shot(sources[name], cameras[name], faults), cameras)
            for shot in jobs:
                advance()
                yield shot

    def _photographer(self, frame: int) -> Photographer:
        known = self._photographers.get(frame)
        if known is not None:
            return known
        expression = expression_at(frame, self._options.seed)
        vertices = self._placement.apply(self.model.posed(expression))
        mesh = Mesh(vertices, self.model.faces, name="scan")
        made = Photographer(self.model, mesh, self._placement.world_from_head, self.palette)
        self._photographers[frame] = made
        return made

    def _shot(self, frame: int, camera: Camera, faults: Sequence[Fault]) -> Shot:
        options = self._options
        ratio = picture_fault(faults, "resized", camera.name)
        if ratio is not None:
            camera = camera.scaled((max(1, round(camera.width * ratio)), max(1, round(camera.height * ratio))))
        rng = np.random.default_rng([options.seed, frame, int(camera.name), 11])
        photograph = self._photographers[frame].take(camera, options.samples_per_axis, options.image_noise, rng)
        pixels = camera.project(self.landmarks(frame))
        pixels = pixels + rng.normal(0.0, 1.0, pixels.shape) * options.landmark_noise_px
        color, alpha, mask = photograph.color, photograph.alpha, photograph.mask
        if picture_fault(faults, "mirrored", camera.name) is not None:
            color, alpha, mask = color[:, ::-1], alpha[:, ::-1], mask[:, ::-1]
            pixels = np.column_stack([camera.width - 1.0 - pixels[:, 0], pixels[:, 1]])[self._mirrored_order()]
        jpeg, matte = encode_jpeg(color, options.jpeg_quality), encode_png(alpha)
        return Shot(camera.name, jpeg, matte, pixels, mask, camera.size)

    def _mirrored_order(self) -> NDArray[np.intp]:
        """Return for each landmark its counterpart on the other half of the face: what a detector takes it for."""
        points = self._neutral_landmarks
        flipped = points * np.array([-1.0, 1.0, 1.0])
        order: NDArray[np.intp] = np.linalg.norm(flipped[:, None] - points[None], axis=2).argmin(axis=1)
        return order


def encode_jpeg(color: ColorImage, quality: int) -> bytes:
    """Encode an RGB picture as JPEG."""
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(color[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data)


def encode_png(gray: AlphaImage) -> bytes:
    """Encode a grey picture as 8-bit greyscale PNG."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(gray), [cv2.IMWRITE_PNG_COMPRESSION, 3])
    return bytes(data)


def encode_color_png(color: ColorImage) -> bytes:
    """Encode an RGB picture as PNG."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(color[:, :, ::-1]))
    return bytes(data)
