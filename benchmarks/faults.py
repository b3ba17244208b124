"""Faults that are planted while `renderkit validate` works on five captures: `python benchmarks/faults.py [NAME]`.

Full and read-only disks (small tmpfs, as root), inputs that vanish or change, workers that die, a lost OpenGL context,
64 open files, a cache that cannot be written, signals. After each the run is resumed; its folder must equal that of a
run that nothing disturbed, byte for byte, and no process may be left after five seconds.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from killed_runs import check_none_left, children
from simulated_dataset import folder_bytes

import renderkit as rk

_COMMAND = (sys.executable, "-c", "from renderkit.cli import main; main()")
_LOSES_CONTEXT = """
import sys
import renderkit.renderers.egl.renderer as egl
from OpenGL.error import GLError
draw, calls = egl.EglRenderer.draw, []
def lost(*args, **more):
    calls.append(1)
    if len(calls) in {LOST}:
        raise GLError(err=0x0507, description=b"context lost")
    return draw(*args, **more)
egl.EglRenderer.draw = lost
from renderkit.cli import main
main()
"""


@dataclass(frozen=True)
class Place:
    """Where one fault is planted.

    Attributes:
        data: The captures.
        out: The run folder.
    """

    data: Path
    out: Path

    @property
    def last(self) -> Path:
        """A file of the capture that is worked on last."""
        return sorted(self.data.glob("*/*_raw.smc"))[-1]

    def start(
        self, *options: str, code: str = "", limit: Callable[[], object] | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        """Start a run, or go on with it."""
        command = [*_COMMAND[:2], code or _COMMAND[2], "validate", str(self.data), "--out", str(self.out)]
        command += [
            "--reports",
            "none",
            "--no-sanity",
            "--no-checks",
            *(options or ("--renderer", "cpu", "--workers", "2")),
        ]
        return subprocess.Popen(  # noqa: S603 - our own program
            command, start_new_session=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=limit, env=os.environ | environment,  # noqa: PLW1509 - no threads here
        )  # fmt: skip

    def wait_for(self, text: str, run: subprocess.Popen[str]) -> None:
        """Wait until the log has a text, or the run has ended."""
        log = self.out / "log.txt" if text else self.out / "plan.json"
        while run.poll() is None and not (log.exists() and text in log.read_text()):
            time.sleep(0.005)


def _ended(run: subprocess.Popen[str]) -> str:
    """Return the exit code and the last words of a run; nothing of it may be left."""
    output, _ = run.communicate()
    check_none_left(run.pid)
    told = [line for line in output.splitlines() if "rror" in line or "cannot" in line or "WorkerDied" in line]
    if "Traceback" in output:
        return f"DIFFERS: a traceback\n{output}"
    return f"exit code {run.returncode}; {(told or output.splitlines() or ['-'])[0].strip()[:150]}"


def full_disk(place: Place) -> str:
    with _tmpfs(place.out.parent, "120k") as disk:
        told = _ended(Place(place.data, disk / "run").start())
        _mount("-o", "remount,size=64m", str(disk))
        return told + _resumed(Place(place.data, disk / "run"))


def read_only_folder(place: Place) -> str:
    with _tmpfs(place.out.parent, "64m") as disk:
        (disk / "run").mkdir()
        _mount("-o", "remount,ro", str(disk))
        told = _ended(Place(place.data, disk / "run").start())
        _mount("-o", "remount,rw", str(disk))
        return told + _resumed(Place(place.data, disk / "run"))


def vanished_input(place: Place) -> str:
    run = place.start("--renderer", "cpu", "--engine", "serial")
    place.wait_for("", run)
    name = place.last
    hidden = name.rename(place.data / "hidden")
    told = _ended(run)
    hidden.rename(name)
    return told + _resumed(place)


def changed_input(place: Place) -> str:
    run = place.start("--renderer", "cpu", "--engine", "serial")
    place.wait_for("", run)
    before, state = place.last.read_bytes(), place.last.stat()
    with place.last.open("ab") as stream:
        stream.write(b"\0")
    told = _ended(run)
    place.last.write_bytes(before)
    os.utime(place.last, ns=(state.st_atime_ns, state.st_mtime_ns))
    return told + _resumed(place)


def every_worker_killed(place: Place) -> str:
    """As the system does when memory runs out."""
    run = place.start()
    while run.poll() is None:
        for worker in children(run.pid):
            try:
                os.kill(worker, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.2)
    return _ended(run) + _resumed(place)


def little_memory(place: Place) -> str:
    run = place.start(limit=lambda: resource.setrlimit(resource.RLIMIT_AS, (450 << 20, 450 << 20)))
    return _ended(run) + _resumed(place)


def context_lost_once(place: Place) -> str:
    code = _LOSES_CONTEXT.replace("{LOST}", "{7}")
    return _ended(_with_egl(place, code)) + _resumed(place, "egl")


def _with_egl(place: Place, code: str) -> subprocess.Popen[str]:
    return place.start("--renderer", "egl", "--engine", "serial", code=code, PYOPENGL_PLATFORM="egl")


def context_lost_for_good(place: Place) -> str:
    code = _LOSES_CONTEXT.replace("{LOST}", "range(7, 10**6)")
    return _ended(_with_egl(place, code)) + _resumed(place, "egl")


def open_files_64(place: Place) -> str:
    run = place.start(limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    return _ended(run) + _resumed(place)


def unwritable_cache(place: Place) -> str:
    return _ended(place.start(XDG_CACHE_HOME="/proc/1", NUMBA_CACHE_DIR="")) + _resumed(place)


def interrupted_once(place: Place) -> str:
    return _signalled(place, signal.SIGINT)


def interrupted_twice(place: Place) -> str:
    return _signalled(place, signal.SIGINT, signal.SIGINT)


def terminated(place: Place) -> str:
    return _signalled(place, signal.SIGTERM)


def parent_killed(place: Place) -> str:
    return _signalled(place, signal.SIGKILL)


def _signalled(place: Place, *numbers: signal.Signals) -> str:
    run = place.start()
    place.wait_for("stored", run)
    for number in numbers:
        (os.kill if number == signal.SIGKILL else os.killpg)(run.pid, number)
        time.sleep(0.1)
    return _ended(run) + _resumed(place)


def _resumed(place: Place, renderer: str = "cpu") -> str:
    stored = len(list((place.out / "parts").rglob("*.parquet")))
    run = place.start("--renderer", renderer, "--workers", "2")
    output, _ = run.communicate()
    expected = place.data.parent / f"whole-{renderer}"
    if not expected.exists():
        whole = Place(place.data, expected)
        whole.start("--renderer", renderer, "--engine", "serial").communicate()
    ours, theirs = folder_bytes(place.out), folder_bytes(expected)
    differ = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    equal = f"DIFFERS in {differ[:4]}\n{output}" if differ else "equal to an undisturbed run"
    return f"; {stored} of 5 units kept; resumed: exit code {run.returncode}, {equal}"


@contextmanager
def _tmpfs(parent: Path, size: str) -> Iterator[Path]:
    disk = parent / "disk"
    disk.mkdir(parents=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk))
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)  # noqa: S603, S607


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)  # noqa: S603, S607


FAULTS = (
    full_disk, read_only_folder, vanished_input, changed_input, every_worker_killed,
    little_memory, context_lost_once, context_lost_for_good, open_files_64, unwritable_cache, interrupted_once,
    interrupted_twice, terminated, parent_killed,
)  # fmt: skip


def main(names: list[str]) -> int:
    code = 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        for index in range(5):
            options = rk.SynthOptions(num_cameras=4, num_frames=3, size=(160, 128), scan_faces=2000, seed=index)
            rk.synthesize(data / f"s{index}", options)
        for fault in FAULTS:
            if not names or fault.__name__ in names:
                told = fault(Place(data, Path(folder, fault.__name__, "run")))
                code |= "DIFFERS" in told
                print(f"{fault.__name__.replace('_', ' ')}: {told}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
