"""Camera files that hold intrinsics only: one rule for all of them.

Such a file is read, with the identity as pose, and a note says so: projection in the camera's own frame is right, and
what needs a world says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.untrusted.content import Untrusted
from renderkit.wording import counted

_POSE_WORD = re.compile("pose|extrinsic|world|transform|w2c|c2w", re.IGNORECASE)
_POSE_COUNTS = {6, 7, 12, 16}
NO_POSE = np.eye(3, 4)
"""The (3, 4) pose of a camera whose file states none: the camera's frame is the world."""
NO_POSE.flags.writeable = False


def require_no_pose(unread: Mapping[str, Untrusted], path: Path, where: str = "") -> None:
    """Refuse a camera that would be read without a pose though a key seems to hold one.

    Raises:
        DatasetError: Naming the first key with a word for a pose, and as many numbers as a pose has.
    """
    for key, value in unread.items():
        if _POSE_WORD.search(key) and _count(value) in _POSE_COUNTS:
            why = "this seems to be the camera's pose, under a key that does not say which way it maps"
            raise DatasetError(path, f"{where}{key}", f"{why}; give R and t, world-to-camera, or a matrix w2c")


def _count(value: Untrusted) -> int:
    """Return how many numbers a list, an array or OpenCV's {rows, cols, data} holds; 0 for anything else."""
    if isinstance(value, Mapping):
        value = value.get("data")
    if isinstance(value, np.ndarray):
        return int(value.size)
    if not isinstance(value, list):
        return 0
    return sum(len(one) if isinstance(one, list) else 1 for one in value)


def no_pose_note(count: int, nearest: str = "") -> str:
    """Return the note for `count` cameras without a pose.

    Args:
        count: How many.
        nearest: Where the poses may be found, for the end of the sentence.
    """
    who = "the camera has" if count == 1 else f"{counted(count, 'camera')} have"
    world = "its own frame is the world" if count == 1 else "each has its own frame as the world, so they do not agree"
    return f"the file holds no pose, only intrinsics: {who} the identity as pose ({world}){nearest}"
