"""Machine code of kernels on disk: read back only if it is whole, the user's own, and made from today's sources.

Numba's own cache compares the file of a kernel, but not those of the kernels and constants that were compiled into it,
and raises where a file is empty or damaged. Here every file begins with a digest over its content, the sources that
the kernel depends on, and its name. What does not match is a miss: the kernel is compiled, and the file replaced.

Imports Numba: load this module late.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from numba.core.caching import FunctionCache, IndexDataCacheFile

from renderkit.system import is_private

_DIGEST_BYTES: Final = 32
_IMPORT = re.compile(r"^(?:from +([\w.]+) +import +(\([^)]*\)|[^\n]*)|import +([^\n]*))", re.MULTILINE)
_NAME = re.compile(r"[\w.]+")
_log = logging.getLogger(__name__)


class KernelCache(FunctionCache):  # type: ignore[misc] # Numba has no types
    """The cache of one kernel; a failure to read or write it costs a compilation, never the caller."""

    _cache_file: Any

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        known = self._cache_file
        base = known._index_name.removesuffix(".nbi")
        self._cache_file = _CheckedFile(self.cache_path, base, known._source_stamp, function.__module__)

    def save_overload(self, sig: object, data: object) -> None:
        """Keep the code of one set of argument types; says once where that is impossible."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self.disable()
            _say_once(self.cache_path, str(error))


class _CheckedFile(IndexDataCacheFile):  # type: ignore[misc] # Numba has no types
    """Numba's index and data files, each behind its digest."""

    def __init__(self, folder: str, base: str, stamp: object, module: str) -> None:
        super().__init__(folder, base, stamp)
        self._module = module

    def _load_index(self) -> dict[Any, str]:
        content = self._read(self._index_path)
        return {} if content is None else pickle.loads(content)  # noqa: S301 - our own, checked

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, overloads)

    def _load_data(self, name: str) -> object:
        content = self._read(self._data_path(name))
        return None if content is None else pickle.loads(content)  # noqa: S301 - our own, checked

    def _save_data(self, name: str, data: object) -> None:
        self._write(self._data_path(name), data)

    def _read(self, path: str) -> bytes | None:
        """Return the content, or None for what is missing, unreadable, somebody else's, damaged or out of date."""
        file = Path(path)
        try:
            if not is_private(file):
                return None
            stored = file.read_bytes()
        except OSError:
            return None
        content = stored[_DIGEST_BYTES:]
        return content if stored[:_DIGEST_BYTES] == self._digest(file.name, content) else None

    def _write(self, path: str, value: object) -> None:
        content = self._dump(value)
        with self._open_for_write(path) as stream:
            stream.write(self._digest(os.path.basename(path), content) + content)  # noqa: PTH119

    def _digest(self, name: str, content: bytes) -> bytes:
        head = repr((name, self._version, self._source_stamp)).encode() + fingerprint(self._module)
        return hashlib.sha256(head + content).digest()


@cache
def fingerprint(module: str) -> bytes:
    """Return a digest of the sources of a loaded module and of all that it imports from its own package or renderkit.

    Whatever a kernel inlines, calls or reads as a constant comes from there.
    """
    packages = {"renderkit", module.partition(".")[0]}
    digest = hashlib.sha256()
    waiting, seen = [module], {module}
    while waiting:
        source = _source_of(waiting.pop())
        digest.update(hashlib.sha256(source.encode()).digest())
        new = sorted({name for name in _imported(source) if name.partition(".")[0] in packages} - seen)
        seen.update(new)
        waiting += new
    return digest.digest()


def _source_of(module: str) -> str:
    file = getattr(sys.modules[module], "__file__", None)
    return "" if file is None else Path(file).read_text(encoding="utf-8", errors="surrogateescape")


def _imported(source: str) -> set[str]:
    """Return the loaded modules that a source's top level imports."""
    found: set[str] = set()
    for home, names, plain in _IMPORT.findall(source):
        if home:
            found |= {home} | {f"{home}.{name}" for name in _NAME.findall(names)}
        else:
            found |= set(_NAME.findall(plain))
    return {name for name in found if name in sys.modules}


@cache
def _say_once(folder: str, why: str) -> None:
    _log.warning("compiled kernels are not kept in %s: %s", folder, why)
