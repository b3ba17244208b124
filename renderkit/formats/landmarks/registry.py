"""The registry of landmark layouts. A new one is a reader and a line here."""

from __future__ import annotations

from typing import Final

from renderkit.formats.landmarks.dlib_xml import DLIB
from renderkit.formats.landmarks.keypoint_json import COCO, OPENPOSE, PLAIN
from renderkit.formats.landmarks.own_form import OWN
from renderkit.formats.landmarks.point_files import NPY, PTS, TABLE
from renderkit.formats.landmarks.table import LandmarkLayout

LAYOUTS: Final[tuple[LandmarkLayout, ...]] = (OWN, OPENPOSE, COCO, PTS, NPY, TABLE, DLIB, PLAIN)
"""Every layout; the first that knows a file reads it."""

SUFFIXES: Final = (".json", ".pts", ".npy", ".npz", ".csv", ".tsv", ".txt", ".xml")
"""Suffixes of the files of a folder that are looked at."""
