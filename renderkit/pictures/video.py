"""Videos that browsers play: H.264 in .mp4, VP9 in .webm, or a GIF; and the order of a walk around a rig."""

from __future__ import annotations

import io
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from renderkit.arrays import ColorImage
from renderkit.errors import DatasetError, MissingExtraError
from renderkit.geometry.camera import Camera
from renderkit.geometry.frustum import up_direction
from renderkit.images.palette import PANEL
from renderkit.pictures.drawing import plain, resized
from renderkit.writing import new_file

if TYPE_CHECKING:
    from PIL.Image import Image

_CODECS: Final = {
    # yuv420p is what every browser decodes. VP9 needs no licence.
    ".mp4": ("libx264", {"crf": "20", "preset": "medium"}),
    ".webm": ("libvpx-vp9", {"crf": "30", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}),
}
VIDEO_FORMATS: Final = (*_CODECS, ".gif")
"""Suffixes of the videos that can be written."""

_BT709 = 1
"""FFmpeg's number of the colours of HD video: untagged videos are shown in other colours by some players."""


class VideoFile:
    """A video that pictures are added to; a context manager. The first picture decides the size.

    Attributes:
        path: The file; it exists once a picture was added and the video is closed.
        num_pictures: Pictures added so far.
    """

    def __init__(self, path: Path, fps: float) -> None:
        """Set up; nothing is written yet.

        Args:
            path: Ends in .mp4, .webm or .gif.
            fps: Pictures per second.

        Raises:
            DatasetError: If the name ends in something else.
            MissingExtraError: If PyAV is needed and not installed.
        """
        if path.suffix.lower() not in VIDEO_FORMATS:
            raise DatasetError(path, None, f"expected a name that ends in {', '.join(VIDEO_FORMATS)}")
        if path.suffix.lower() in _CODECS:
            _load_av()
        self.path = path
        self.num_pictures = 0
        self._fps = fps
        self._encoder: _Encoder | None = None
        self._files = ExitStack()
        self._size = (0, 0)

    def add(self, picture: ColorImage) -> None:
        """Add a (height, width, 3) RGB picture; one of another size is fitted, with a margin right or below.

        Raises:
            DatasetError: If the video cannot be written.
        """
        if self._encoder is None:
            # The codecs work on blocks of even size.
            self._size = (picture.shape[1] + picture.shape[1] % 2, picture.shape[0] + picture.shape[0] % 2)
            temporary = self._files.enter_context(new_file(self.path))
            make = _Gif if self.path.suffix.lower() == ".gif" else _Stream
            self._encoder = make(temporary, self._size, self._fps)
        self._encoder.add(_placed(picture, self._size))
        self.num_pictures += 1

    def close(self) -> None:
        """Finish the file."""
        self.__exit__(None, None, None)

    def __enter__(self) -> Self:
        """Return the video itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file; after an error there is none."""
        encoder, self._encoder = self._encoder, None
        with self._files:
            if encoder is not None:
                encoder.finish(keep=kind is None)
            if error is not None:
                raise error


class _Encoder(ABC):
    """Writes the pictures of one video to a temporary file."""

    def __init__(self, temporary: Path, size: tuple[int, int], fps: float) -> None:
        self._temporary, self._size, self._fps = temporary, size, fps

    @abstractmethod
    def add(self, picture: ColorImage) -> None:
        """Add a picture of the video's size."""

    @abstractmethod
    def finish(self, *, keep: bool) -> None:
        """Write what is left and close the file; nothing more is written where it is not kept."""


class _Stream(_Encoder):
    def __init__(self, temporary: Path, size: tuple[int, int], fps: float) -> None:
        super().__init__(temporary, size, fps)
        av = _load_av()
        codec, options = _CODECS[temporary.suffix.lower()]
        # The index stands first, so that a browser begins to play while it still loads.
        container_options = {"movflags": "+faststart"} if codec == "libx264" else {}
        self._container = av.open(str(temporary), "w", options=container_options)
        self._stream = self._container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001), options=options)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = context.color_range = _BT709

    def add(self, picture: ColorImage) -> None:
        av = _load_av()
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        shown = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        self._container.mux(self._stream.encode(shown))

    def finish(self, *, keep: bool) -> None:
        if keep:
            self._container.mux(self._stream.encode(None))
        self._container.close()


class _Gif(_Encoder):
    def __init__(self, temporary: Path, size: tuple[int, int], fps: float) -> None:
        super().__init__(temporary, size, fps)
        self._pictures: list[Image] = []

    def add(self, picture: ColorImage) -> None:
        from PIL import Image  # noqa: PLC0415 - only pictures need it

        # With its own 256 colours, which take a third of the memory.
        self._pictures.append(
            Image.fromarray(picture).quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        )

    def finish(self, *, keep: bool) -> None:
        if not keep or not self._pictures:
            return
        first, *others = self._pictures
        milliseconds = round(1000.0 / self._fps)
        buffer = io.BytesIO()
        first.save(buffer, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0)
        self._temporary.write_bytes(buffer.getbuffer())


def _load_av() -> Any:  # noqa: ANN401 - PyAV's module
    try:
        import av  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise MissingExtraError("av", "video") from error
    return av


def turntable_order(cameras: Sequence[Camera]) -> tuple[str, ...]:
    """Return camera names in the order of a walk around the rig, seen from above, starting at the first camera.

    The walk turns about the mean of the cameras' own "up" through the middle of their centres.
    """
    if not cameras:
        return ()
    centers = np.array([camera.center_world for camera in cameras])
    away = centers - centers.mean(axis=0)
    up = up_direction(cameras)
    # Any two directions across "up" that make a right-handed frame with it.
    first = np.cross(up, np.eye(3)[int(np.argmin(np.abs(up)))])
    first /= np.linalg.norm(first)
    angles = np.arctan2(away @ np.cross(up, first), away @ first)
    order = np.argsort((angles - angles[0]) % (2.0 * math.pi), kind="stable")
    return tuple(cameras[index].name for index in order)


def _placed(picture: ColorImage, size: tuple[int, int]) -> ColorImage:
    """Return a picture of the video's size: larger ones are scaled down, the rest is margin."""
    width, height = size
    if picture.shape[:2] == (height, width):
        return picture
    scale = min(1.0, width / picture.shape[1], height / picture.shape[0])
    if scale < 1.0:
        picture = resized(picture, (max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale))))
    canvas = plain((width, height), PANEL)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    return canvas
