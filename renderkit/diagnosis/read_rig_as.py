"""The cameras of a rig as a reading of the whole rig understands them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from renderkit.diagnosis.readings.interpretation import Interpretation, all_as_stated, as_stated
from renderkit.diagnosis.readings.reading import Reading, Views
from renderkit.diagnosis.readings.registry import READINGS
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import NoDistortion
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

_NOT_OF_CAMERAS: Final = {
    "points": "the 3D landmarks",
    "pixels": "the landmarks",
    "vertices": "the mesh",
    "matte": "the mattes",
    "matte_is_bent": "the mattes",
}


def is_reading(name: str) -> bool:
    """Whether a name is that of a reading, which can be applied; the comparison of lenses has names of its own."""
    return any(one.name == name for one in READINGS)


def read_rig_as(rig: Rig, evidence: RigEvidence, names: Sequence[str]) -> Rig:
    """Return a rig whose cameras are read in some ways; those without evidence too.

    Args:
        rig: The cameras as stated.
        evidence: Views of them, by which readings estimate their numbers.
        names: Names of readings, in the order of application.

    Raises:
        ValueError: If a name is no reading's, a reading changes something else than cameras, or what it gives are none.
    """
    known = {one.name: one for one in READINGS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no reading is called {unknown[0]!r}")
    readings = tuple(known[name] for name in names)
    seen = all_as_stated(evidence.views)
    for stated, read in zip(seen, _applied(readings, seen), strict=True):
        other = next((what for name, what in _NOT_OF_CAMERAS.items() if _differ(stated, read, name)), None)
        if other is not None:
            raise ValueError(f"it is {other}, not the cameras, that must be read otherwise")
    with_views = {view.camera for view in seen}
    rest = [as_stated(ViewEvidence(camera=raw)) for raw in raw_from_rig(rig).cameras if raw.name not in with_views]
    before = (*seen, *rest)
    after = _applied(readings, before)
    found = {read.camera: (stated, read) for stated, read in zip(before, after, strict=True)}
    return Rig({name: _camera(*found[name]) for name in rig.cameras}, rig.unit, rig.source)


def _applied(readings: Sequence[Reading], views: Views) -> Views:
    for one in readings:
        changed = one.apply(views)
        if changed is None:
            raise ValueError(f"{one.name!r} cannot be said of all cameras")
        views = changed
    return views


def _differ(stated: Interpretation, read: Interpretation, name: str) -> bool:
    one, other = getattr(stated, name), getattr(read, name)
    if one is None or other is None:
        return one is not other
    return one is not other and not np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")


def _camera(stated: Interpretation, read: Interpretation) -> Camera:
    """Return the camera of the pictures.

    Raises:
        ValueError: If it is none.
    """
    if read.times > 1:
        raise ValueError("no camera has a lens that is applied twice")
    width, height = read.size if read.size != stated.size else read.picture_size or read.size
    lens = read.lens if read.times else NoDistortion()
    return Camera(read.K, width, height, lens, Pose(read.R, read.t), name=read.camera)
