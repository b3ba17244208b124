"""One reader per dataset format; each turns its own convention into ours at the door."""

from renderkit.datasets.facescape import FaceScapeRecording
from renderkit.datasets.middlebury import MiddleburyRecording
from renderkit.datasets.registry import open_recording
from renderkit.datasets.renderme360 import RenderMe360Recording

__all__ = ["FaceScapeRecording", "MiddleburyRecording", "RenderMe360Recording", "open_recording"]
