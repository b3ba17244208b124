"""The FLAME file that a user asked to have remembered, in the user's configuration folder.

Readers do not look here: whoever opens a capture decides whether to pass the remembered file on.
"""

from __future__ import annotations

from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.system import environment_folder
from renderkit.untrusted.json_text import read_json_object
from renderkit.writing import make_folder, write_json

_FILE_NAME = "flame.json"
_MAX_BYTES = 1 << 16


def config_folder() -> Path:
    """Return renderkit's folder under $XDG_CONFIG_HOME, or under ~/.config when that is unset or not absolute."""
    return environment_folder("XDG_CONFIG_HOME", ".config") / "renderkit"


def remember_flame(path: str | Path, folder: Path | None = None) -> Path:
    """Remember where the user's FLAME file is.

    Args:
        path: The file.
        folder: Where to remember it; `config_folder()` if None.

    Returns:
        The file that holds the memory.

    Raises:
        DatasetError: If there is no such file, or the folder cannot be written.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise DatasetError(file, None, "no such file; nothing was remembered")
    return write_json(make_folder(config_folder() if folder is None else folder) / _FILE_NAME, {"flame": str(file)})


def remembered_flame(folder: Path | None = None) -> Path | None:
    """Return the remembered FLAME file, or None when nothing was remembered.

    Raises:
        DatasetError: If the memory is damaged, or the remembered file is gone.
    """
    memory = (config_folder() if folder is None else folder) / _FILE_NAME
    if not memory.is_file():
        return None
    stored = read_json_object(memory, _MAX_BYTES).get("flame")
    if not isinstance(stored, str) or not Path(stored).is_file():
        raise DatasetError(memory, "flame", f"the remembered file {stored!r} is gone; remember another or delete this")
    return Path(stored)
