"""Puts machine code for common processors into the package, so that its first run compiles nothing.

Where Numba is not there or does not work, and on other processors, the package compiles at its first run instead.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEVELS = ("x86-64-v3", "x86-64-v4")
MAKE = "from renderkit.pipeline.warm import warm_all; warm_all()"
COMPILERS = ("numba", "llvmlite", "numpy")
STAMP = "made-of.sha256"
"""Says what the machine code beside it was made of. It does not go into the wheel."""


class MachineCode(BuildHookInterface[Any]):
    """Runs every kernel once for each level of processors, and collects what the compiler keeps."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface's
        """Compile into renderkit/machine_code_files, which the wheel holds and an editable install reads.

        What an earlier build made of the same sources with the same compiler is taken as it is.
        """
        folder = Path(self.root) / "renderkit" / "machine_code_files"
        if self.target_name != "wheel" or platform.machine().lower() not in {"x86_64", "amd64"}:
            shutil.rmtree(folder, ignore_errors=True)
            return
        made_of = self._made_of()
        if not (folder / STAMP).is_file() or (folder / STAMP).read_text(encoding="ascii") != made_of:
            shutil.rmtree(folder, ignore_errors=True)
            if self._compile(folder):
                (folder / STAMP).write_text(made_of, encoding="ascii")
        build_data["artifacts"].append("renderkit/machine_code_files/*.o")

    def _compile(self, folder: Path) -> bool:
        """Fill the folder; return whether every level could be compiled."""
        with tempfile.TemporaryDirectory() as temporary:
            running = {level: self._start(level, Path(temporary) / level) for level in LEVELS}
            failed = [level for level, process in running.items() if process.wait()]
            if failed:
                self.app.display_warning(f"no machine code for {', '.join(failed)}: kernels compile at the first run")
            folder.mkdir()
            for code in sorted(Path(temporary).rglob("*.o")):
                shutil.copy(code, folder)
        return not failed

    def _start(self, level: str, cache: Path) -> subprocess.Popen[bytes]:
        cache.mkdir()
        chosen = {"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(cache)}
        # pip names the packages of its build environment there.
        path = os.pathsep.join(filter(None, (self.root, os.environ.get("PYTHONPATH"))))
        command = [sys.executable, "-c", MAKE]
        return subprocess.Popen(command, cwd=self.root, env={**os.environ, "PYTHONPATH": path, **chosen})  # noqa: S603

    def _made_of(self) -> str:
        """Return a digest of this file, the package's sources and the compiler's versions."""
        digest = hashlib.sha256(repr((LEVELS, sys.version_info[:2], [_version(name) for name in COMPILERS])).encode())
        for source in (Path(__file__), *sorted(Path(self.root, "renderkit").rglob("*.py"))):
            digest.update(hashlib.sha256(source.read_bytes()).digest())
        return digest.hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
