"""Single frames of video files: matte videos and picture videos, one per camera, frames counted from 0."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from renderkit.errors import DatasetError
from renderkit.images.encoded import MAX_PIXELS, EncodedImage
from renderkit.untrusted.files import read_head
from renderkit.wording import counted

VIDEO_SUFFIXES: Final = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")
"""Suffixes of video files, in lower case."""

MAX_FRAMES: Final = 10_000_000
"""Videos that claim more frames are refused."""

_MATROSKA = b"\x1a\x45\xdf\xa3"
_MP4 = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free"})


def is_video(path: Path) -> bool:
    """Return whether a file's name is a video's."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def count_frames(path: Path) -> int:
    """Return how many frames a video says it has.

    Raises:
        DatasetError: If it is no video, or states no sensible number or size.
    """
    video = _open(path)
    try:
        return round(video.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        video.release()


def video_frame(path: Path, index: int) -> EncodedImage:
    """Refer to one frame of a video, which becomes a PNG when its bytes are read; nothing is read yet.

    Args:
        path: The video.
        index: The frame, counted from 0.
    """
    return EncodedImage(lambda: _read_frame(path, index), path, f"frame {index}", is_lossy=True)


def _read_frame(path: Path, index: int) -> bytes:
    video = _open(path)
    try:
        count = round(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not 0 <= index < count:
            raise DatasetError(path, f"frame {index}", f"the video has {counted(count, 'frame')}, counted from 0")
        video.set(cv2.CAP_PROP_POS_FRAMES, index)
        done, pixels = video.read()
    finally:
        video.release()
    if not done:
        raise DatasetError(path, f"frame {index}", "the frame cannot be decoded")
    _, data = cv2.imencode(".png", np.asarray(pixels), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()


def _open(path: Path) -> cv2.VideoCapture:
    """Open a video by FFmpeg, as its frames are stored. Only containers: a playlist would name other files.

    Raises:
        DatasetError: If it is none, or claims too much.
    """
    head = read_head(path, 12)
    if head[4:8] not in _MP4 and head[:4] != _MATROSKA and (head[:4], head[8:12]) != (b"RIFF", b"AVI "):
        raise DatasetError(path, None, f"expected an MP4, MOV, AVI, MKV or WebM video, found {head[:8]!r}")
    video = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    width, height, count = (
        video.get(each) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_COUNT)
    )
    if not video.isOpened() or not 0.0 < count <= MAX_FRAMES or not 0.0 < width * height <= MAX_PIXELS:
        video.release()
        why = f"the video cannot be read: it says {width:g} x {height:g} px and {count:g} frames"
        raise DatasetError(path, None, why)
    return video
