"""Which reader is it?"""

from __future__ import annotations

from pathlib import Path

from renderkit.datasets.facescape import PARAMS_NAME, FaceScapeRecording
from renderkit.datasets.middlebury import MiddleburyRecording
from renderkit.datasets.renderme360 import RenderMe360Recording
from renderkit.datasets.smc_files import half_of
from renderkit.errors import DatasetError
from renderkit.recording import Recording

_HDF5_SUFFIXES = {".smc", ".h5", ".hdf5"}
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def open_recording(
    path: str | Path, *, flame: str | Path | None = None, mesh_root: str | Path | None = None
) -> Recording:
    """Open a capture.

    Args:
        path: A RenderMe-360 .smc file (any half of a pair) or a folder with one recording's files; a FaceScape tuple
            folder (or its params.json); a Middlebury folder (or its *_par.txt).
        flame: A file with FLAME's faces, for recordings that store FLAME vertices.
        mesh_root: Folder of FaceScape's released models, if they do not lie beside the pictures.

    Returns:
        The recording, a context manager.

    Raises:
        DatasetError: If there is nothing at `path`, no reader knows it, or it is damaged.
    """
    given = Path(path)
    if not given.exists():
        raise DatasetError(given, None, "no such file or folder")
    if given.is_dir():
        return _open_folder(given, flame, mesh_root)
    if given.name == PARAMS_NAME:
        return FaceScapeRecording(given, mesh_root=mesh_root)
    if given.name.endswith("_par.txt"):
        return MiddleburyRecording(given)
    if given.suffix.lower() in _HDF5_SUFFIXES or _starts_with(given, _HDF5_MAGIC):
        return RenderMe360Recording(given, flame=flame)
    raise DatasetError(given, None, _expected())


def _open_folder(folder: Path, flame: str | Path | None, mesh_root: str | Path | None) -> Recording:
    if (folder / PARAMS_NAME).is_file():
        return FaceScapeRecording(folder, mesh_root=mesh_root)
    if any(folder.glob("*_par.txt")):
        return MiddleburyRecording(folder)
    files = sorted(folder.glob("*.smc"))
    recordings: dict[str, Path] = {}
    for file in files:
        half = half_of(file)
        recordings.setdefault(file.stem.removesuffix(f"_{half}") if half else file.stem, file)
    if len(recordings) == 1:
        return RenderMe360Recording(files[0], flame=flame)
    if recordings:
        names = ", ".join(file.name for file in recordings.values())
        raise DatasetError(folder, None, f"holds several recordings; name one of them: {names}")
    raise DatasetError(folder, None, _expected())


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def _expected() -> str:
    return (
        "not a capture that renderkit knows; expected a RenderMe-360 .smc file, a FaceScape tuple folder with "
        f"{PARAMS_NAME}, or a Middlebury folder with *_par.txt"
    )
