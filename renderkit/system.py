"""What differs between operating systems, and the environment's variables: asked here and nowhere else."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import shutil
import signal
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
"""Flag of `os.open` that refuses a symbolic link; 0 where the system has none."""


PLATFORM: str = sys.platform
"""The operating system's name: object files differ between systems."""


def usable_cores() -> int:
    """Return how many cores this process may use: those of its affinity or container where the system tells them."""
    affinity = getattr(os, "sched_getaffinity", None)
    if affinity is not None:
        return len(affinity(0))
    return os.cpu_count() or 1


def is_private(path: Path) -> bool:
    """Whether nobody but this user (and root) can change a file or folder.

    Windows gives each user a profile folder that others cannot write, and has no such owners and modes: there it is
    taken to be private.
    """
    user = getattr(os, "getuid", None)
    if user is None:
        return True
    state = path.stat()
    return state.st_uid == user() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def is_private_place(folder: Path) -> bool:
    """Whether nobody but this user (and root) can change a folder, or put another in its place."""
    if not hasattr(os, "getuid"):
        return True
    real = folder.resolve()
    return is_private(real) and all(_is_guarded(parent) for parent in real.parents)


def _is_guarded(folder: Path) -> bool:
    """Whether others cannot rename what lies in a folder: not theirs to write, or sticky as /tmp is."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_ISVTX) or not mode & stat.S_IWOTH


def sync_folder(path: Path) -> None:
    """Make a rename in this folder last over a power cut; systems that cannot open folders need no such thing."""
    flag = getattr(os, "O_DIRECTORY", None)
    if flag is None:
        return
    handle = os.open(path, os.O_RDONLY | flag)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def environment_folder(variable: str, default: str) -> Path:
    """Return the folder that a variable such as XDG_CACHE_HOME names; unset or not absolute, `~/default`.

    Raises:
        RuntimeError: If the user has no home folder either.
    """
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / default


def environment(variable: str) -> str:
    """Return a variable of the environment; empty when unset."""
    return os.environ.get(variable, "")


def set_environment(variable: str, value: str) -> None:
    """Set a variable for libraries that this process loads later, and for its children."""
    os.environ[variable] = value


@contextmanager
def on_termination(leave: Callable[[], None]) -> Iterator[None]:
    """Call `leave`, which raises, when SIGTERM or SIGHUP comes while the block runs; the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Whoever started the process may have it ignore SIGHUP, as nohup does.
    chosen = [
        number for number in (getattr(signal, name) for name in names) if signal.getsignal(number) is signal.SIG_DFL
    ]
    before = [signal.signal(number, lambda _number, _frame: leave()) for number in chosen]
    try:
        yield
    finally:
        for number, handler in zip(chosen, before, strict=True):
            signal.signal(number, handler)


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends, however that ends; Linux alone can do that.

    Args:
        parent: The parent's process id. If it has ended already, this process ends at once.
    """
    if not sys.platform.startswith("linux"):
        return
    set_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    ctypes.CDLL(None, use_errno=True).prctl(set_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def discard_output(descriptor: int) -> None:
    """Let what is still written to a descriptor go nowhere: its reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def find_program(names: Iterable[str]) -> Path | None:
    """Return the first of some programs that is installed; None where none is."""
    found = (shutil.which(name) for name in names)
    return next((Path(path) for path in found if path is not None), None)


def run_program(command: Sequence[str], timeout_s: float) -> str:
    """Run a program to its end and return what it wrote on stderr; one that takes too long is stopped.

    Args:
        command: The program and its arguments; no shell reads them.
        timeout_s: Seconds that it may take.
    """
    import subprocess  # noqa: PLC0415 - few runs start a program

    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=timeout_s, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stderr.decode("utf-8", "replace")


@contextmanager
def on_stop_signal(notice: Callable[[int], None]) -> Iterator[None]:
    """Call `notice` with the signal's number when SIGINT or SIGTERM comes while the block runs; main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    chosen = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _frame: notice(number)) for number in chosen]
    try:
        yield
    finally:
        for number, handler in zip(chosen, before, strict=True):
            signal.signal(number, handler)


def ignore_stop_signals() -> None:
    """Leave Ctrl-C and SIGTERM, which reach every process of a terminal or job, to the one that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold a file's lock while the block runs; yields False where another process holds it.

    The system gives the lock back however its holder ends. Systems without such locks always yield True.
    """
    try:
        import fcntl  # noqa: PLC0415 - POSIX only
    except ImportError:
        yield True
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


@dataclass(frozen=True, eq=False)
class Child:
    """A process that answers requests over two pipes.

    Attributes:
        requests: What it reads.
        replies: What it writes.
        process_id: Its number.
        wait: Waits for its end; returns its exit code, or minus the signal that ended it.
    """

    requests: IO[bytes]
    replies: IO[bytes]
    process_id: int
    wait: Callable[[], int]

    def kill(self) -> None:
        """End it at once, whatever it does."""
        os.kill(self.process_id, getattr(signal, "SIGKILL", signal.SIGTERM))
        self.close()

    def close(self) -> str:
        """End its pipes, wait for it, and say how it ended."""
        with suppress(OSError):  # what was not yet sent to one that has died
            self.requests.close()
        self.replies.close()
        code = self.wait()
        if -code == getattr(signal, "SIGPROF", None):
            return "took more processor time than it may"
        return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


def fork_is_safe() -> bool:
    """Whether a forked process can go on with Python code.

    Another Python thread may hold a lock, which would stay locked in the child. Apple's frameworks do not work after
    a fork.
    """
    return sys.platform.startswith("linux") and threading.active_count() == 1


def fork_child(work: Callable[[BinaryIO, BinaryIO], None]) -> Child:
    """Fork a process that runs `work` on its pipes and ends; only where `fork_is_safe`."""
    (read_request, write_request), (read_reply, write_reply) = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        # Threads of native libraries alone, whose locks the child does not need.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        _run_forked(work, read_request, write_reply)
    os.close(read_request)
    os.close(write_reply)
    return Child(os.fdopen(write_request, "wb"), os.fdopen(read_reply, "rb"), process, lambda: _exit_code(process))


def _run_forked(work: Callable[[BinaryIO, BinaryIO], None], requests: int, replies: int) -> None:
    """Run `work` in a forked process and end it, without what the parent would do at its own end."""
    code = 1
    try:
        gc.disable()  # no finalizer of the parent's objects may run here
        ignore_stop_signals()
        _keep_open(requests, replies)
        with os.fdopen(requests, "rb", closefd=False) as reading, os.fdopen(replies, "wb", closefd=False) as writing:
            work(reading, writing)
        code = 0
    finally:
        os._exit(code)


def _keep_open(*descriptors: int) -> None:
    """Close all files but these; what goes to the terminal goes nowhere."""
    for number in (0, 1, 2):
        discard_output(number)
    first = 3
    for number in sorted(descriptors):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _exit_code(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def start_child(code: str) -> Child:
    """Start a new interpreter that runs `code` with the pipes as its standard input and output."""
    import subprocess  # noqa: PLC0415 - not needed by most runs
    from multiprocessing.spawn import get_executable  # noqa: PLC0415 - as above

    command = [get_executable(), "-c", code]
    process = subprocess.Popen(  # noqa: S603 - ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
    return Child(process.stdin, process.stdout, process.pid, process.wait)


@contextmanager
def script_not_run_again() -> Iterator[None]:
    """While it is open, processes that are spawned do not run the program's script.

    They would, to find what is defined in it, and scripts do everything once more where they have no
    `if __name__ == "__main__":`. For processes that are sent nothing of the script's own.
    """
    script = sys.modules["__main__"]
    with _SCRIPT_LOCK:
        kept: dict[str, object] = {
            name: vars(script)[name] for name in ("__spec__", "__file__") if name in vars(script)
        }
        vars(script).pop("__file__", None)
        script.__spec__ = None  # multiprocessing.spawn goes by these two
        try:
            yield
        finally:
            vars(script).update(kept)


_SCRIPT_LOCK = threading.Lock()


def is_of_script(sent: object) -> bool:
    """Whether something that the program's own script defines is in what is sent to a process, which needs it then."""
    from multiprocessing.reduction import ForkingPickler  # noqa: PLC0415 - takes longer than the rest of this module

    looking = _LooksForScript()
    ForkingPickler(looking).dump(sent)
    return looking.found


class _LooksForScript:
    """A file that keeps nothing of what is written to it, which may be large, but whether it names the script."""

    found = False

    def write(self, data: bytes | memoryview) -> int:
        self.found = self.found or b"__main__" in bytes(data)
        return len(data)


def limit_memory(num_bytes: int) -> None:
    """Let this process take no more than so much memory beyond what it has; Linux alone can do that."""
    if not sys.platform.startswith("linux"):
        return
    import resource  # noqa: PLC0415 - POSIX only

    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [limit for limit in (used + num_bytes, soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))


def limit_processor_time(seconds: float) -> None:
    """Have this process ended by SIGPROF after so much processor time from now on; 0 takes the limit away."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the search for cycles while many values without any are made: it would take a quarter of that time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def search_cycles_seldom() -> None:
    """Search for cycles seldom in this process, and not when it ends: each search would take a tenth of a short run.

    A short run makes 150,000 objects that stay, and a thousand in cycles.
    """
    gc.set_threshold(200_000)
    atexit.register(gc.freeze)


def end_process(code: int) -> None:
    """End this process without taking modules and objects apart, which would take a fiftieth of a short run.

    What is registered for the exit is done, and the output written. Returns where Python has to wait for threads, or
    the output cannot be written: it says so in its own way.
    """
    if threading.active_count() > 1:
        return
    atexit._run_exitfuncs()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)
