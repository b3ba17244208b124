"""Puts machine code for common processors into the package, so that its first run compiles nothing.

Where Numba is not there or does not work, and on other processors, the package compiles at its first run instead.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEVELS = ("x86-64-v3", "x86-64-v4")
MAKE = "from renderkit.pipeline.warm import warm_all; warm_all()"


class MachineCode(BuildHookInterface[Any]):
    """Runs every kernel once for each level of processors, and collects what the compiler keeps."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface's
        """Compile into renderkit/machine_code_files, which the wheel holds and an editable install reads."""
        folder = Path(self.root) / "renderkit" / "machine_code_files"
        shutil.rmtree(folder, ignore_errors=True)
        if self.target_name != "wheel" or platform.machine().lower() not in {"x86_64", "amd64"}:
            return
        with tempfile.TemporaryDirectory() as temporary:
            running = {level: self._start(level, Path(temporary) / level) for level in LEVELS}
            failed = [level for level, process in running.items() if process.wait()]
            if failed:
                self.app.display_warning(f"no machine code for {', '.join(failed)}: kernels compile at the first run")
            folder.mkdir()
            for code in sorted(Path(temporary).rglob("*.o")):
                shutil.copy(code, folder)
        build_data["artifacts"].append("renderkit/machine_code_files/*.o")

    def _start(self, level: str, cache: Path) -> subprocess.Popen[bytes]:
        cache.mkdir()
        chosen = {"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(cache)}
        # pip names the packages of its build environment there.
        path = os.pathsep.join(filter(None, (self.root, os.environ.get("PYTHONPATH"))))
        command = [sys.executable, "-c", MAKE]
        return subprocess.Popen(command, cwd=self.root, env={**os.environ, "PYTHONPATH": path, **chosen})  # noqa: S603
