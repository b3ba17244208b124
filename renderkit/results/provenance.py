"""Where a run's numbers come from: versions, and hashes of the files that were read."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import renderkit
from renderkit.results.report import InputFile
from renderkit.untrusted.files import open_regular
from renderkit.untrusted.remote import remote_version, shown_path

WHOLE_FILE_BYTES = 256 << 20
"""Files up to this size are hashed whole; larger ones by samples."""

_BLOCK = 1 << 20
_NUM_BLOCKS = 64
_PACKAGES = ("numpy", "opencv-python-headless", "h5py", "trimesh", "PyOpenGL", "numba", "embreex")


def package_versions() -> dict[str, str]:
    """Return the versions of Python, renderkit and the packages that decide numbers; absent ones are left out."""
    versions = {"python": platform.python_version(), "renderkit": renderkit.__version__}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def hash_inputs(paths: Iterable[Path]) -> tuple[InputFile, ...]:
    """Hash files, in order of their paths; folders and files that are gone are left out."""
    return tuple(hash_file(path) for path in sorted(set(paths)) if path.is_file())


def hash_file(path: Path) -> InputFile:
    """Hash one file: whole up to `WHOLE_FILE_BYTES`, else its size and 64 evenly spaced blocks of 1 MiB.

    Size and content are those of one open file, whatever takes its name meanwhile. Of a URL it is the version that its
    server names, which is not read for it.

    Raises:
        DatasetError: If it cannot be opened, or is no regular file.
    """
    version = remote_version(path)
    if version is not None:
        return InputFile(shown_path(path), path.stat().st_size, version, "version")
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size <= WHOLE_FILE_BYTES:
            while block := stream.read(_BLOCK):
                digest.update(block)
            # One that grew has been read to its new end.
            return InputFile(str(path), stream.tell(), digest.hexdigest(), "sha256")
        digest.update(size.to_bytes(8, "little"))
        for index in range(_NUM_BLOCKS):
            stream.seek((size - _BLOCK) * index // (_NUM_BLOCKS - 1))
            digest.update(stream.read(_BLOCK))
    return InputFile(str(path), size, digest.hexdigest(), "sha256-sampled")
