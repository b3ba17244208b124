"""Machine code of kernels in files: read back only if it is whole, the user's own, and made from today's sources.

Every file begins with a digest over its content, the sources that the kernel depends on and its name, which holds the
argument types and the processor. What does not match is a miss: the kernel is compiled, and the file replaced.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from renderkit.kept_file import KeptFile
from renderkit.machine_code import Processor, levels
from renderkit.system import PLATFORM

_IMPORT = re.compile(r"^(?:from +([\w.]+) +import +(\([^)]*\)|[^\n]*)|import +([^\n]*))", re.MULTILINE)
_NAME = re.compile(r"[\w.]+")


PACKAGED: Final = Path(__file__).parent / "machine_code_files"
"""Code that came with the package, for common processors; made by `hatch_build.py`."""


@dataclass(frozen=True)
class KernelFile:
    """The file of one kernel's machine code for one set of argument types and one processor.

    Attributes:
        folder: Where it is; None when nothing is kept.
        entry: Name of the entry point in it.
        module: The kernel's module.
    """

    folder: Path | None
    entry: str
    module: str

    @classmethod
    def of(cls, function: Callable[..., Any], kinds: tuple[Any, ...], folder: Path | None, code: Processor) -> Self:
        """Return the file of a kernel in a folder; a kernel without a source file keeps none."""
        module, name = function.__module__, function.__qualname__
        key = hashlib.sha256(repr((module, name, kinds, PLATFORM, code)).encode()).hexdigest()[:24]
        has_source = getattr(sys.modules.get(module), "__file__", None) is not None
        return cls(folder if has_source else None, f"{module}.{function.__name__}-{key}", module)

    @property
    def path(self) -> Path | None:
        """The file."""
        return None if self.folder is None else self.folder / f"{self.entry}.o"

    def read(self) -> bytes | None:
        """Return the object file, or None for what is missing, unreadable, somebody else's, damaged or out of date."""
        # Whoever can write into the package can change its sources as well.
        return None if self._kept is None else self._kept.read(from_others=self.folder == PACKAGED)

    def write(self, code: bytes) -> None:
        """Keep the object file; says once where that is impossible, which costs a compilation, never the caller."""
        if self._kept is not None:
            self._kept.write(code)

    @property
    def _kept(self) -> KeptFile | None:
        return None if self.path is None else KeptFile(self.path, self.entry.encode() + fingerprint(self.module))


def read_code(
    function: Callable[..., Any], kinds: tuple[Any, ...], cached: KernelFile, *, with_packaged: bool = True
) -> tuple[str, bytes] | None:
    """Return the entry point's name and the object file; None for a miss.

    The cache folder comes first: code for this very processor is up to a fifth faster than the package's.
    """
    packaged = (KernelFile.of(function, kinds, PACKAGED, level) for level in levels())
    for file in (cached, *(packaged if with_packaged and PACKAGED.is_dir() else ())):
        code = file.read()
        if code is not None:
            return file.entry, code
    return None


@cache
def fingerprint(module: str) -> bytes:
    """Return a digest of the sources of a loaded module and of all that it imports from its own package or renderkit.

    Whatever a kernel inlines, calls or reads as a constant comes from there.
    """
    packages = {"renderkit", module.partition(".")[0]}
    digest = hashlib.sha256(Path(__file__).with_name("kernel_compiler.py").read_bytes())
    waiting, seen = [module], {module}
    while waiting:
        source, imported = _source_of(waiting.pop())
        digest.update(source)
        new = sorted({name for name in imported if name in sys.modules and name.partition(".")[0] in packages} - seen)
        seen.update(new)
        waiting += new
    return digest.digest()


@cache
def _source_of(module: str) -> tuple[bytes, frozenset[str]]:
    """Return the digest of a loaded module's source, and what its top level imports."""
    file = getattr(sys.modules[module], "__file__", None)
    source = "" if file is None else Path(file).read_text(encoding="utf-8", errors="surrogateescape")
    return hashlib.sha256(source.encode()).digest(), frozenset(_imported(source))


def _imported(source: str) -> set[str]:
    """Return what a source's top level imports, as names of modules: also where it is something in one."""
    found: set[str] = set()
    for home, names, plain in _IMPORT.findall(source):
        if home:
            found |= {home} | {f"{home}.{name}" for name in _NAME.findall(names)}
        else:
            found |= set(_NAME.findall(plain))
    return found
