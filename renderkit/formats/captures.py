"""Which reader is it?"""

from __future__ import annotations

from pathlib import Path

from renderkit.capture import Capture
from renderkit.errors import DatasetError
from renderkit.formats.facescape_capture import PARAMS_NAME, FaceScapeCapture
from renderkit.formats.middlebury_capture import MiddleburyCapture
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.formats.smc_files import half_of

_HDF5_SUFFIXES = {".smc", ".h5", ".hdf5"}
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def open_capture(path: str | Path, *, flame: str | Path | None = None, mesh_root: str | Path | None = None) -> Capture:
    """Open a capture.

    Args:
        path: A RenderMe-360 .smc file (any half of a pair) or a folder with one capture's files; a FaceScape tuple
            folder (or its params.json); a Middlebury folder (or its *_par.txt).
        flame: A file with FLAME's faces, for captures that store FLAME vertices.
        mesh_root: Folder of FaceScape's released models, if they do not lie beside the pictures.

    Returns:
        The capture, a context manager.

    Raises:
        DatasetError: If there is nothing at `path`, no reader knows it, or it is damaged.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, rk.SynthOptions(num_cameras=2, size=(64, 48), scan_faces=2000))
        ...     with rk.open_capture(truth.capture) as capture:
        ...         capture.dataset, len(capture.camera_names)
        ('renderme360', 2)
    """
    given = Path(path)
    if not given.exists():
        raise DatasetError(given, None, "no such file or folder")
    if given.is_dir():
        return _open_folder(given, flame, mesh_root)
    if given.name == PARAMS_NAME:
        return FaceScapeCapture(given, mesh_root=mesh_root)
    if given.name.endswith("_par.txt"):
        return MiddleburyCapture(given)
    if given.suffix.lower() in _HDF5_SUFFIXES or _starts_with(given, _HDF5_MAGIC):
        return RenderMe360Capture(given, flame=flame)
    raise DatasetError(given, None, _expected())


def _open_folder(folder: Path, flame: str | Path | None, mesh_root: str | Path | None) -> Capture:
    if (folder / PARAMS_NAME).is_file():
        return FaceScapeCapture(folder, mesh_root=mesh_root)
    if any(folder.glob("*_par.txt")):
        return MiddleburyCapture(folder)
    files = sorted(folder.glob("*.smc"))
    captures: dict[str, Path] = {}
    for file in files:
        half = half_of(file)
        captures.setdefault(file.stem.removesuffix(f"_{half}") if half else file.stem, file)
    if len(captures) == 1:
        return RenderMe360Capture(files[0], flame=flame)
    if captures:
        names = ", ".join(file.name for file in captures.values())
        raise DatasetError(folder, None, f"holds several captures; name one of them: {names}")
    raise DatasetError(folder, None, _expected())


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def _expected() -> str:
    return (
        "not a capture that renderkit knows; expected a RenderMe-360 .smc file, a FaceScape tuple folder with "
        f"{PARAMS_NAME}, or a Middlebury folder with *_par.txt"
    )
