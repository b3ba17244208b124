"""A lens that all cameras lack or that is wrong in all of them, against a wrong size of all: by likelihood.

Over a subject in the middle of the picture both move points along the radius, one with its third power. Landmarks and
the outlines of mattes are fitted together, each view with a shift, a roll, a tilt and mattes too large or too small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.lens import LENS_MISSING
from renderkit.diagnosis.readings.lens_parts import LensPart, LensParts, lens_parts
from renderkit.diagnosis.readings.reading import Views
from renderkit.geometry.lens_model import NoDistortion

MIN_CAMERAS: Final = 4
MIN_GAIN: Final = 20.0
"""By how much the log likelihood must rise before anything is said about a rig that fits."""

DECISIVE: Final = 8.0
"""Log likelihood by which a lens must be better than a wrong size, and one lens than another."""

ALONE: Final = 20.0
"""The same by landmarks alone: nothing else speaks against a mesh of another shape."""

CONSISTENT: Final = 3.0
"""Standard errors within which landmarks and outlines must agree on k1 ..."""

ALIKE: Final = 0.15
"""... and the share of it that is added to them: neither is quite linear in k1."""

RADIAL: Final = "radial distortion off"
"""The lens of no reading: k1 of all cameras is off by an estimated amount."""

SIZE: Final = "size"
"""The subject, or the focal length of all cameras, has another size."""

_ROUNDS: Final = 3
_NUM_FREE: Final = 3
_COLUMNS: Final = {SIZE: 0, RADIAL: 1, "k2": 2}


@dataclass(frozen=True)
class LensComparison:
    """What explains radial residuals that all cameras share.

    Attributes:
        lenses: Names of the lenses that explain them alike, the best first; `RADIAL` or `LENS_MISSING` has `k1`.
        gain: By how much the log likelihood rises under the best explanation.
        margin: By how much the best lens is better than a size alone; negative where the size is better.
        k1: What would have to be added to k1 were that the fault, and
        k1_error: its standard error.
        size: By how much the drawn subject would have to grow were that the fault.
        size_error: Its standard error.
        needed: The margin from which on it is the lens.
    """

    lenses: tuple[str, ...]
    gain: float
    margin: float
    k1: float
    k1_error: float
    size: float
    size_error: float
    needed: float = DECISIVE

    @property
    def note(self) -> str:
        """What a lens that the files do not have, or a size, would be, for people."""
        words = (
            f"residuals point along the radius in all cameras: a change of k1 by {self.k1:+.3f} +/- "
            f"{self.k1_error:.3f} fits them, or one of the subject's size, or of all focal lengths, by "
            f"{100 * self.size:+.2f} +/- {100 * self.size_error:.2f} %"
        )
        if self.is_lens:
            return f"{words}, which is less likely: its log likelihood is lower by {self.margin:.0f}"
        return f"{words}; their log likelihoods differ by {self.margin:.1f}, and {self.needed:.0f} would be needed"

    @property
    def is_significant(self) -> bool:
        """Whether all cameras share something radial."""
        return self.gain > MIN_GAIN

    @property
    def is_worth_saying(self) -> bool:
        """Whether it is a lens, or may be one that the files do not have: a size is for the mesh's own test."""
        is_open = self.is_significant and self.margin >= -self.needed
        return self.is_lens or (is_open and LENS_MISSING in self.lenses)

    @property
    def is_size(self) -> bool:
        """Whether a wrong size of the subject, or of all focal lengths, explains it as well as any lens, or better."""
        return self.is_significant and self.margin < DECISIVE

    @property
    def is_lens(self) -> bool:
        """Whether that is the lens: no size explains it."""
        return self.is_significant and self.margin > self.needed


def compare_lenses(views: Views) -> LensComparison | None:
    """Compare the readings of the lens, a free k1 and a wrong size of all; None where nothing radial is left in all."""
    _, stated = lens_parts(views, ())
    if len({part.camera for part in stated if part.num_landmarks}) < MIN_CAMERAS:
        # By outlines alone a mesh that is not exact looks like a lens.
        return None
    if not _is_radial(stated):
        return None
    names, parts = lens_parts(views)
    models = _models(names)
    system = _weighted(parts, names, models)
    if not _agree(parts):
        # Then it is the shape of the mesh, which landmarks and outlines show in different places.
        return None
    return _concluded(system, models, none=not names and all(isinstance(view.lens, NoDistortion) for view in views))


def _is_radial(parts: Sequence[LensPart]) -> bool:
    """Whether a size or a lens of all cameras explains anything: trying every reading takes longer than all else."""
    models = _models(())
    system = _weighted(parts, (), models)
    return system.cost(_Model("", ())) - min(map(system.cost, models)) > 2.0 * MIN_GAIN


def _weighted(parts: Sequence[LensPart], names: tuple[str, ...], models: Sequence[_Model]) -> _System:
    """Return the views weighted by the residuals of the best model."""
    best = _Model("", (SIZE, RADIAL, "k2"))
    system = _System.unweighted(parts, names)
    for _ in range(_ROUNDS):
        system = system.reweighted(best)
        best = min(models, key=system.cost)
    return system


def _agree(parts: Sequence[LensPart]) -> bool:
    """Say whether landmarks and outlines need the same k1; True where one of them is missing."""
    found = []
    for kind in (0, 1):
        some = [one for part in parts if (one := part.only(kind)) is not None]
        if len({part.camera for part in some}) < MIN_CAMERAS:
            return True
        system = _System.unweighted(some, ())
        for _ in range(_ROUNDS):
            system = system.reweighted(_Model("", (RADIAL,)))
        found.append(system.solved(_Model("", (RADIAL,))))
    (a, a_error), (b, b_error) = found
    return abs(a - b) <= CONSISTENT * math.hypot(a_error, b_error) + ALIKE * max(abs(a), abs(b))


def _concluded(system: _System, models: Sequence[_Model], *, none: bool) -> LensComparison:
    costs = {model: system.cost(model) for model in models}
    stated, size_alone = costs[_Model("", ())], costs[_Model("", (SIZE,))]
    lenses: dict[str, float] = {}
    for model, cost in costs.items():
        if model.lens and (SIZE not in model.free):
            lenses[model.lens] = min(cost, lenses.get(model.lens, np.inf))
    ranked = sorted(lenses, key=lambda name: lenses[name])
    least = lenses[ranked[0]]
    near = tuple(name for name in ranked if lenses[name] - least < 2.0 * DECISIVE)
    # A reading without a number that fits as well as a free k1 is simpler.
    named = tuple(name for name in near if name != RADIAL or name == ranked[0])
    beside = min(cost for model, cost in costs.items() if model.lens and SIZE in model.free)
    margin = 0.5 * (min(stated, size_alone) - least)
    if least - beside > 2.0 * DECISIVE:
        # Neither alone: what is left may be the shape of the mesh.
        margin = min(margin, 0.0)
    k1, k1_error = system.solved(_Model("", (RADIAL,)))
    size, size_error = system.solved(_Model("", (SIZE,)))
    return LensComparison(
        lenses=(LENS_MISSING,) if none else named,
        gain=0.5 * (stated - min(costs.values())),
        margin=margin,
        k1=k1,
        k1_error=k1_error,
        size=size,
        size_error=size_error,
        needed=DECISIVE if system.has_both else ALONE,
    )


@dataclass(frozen=True)
class _Model:
    """A reading of the lens, "" for the stated one, and the names of the numbers that are estimated."""

    reading: str
    free: tuple[str, ...]

    @property
    def lens(self) -> str:
        """The name of the lens that differs from the stated one, or ""."""
        return self.reading or (RADIAL if RADIAL in self.free else "")


def _models(names: Sequence[str]) -> tuple[_Model, ...]:
    free = ((), (SIZE,), (RADIAL,), (RADIAL, "k2"), (SIZE, RADIAL))
    return (*(_Model("", one) for one in free), *(_Model(name, one) for name in names for one in ((), (SIZE,))))


@dataclass(frozen=True, eq=False)
class _System:
    """Weighted products of targets, common numbers and readings, each view's own numbers solved for.

    Attributes:
        parts: The views.
        names: The readings.
        columns: (V, N, 1 + 3 + M) their weighted columns without what each view's own numbers explain.
        roots: (V, N) square roots of the weights.
        product: (1 + 3 + M,) * 2 sum of products.
        penalty: Cost of an estimated number.
    """

    parts: LensParts
    names: tuple[str, ...]
    columns: FloatArray
    roots: FloatArray
    product: FloatArray
    penalty: float

    @classmethod
    def unweighted(cls, parts: Sequence[LensPart], names: tuple[str, ...]) -> _System:
        """Weigh all rows of the views alike."""
        stacked = LensParts.of(parts)
        return cls.of(stacked, names, stacked.known.astype(np.float64))

    @classmethod
    def of(cls, parts: LensParts, names: tuple[str, ...], weights: FloatArray) -> _System:
        """Weigh the views by (V, N) weights."""
        roots = np.sqrt(weights)
        columns = parts.without_own(roots)
        flat = columns.reshape(-1, columns.shape[2])
        return cls(parts, names, columns, roots, flat.T @ flat, math.log(np.count_nonzero(parts.known)))

    @property
    def has_both(self) -> bool:
        """Whether there are landmarks and outlines."""
        known, marks = self.parts.known, self.parts.num_landmarks
        return bool(known[:, :marks].any() and known[:, marks:].any())

    def cost(self, model: _Model) -> float:
        """Return the weighted sum of squares, with a penalty for each number that is estimated."""
        y, free = self._chosen(model)
        gram = free.T @ self.product @ free
        right = free.T @ self.product @ y
        explained = right @ np.linalg.solve(gram, right) if free.shape[1] else 0.0
        left = float(y @ self.product @ y) - float(explained)
        return left / self.inflation + self.penalty * len(model.free)

    def solved(self, model: _Model) -> tuple[float, float]:
        """Return the first estimated number and its standard error."""
        y, free = self._chosen(model)
        gram = free.T @ self.product @ free
        values = np.linalg.solve(gram, free.T @ self.product @ y)
        return float(values[0]), math.sqrt(float(np.linalg.inv(gram)[0, 0]) * self.inflation)

    def reweighted(self, model: _Model) -> _System:
        """Return the views weighted by the residuals of a model."""
        y, free = self._chosen(model)
        gram = free.T @ self.product @ free
        values = np.linalg.solve(gram, free.T @ self.product @ y) if free.shape[1] else np.zeros(0)
        residuals = self.columns @ (y - free @ values) / np.where(self.parts.known, self.roots, 1.0)
        return _System.of(self.parts, self.names, self.parts.weights(residuals))

    @cached_property
    def inflation(self) -> float:
        """By how much errors that cameras have of their own enlarge the variances: from the cameras' scatter."""
        y, free = self._chosen(_Model("", (SIZE, RADIAL)))
        gram = free.T @ self.product @ free
        left = y - free @ np.linalg.solve(gram, free.T @ self.product @ y)
        scores: dict[str, FloatArray] = {}
        each = (self.columns @ left)[:, None] @ self.columns @ free
        for camera, score in zip(self.parts.cameras, each[:, 0], strict=True):
            scores[camera] = scores.get(camera, 0.0) + score
        outer = np.sum([np.outer(one, one) for one in scores.values()], axis=0) * len(scores) / (len(scores) - 2)
        return max(1.0, float(np.trace(np.linalg.solve(gram, outer))) / 2.0)

    def _chosen(self, model: _Model) -> tuple[FloatArray, FloatArray]:
        """Return which columns make up the target, and those of the numbers that are estimated."""
        width = 1 + _NUM_FREE + len(self.names)
        y, free = np.zeros(width), np.zeros((width, len(model.free)))
        y[0] = 1.0
        if model.reading:
            y[1 + _NUM_FREE + self.names.index(model.reading)] = -1.0
        for place, name in enumerate(model.free):
            free[1 + _COLUMNS[name], place] = 1.0
        return y, free
