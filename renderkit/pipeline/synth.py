"""Synthetic captures: a procedural head photographed by the ray caster, in a real dataset's on-disk format."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from renderkit.arguments import as_kind, as_path
from renderkit.boards.spec import read_board
from renderkit.pipeline.synth_board import synthesize_board
from renderkit.pipeline.synth_facescape import synthesize_facescape
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.pipeline.synth_renderme360 import synthesize_renderme360
from renderkit.synth.truth import SynthTruth
from renderkit.writing import make_folder, no_empty_folders

__all__ = ["SynthOptions", "SynthTruth", "synthesize"]


def synthesize(
    out: str | Path, options: SynthOptions | None = None, progress: Callable[[int, int], None] | None = None
) -> SynthTruth:
    """Write a synthetic capture and the truth about it.

    Args:
        out: Folder to write into; made if it is missing. Files of the same names are replaced.
        options: What to write; a small RenderMe-360 capture when None.
        progress: Called with (views done, views in all).

    Returns:
        Where everything is, and the truth.

    Raises:
        ValueError: If the options or faults do not fit together.
        DatasetError: If the folder cannot be written.
        RenderkitError: If Embree is not installed.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, rk.SynthOptions(num_cameras=2, size=(64, 48), scan_faces=2000))
        ...     truth.capture.name
        '0000_e0_anno.smc'
    """
    wanted = options if options is not None else SynthOptions()
    as_kind("options", wanted, SynthOptions, "rk.SynthOptions(num_cameras=12)")
    folder = as_path("out", out)
    total, done = wanted.num_cameras * wanted.num_frames, count(1)

    def advance() -> None:
        step = next(done)
        if progress is not None:
            progress(step, total)

    with no_empty_folders(folder):
        if wanted.board:
            return synthesize_board(make_folder(folder), wanted, read_board(wanted.board), advance)
        write = synthesize_renderme360 if wanted.like == "renderme360" else synthesize_facescape
        return write(make_folder(folder), wanted, advance)
