"""What `validate` would say of a capture's first frame: the same views, examined by the same function."""

from __future__ import annotations

from renderkit.capture import Capture
from renderkit.pipeline.diagnosis import diagnose_opened
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.base import Renderer
from renderkit.results.report import Report


def examine_first_frame(capture: Capture, renderer: Renderer) -> Report:
    """Score the views of the first frame and diagnose the rig by them.

    What fails, what cannot be computed, how inputs are read and whether the rig fits are then those of `validate`.
    """
    options = ValidationOptions(frames=capture.frame_ids[:1])
    rows = tuple(validate_views(capture, renderer, options))
    return Report(rows, diagnosis=diagnose_opened(capture, options, renderer) if rows else None)
