"""What a captured moment is: captures, frames and views, read lazily."""

from renderkit.capture.capture import ArrayCapture, Capture
from renderkit.capture.parts import Frame, Inventory, MissingPart, SkippedCamera, UnframedScan, View
from renderkit.geometry.rig import Unit

__all__ = [
    "ArrayCapture",
    "Capture",
    "Frame",
    "Inventory",
    "MissingPart",
    "SkippedCamera",
    "UnframedScan",
    "Unit",
    "View",
]
