"""The exceptions that renderkit raises on purpose: what was expected, what was found, where, and what to do."""

from __future__ import annotations

from pathlib import Path

_MAX_KEY, _MAX_WHY = 200, 2000
"""Characters of a message's parts."""


class RenderkitError(Exception):
    """Root of all errors that renderkit raises for bad data or a missing capability.

    Example:
        >>> import renderkit as rk
        >>> print(rk.RenderkitError("no camera"))
        no camera
    """


class DatasetError(RenderkitError):
    """A file or folder of a capture cannot be read as what it claims to be.

    Attributes:
        path: The file or folder.
        key: The entry inside it (HDF5 key, JSON field, line), or None when the file as a whole is meant.
        why: What was expected, what was found, and what to do.

    Example:
        >>> import renderkit as rk
        >>> print(rk.DatasetError("take.smc", "Camera/25", "no such group"))
        take.smc [Camera/25]: no such group
    """

    def __init__(self, path: str | Path, key: str | None, why: str) -> None:
        self.path = Path(path)
        self.key = None if key is None else _bounded(key, _MAX_KEY)
        self.why = _bounded(why, _MAX_WHY)
        super().__init__(f"{path}: {self.why}" if key is None else f"{path} [{self.key}]: {self.why}")

    def __reduce__(self) -> tuple[type[DatasetError], tuple[Path, str | None, str]]:
        """Pickle by the constructor's arguments, so that the error survives a worker process."""
        return type(self), (self.path, self.key, self.why)


def _bounded(text: str, length: int) -> str:
    """Return at most `length` characters of a text that quotes a file's own words."""
    if len(text) <= length:
        return text
    end = f"... ({len(text)} characters)"
    return text[: length - len(end)] + end


class CalibrationError(DatasetError):
    """A camera's calibration is present but is not a camera: NaN, singular K, R no rotation, wrong shapes.

    Example:
        >>> import renderkit as rk
        >>> print(rk.CalibrationError("take.smc", "Calibration/25/K", "K has NaN"))
        take.smc [Calibration/25/K]: K has NaN
    """


class ArgumentError(RenderkitError, ValueError):
    """An argument is not valid here: a selection names what the capture does not have, options exclude each other.

    Example:
        >>> import renderkit as rk
        >>> print(rk.ArgumentError("no camera matches '9'; there are 1, 2"))
        no camera matches '9'; there are 1, 2
    """


class ContextError(RenderkitError):
    """No OpenGL context could be made.

    Attributes:
        device: The EGL device that was asked for.
        why: What failed and what to install.

    Example:
        >>> import renderkit as rk
        >>> print(rk.ContextError("device 0", "no libEGL"))
        no OpenGL context on device 0: no libEGL
    """

    def __init__(self, device: str, why: str) -> None:
        self.device = device
        self.why = why
        super().__init__(f"no OpenGL context on {device}: {why}")

    def __reduce__(self) -> tuple[type[ContextError], tuple[str, str]]:
        """Pickle by the constructor's arguments, so that the error survives a worker process."""
        return type(self), (self.device, self.why)


class ShaderError(RenderkitError):
    """A shader does not compile or a program does not link.

    Attributes:
        stage: "vertex", "fragment" or "link".
        file: The shader's file name.
        log: The driver's own words.

    Example:
        >>> import renderkit as rk
        >>> print(rk.ShaderError("vertex", "mesh.vert", "syntax error"))
        vertex shader mesh.vert was refused by the driver:
        syntax error
    """

    def __init__(self, stage: str, file: str, log: str) -> None:
        self.stage = stage
        self.file = file
        self.log = log
        super().__init__(f"{stage} shader {file} was refused by the driver:\n{log}")

    def __reduce__(self) -> tuple[type[ShaderError], tuple[str, str, str]]:
        """Pickle by the constructor's arguments, so that the error survives a worker process."""
        return type(self), (self.stage, self.file, self.log)


class MissingExtraError(RenderkitError):
    """An optional package is needed for what was asked.

    Attributes:
        package: The package that is missing.
        extra: The extra of renderkit that installs it.

    Example:
        >>> import renderkit as rk
        >>> print(rk.MissingExtraError("pandas", "dataframe"))
        this needs the package pandas; install it with: pip install 'renderkit[dataframe]'
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"this needs the package {package}; install it with: pip install 'renderkit[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Pickle by the constructor's arguments, so that the error survives a worker process."""
        return type(self), (self.package, self.extra)
