"""Copies of remote files with a limit on their size; those that were not used for longest go first.

A file of which there is no copy is sparse: it has the size of the remote one, its time, and no content. Whoever opens a
file asks `holds_open` afterwards: the mark of a copy names the inode that has the content, so that a file that was
emptied meanwhile by another process is noticed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from renderkit.writing import make_folder, remove_file, write_blocks, write_sparse, write_text

_MARKS = ".copies"


@dataclass(frozen=True)
class DownloadCache:
    """The copies under one folder.

    Attributes:
        root: The folder.
        limit_bytes: What all copies may take.
    """

    root: Path
    limit_bytes: int

    def holds(self, path: Path) -> bool:
        """Whether a file has its content; it counts as used now."""
        try:
            return self._is_copy(path, path.stat().st_ino)
        except OSError:
            return False

    def _is_copy(self, path: Path, inode: int) -> bool:
        mark = self._mark(path)
        try:
            marked = mark.read_text().split("\n", 2)
            os.utime(mark)
        except OSError:
            return False
        return marked[0] == str(inode)

    def holds_open(self, path: Path, descriptor: int) -> bool:
        """Whether an open file has its content."""
        return self._is_copy(path, os.fstat(descriptor).st_ino)

    def store(self, path: Path, blocks: Iterator[bytes]) -> None:
        """Fill a file; others are emptied where the limit asks for it.

        Raises:
            DatasetError: If it cannot be written.
        """
        state = path.stat()
        self._make_room(state.st_size)
        write_blocks(path, blocks, state.st_mtime_ns)
        make_folder(self.root / _MARKS)
        name = path.relative_to(self.root).as_posix()
        write_text(self._mark(path), f"{path.stat().st_ino}\n{state.st_size}\n{name}", errors="surrogateescape")

    def drop(self, path: Path) -> None:
        """Forget that a file has its content.

        Raises:
            DatasetError: If the mark cannot be removed.
        """
        remove_file(self._mark(path))

    def copies(self) -> dict[Path, int]:
        """Return the size of each copy, the one that was not used for longest first."""
        found = []
        for mark in (self.root / _MARKS).glob("[0-9a-f]*"):
            try:
                _, size, name = mark.read_bytes().decode("utf-8", "surrogateescape").split("\n", 2)
                found.append((mark.stat().st_mtime_ns, self.root / name, int(size)))
            except (OSError, ValueError):
                continue  # another process is at it
        return {path: size for _, path, size in sorted(found)}

    def _make_room(self, num_bytes: int) -> None:
        copies = self.copies()
        taken = sum(copies.values())
        for path, size in copies.items():
            if taken + num_bytes <= self.limit_bytes:
                return
            self.drop(path)  # first: nobody takes the emptied file for a copy
            if path.is_file():
                write_sparse(path, size, path.stat().st_mtime_ns)
            taken -= size

    def _mark(self, path: Path) -> Path:
        name = os.fsencode(path.relative_to(self.root))
        return self.root / _MARKS / hashlib.sha256(name).hexdigest()[:32]
