"""The selections of frames and cameras; the language is in renderkit/selection.py."""

from __future__ import annotations

from renderkit.selection import select_cameras, select_frames

__all__ = ["select_cameras", "select_frames"]
