"""The registry of checks. A check is a module beside this one and one line here; it is loaded when it is made.

Bounded: a few views of one frame are rendered or read, whatever the size of the capture. What cannot be read is left
out here; its own row says why.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from renderkit.capture import Capture
from renderkit.errors import ContextError
from renderkit.pipeline.checks.subject import CheckBudget, CheckKind, CheckSubject
from renderkit.pipeline.options import ValidationOptions
from renderkit.renderers.base import Renderer
from renderkit.results.capture_check import CaptureCheck

_MODULES: Final = ("flame_translation", "landmark_map", "mask_space", "scan_frame")
"""Modules with a `CHECK`, in the order in which they are made and shown."""


def check_capture(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions | None = None,
    budget: CheckBudget | None = None,
) -> tuple[CaptureCheck, ...]:
    """Check what a capture's dataset leaves undocumented.

    Args:
        capture: The subject.
        renderer: Draws the mesh for the check of the masks.
        options: What is going to be validated; decides which frames, cameras and mesh are looked at.
        budget: How much is read.

    Returns:
        One check each, in the order of the registry: what FLAME's translation is, how landmarks are paired, and so on.

    Raises:
        ContextError: If the renderer loses its device.
    """
    subject = CheckSubject(capture, renderer, options or ValidationOptions(), budget or CheckBudget())
    return tuple(_made(import_module(f"{__package__}.{module}").CHECK, subject) for module in _MODULES)


def _made(kind: CheckKind, subject: CheckSubject) -> CaptureCheck:
    try:
        return kind.make(subject)
    except ContextError:
        raise
    except Exception as error:  # noqa: BLE001 - a check that cannot be made never costs the scores
        return CaptureCheck.skipped(kind.name, f"{type(error).__name__}: {error}")
