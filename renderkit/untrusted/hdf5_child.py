"""The process in which an untrusted HDF5 file is parsed, under limits of processor time and memory.

Damaged files make the HDF5 library loop for ever (heaps of variable-length strings whose objects have size zero), or
take memory without bound (a compressed chunk that grows). Neither can be stopped from within the process. One child
parses the files of a capture; values that lie in a file as NumPy has them do not pass through it.

The child is forked where the caller has one Python thread, which takes a few milliseconds. Otherwise a lock that
another thread holds would stay locked in the child for ever, and a new interpreter is started. It ends when its pipe
does, however its parent ends.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from renderkit.errors import DatasetError
from renderkit.system import Child, fork_child, fork_is_safe, limit_memory, limit_processor_time, start_child
from renderkit.untrusted.hdf5_reader import MAX_DATASET_BYTES, Hdf5Reader, result_or_error

SECONDS: Final = 2.0
"""Processor time that a request may take, beside that for the bytes that it reads."""
BYTES_PER_SECOND: Final = 64 << 20
MAX_EXTRA_BYTES: Final = MAX_DATASET_BYTES + (512 << 20)
"""Memory that a child may take beyond what it starts with; a forked one starts with what its parent had freed, too."""
_MAX_DEATHS: Final = 2
"""A capture over which so many children have died is not read any further."""

_AT_ONCE: Final = 64
"""Keys of one request."""

Request: TypeAlias = tuple[Path, str, tuple[Any, ...], dict[str, Any], float]
"""File, method of `Hdf5Reader`, its arguments, and the processor time that it may take."""


class Hdf5Child:
    """Answers requests about the files of one capture. Safe for threads; not to be used by a process forked later.

    The process starts with the first request, and ends when this is closed or forgotten.

    Attributes:
        deaths: How many children have died over a request.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._child: Child | None = None
        self._forgotten: weakref.finalize[..., Hdf5Child] | None = None
        self._one_by_one = False
        self._folders: set[Path] = set()
        self.deaths = 0

    def ask(self, path: Path, method: str, *arguments: object, num_bytes: int = 0, **options: object) -> Any:  # noqa: ANN401
        """Call a method of `Hdf5Reader` in the child and return what it returns, or raise what it raises.

        Args:
            path: The file.
            method: Name of the method.
            arguments: Its arguments.
            num_bytes: What it reads, which gives it more time.
            options: Its arguments by keyword.

        Raises:
            DatasetError: Also if the child does not end in time, takes too much memory, or dies.
        """
        with self._lock:
            if self.deaths >= _MAX_DEATHS:
                raise DatasetError(path, None, "damaged: the HDF5 library failed over it before; it is not read")
            if self._child is None:
                self._child, self._folders = _taken(path) or (_start(), set())
                self._forgotten = weakref.finalize(self, _end, self._child, os.getpid())
            self._folders.add(path.parent)
            request = path, method, arguments, options, SECONDS + num_bytes / BYTES_PER_SECOND
            try:
                pickle.dump(request, self._child.requests)
                self._child.requests.flush()
                answer = pickle.load(self._child.replies)  # noqa: S301 - written by our own child
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                self.deaths += 1
                how = self._child.close()
                self._lose()
                key = "/".join(str(one) for one in arguments) or None
                raise DatasetError(path, key, f"damaged: the HDF5 library {how} while it read this") from error
            except BaseException:
                # Ctrl-C: the answer that is still to come would be taken for that to the next request.
                self._child.kill()
                self._lose()
                raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask_each(self, path: Path, method: str, keys: Sequence[tuple[str, ...]], **options: Any) -> list[Any]:  # noqa: ANN401
        """Call a method of `Hdf5Reader` for each of several keys, many in one visit; return results or DatasetErrors.

        Where the child dies over many, it does not count, and each key is asked for alone from then on.
        """
        answers: list[Any] = []
        for part in (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)):
            with self._lock:
                deaths = self.deaths
                if len(part) > 1 and not self._one_by_one:
                    try:
                        answers += self.ask(path, "each", method, part, **options)
                        continue
                    except DatasetError:
                        self._one_by_one = self.deaths > deaths
                        self.deaths = deaths
            answers += [result_or_error(self.ask, path, method, *key, **options) for key in part]
        return answers

    def close(self) -> None:
        """End the child; a later request starts another."""
        with self._lock:
            if self._child is not None:
                if not _kept(self._child, self._folders):
                    self._child.close()
                self._lose()

    def _lose(self) -> None:
        """Have no process any more."""
        self._child = None
        if self._forgotten is not None:
            self._forgotten.detach()


_WAITING: Final[ContextVar[list[tuple[Child, frozenset[Path]]] | None]] = ContextVar("waiting", default=None)
"""Children that wait for the next capture, with the folders whose files they have read."""


@contextmanager
def one_child() -> Iterator[None]:
    """Start a child now, while there is little to fork and other things to do, for files that are opened in the block.

    Files of one folder use it one after the other: what a file did to it cannot reach those of others. Only in this
    thread.
    """
    waiting: list[tuple[Child, frozenset[Path]]] = []
    if fork_is_safe():
        waiting.append((fork_child(_serve_ahead), frozenset()))
    token = _WAITING.set(waiting)
    try:
        yield
    finally:
        _WAITING.reset(token)
        for child, _ in waiting:
            child.close()


def _taken(path: Path) -> tuple[Child, set[Path]] | None:
    """Return a child that waits and has read no files of other folders, and those that it has read."""
    waiting = _WAITING.get() or []
    for number, (_, folders) in enumerate(waiting):
        if not folders or path.parent in folders:
            child, served = waiting.pop(number)
            return child, set(served)
    return None


def _kept(child: Child, folders: Iterable[Path]) -> bool:
    """Let a child wait for the next file where that is wanted; it closes its files."""
    waiting = _WAITING.get()
    if waiting is None:
        return False
    try:
        pickle.dump(None, child.requests)
        child.requests.flush()
    except OSError:
        return False
    waiting.append((child, frozenset(folders)))
    return True


def _end(child: Child, owner: int) -> None:
    """End the process of a child that was forgotten; not in a process that was forked later, whose it is not."""
    if owner == os.getpid():
        child.close()


def _start() -> Child:
    if fork_is_safe():
        import h5py  # noqa: F401, PLC0415 - loaded once for all children of this process

        return fork_child(_serve)
    # The child must find the same packages, however this process found them.
    return start_child(f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()")


def main() -> None:
    """Serve over standard input and output, for a new interpreter."""
    _serve(sys.stdin.buffer, sys.stdout.buffer)


def _serve_ahead(requests: BinaryIO, replies: BinaryIO) -> None:
    """Load the library before the first request comes."""
    import h5py  # noqa: F401, PLC0415 - in this process alone

    _serve(requests, replies)


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until the pipe ends."""
    limit_memory(MAX_EXTRA_BYTES)
    readers: dict[Path, Hdf5Reader] = {}
    while True:
        try:
            request: Request | None = pickle.load(requests)  # noqa: S301 - written by our own parent
        except EOFError:
            return
        if request is None:
            for reader in readers.values():
                reader.close()
            readers.clear()
            continue
        path, method, arguments, options, seconds = request
        limit_processor_time(seconds)
        try:
            if path not in readers:
                readers[path] = Hdf5Reader(path)
            call: Callable[..., object] = getattr(readers[path], method)
            answer = call(*arguments, **options)
        except Exception as error:  # noqa: BLE001 - raised again by the parent
            answer = error
        limit_processor_time(0.0)
        pickle.dump(answer, replies, protocol=5)
        replies.flush()
