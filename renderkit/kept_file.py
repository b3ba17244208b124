"""One file in the user's cache folder that was made of others: read back only if it is whole, the user's own and fresh.

It begins with a digest over what it was made of and its content. What does not match is a miss: it is made again.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from renderkit.errors import DatasetError
from renderkit.system import is_private
from renderkit.writing import write_bytes

_DIGEST_BYTES: Final = 32
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptFile:
    """A file that costs time to make.

    Attributes:
        path: The file.
        key: Tells apart all that it can be made of.
    """

    path: Path
    key: bytes

    def read(self, *, from_others: bool = False) -> bytes | None:
        """Return the content, or None for what is missing, unreadable, somebody else's, damaged or out of date.

        Args:
            from_others: Whether somebody else may have written it.
        """
        try:
            if not (from_others or is_private(self.path)):
                return None
            stored = self.path.read_bytes()
        except OSError:
            return None
        content = stored[_DIGEST_BYTES:]
        return content if stored[:_DIGEST_BYTES] == self._digest(content) else None

    def write(self, content: bytes) -> None:
        """Keep the content; says once where that is impossible, which costs time, never the caller."""
        try:
            write_bytes(self.path, self._digest(content) + content)
        except DatasetError as error:
            _say_once(self.path.parent, error.why)

    def _digest(self, content: bytes) -> bytes:
        return hashlib.sha256(self.key + content).digest()


@cache
def _say_once(folder: Path, why: str) -> None:
    _log.warning("what would save time at the next start is not kept in %s: %s", folder, why)
