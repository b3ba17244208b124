"""Camera files that hold intrinsics only: one rule for all of them.

Such a file is read, with the identity as pose, and a note says so: projection in the camera's own frame is right, and
what needs a world says what is missing.
"""

from __future__ import annotations

import numpy as np

from renderkit.wording import counted

NO_POSE = np.eye(3, 4)
"""The (3, 4) pose of a camera whose file states none: the camera's frame is the world."""
NO_POSE.flags.writeable = False


def no_pose_note(count: int, nearest: str = "") -> str:
    """Return the note for `count` cameras without a pose.

    Args:
        count: How many.
        nearest: Where the poses may be found, for the end of the sentence.
    """
    who = "the camera has" if count == 1 else f"{counted(count, 'camera')} have"
    world = "its own frame is the world" if count == 1 else "each has its own frame as the world, so they do not agree"
    return f"the file holds no pose, only intrinsics: {who} the identity as pose ({world}){nearest}"
