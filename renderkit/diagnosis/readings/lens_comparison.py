"""A lens that all cameras lack or that is wrong in all of them, against a wrong size of all: by likelihood.

Over a subject in the middle of the picture both move points along the radius, one with its third power. Landmarks and
the outlines of mattes are fitted together, each view with a shift, a roll, a tilt and mattes too large or too small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.lens import LENS_MISSING, LENSES
from renderkit.diagnosis.readings.reading import Views
from renderkit.geometry.lens_model import NoDistortion

MIN_CAMERAS: Final = 4
MIN_LANDMARKS: Final = 12
MIN_OUTLINE: Final = 24
MIN_GAIN: Final = 20.0
"""By how much the log likelihood must rise before anything is said about a rig that fits."""

DECISIVE: Final = 8.0
"""Log likelihood by which a lens must be better than a wrong size, and one lens than another."""

ALONE: Final = 20.0
"""The same by landmarks, or by mattes, alone: nothing else speaks against a mesh of another shape."""

CONSISTENT: Final = 3.0
"""Standard errors within which landmarks and outlines must agree on k1."""

RADIAL: Final = "radial distortion off"
"""The lens of no reading: k1 of all cameras is off by an estimated amount."""

SIZE: Final = "size"
"""The subject, or the focal length of all cameras, has another size."""

_ROUNDS: Final = 3
_FLOOR_PX: Final = 0.03
_SAME_PX: Final = 0.01
_MAX_LAG: Final = 24
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
        return self.is_lens or (self.is_significant and LENS_MISSING in self.lenses)

    @property
    def is_lens(self) -> bool:
        """Whether that is the lens: no size explains it."""
        return self.is_significant and self.margin > self.needed


def compare_lenses(views: Views) -> LensComparison | None:
    """Compare the readings of the lens, a free k1 and a wrong size of all; None with too little evidence."""
    names, parts = _parts(tuple(seen for view in views if (seen := _Seen.of(view)) is not None))
    if len({part.camera for part in parts}) < MIN_CAMERAS:
        return None
    models = _models(names)
    best = _Model("", (SIZE, RADIAL, "k2"))
    system = _System.of(parts, names, [np.ones(len(part.target)) for part in parts])
    for _ in range(_ROUNDS):
        system = _System.of(parts, names, system.reweighted(best))
        best = min(models, key=system.cost)
    if not _agree(parts):
        # Then it is the shape of the mesh, which landmarks and outlines show in different places.
        return None
    return _concluded(system, models, none=not names and all(isinstance(view.lens, NoDistortion) for view in views))


def _agree(parts: Sequence[_Part]) -> bool:
    """Say whether landmarks and outlines need the same k1; True where one of them is missing."""
    found = []
    for kind in (0, 1):
        some = [one for part in parts if (one := part.only(kind)) is not None]
        if len({part.camera for part in some}) < MIN_CAMERAS:
            return True
        system = _System.of(some, (), [np.ones(len(part.target)) for part in some])
        for _ in range(_ROUNDS):
            system = _System.of(some, (), system.reweighted(_Model("", (RADIAL,))))
        found.append(system.solved(_Model("", (RADIAL,))))
    (a, a_error), (b, b_error) = found
    return abs(a - b) <= CONSISTENT * math.hypot(a_error, b_error)


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
class _Part:
    """One view's landmarks and outline, linearised about what is stated.

    Attributes:
        camera: Its name.
        target: (N,) found minus drawn: x and y of each landmark, then the outline along its normals; px.
        common: (N, 3) how it moves with a size, k1 and k2 that all cameras share.
        fields: (N, M) how it moves under each reading of the lens, px.
        own: (N, P) what each view has of its own: a shift, a roll, two tilts, mattes that are too large.
        num_landmarks: How many rows are of landmarks.
    """

    camera: str
    target: FloatArray
    common: FloatArray
    fields: FloatArray
    own: FloatArray
    num_landmarks: int

    def only(self, kind: int) -> _Part | None:
        """Return the landmarks (0) or the outline (1) alone; None where there are none."""
        rows = (slice(0, self.num_landmarks), slice(self.num_landmarks, None))[kind]
        if not len(self.target[rows]):
            return None
        return replace(
            self,
            target=self.target[rows],
            common=self.common[rows],
            fields=self.fields[rows, :0],
            own=self.own[rows, :5] if kind == 0 else self.own[rows],
            num_landmarks=self.num_landmarks if kind == 0 else 0,
        )

    def weights(self, residuals: FloatArray) -> FloatArray:
        """Return (N,) robust weights, 1 / px^2; the errors of an outline run along it and count once."""
        weights: FloatArray = np.zeros(len(residuals))
        for part in (slice(0, self.num_landmarks), slice(self.num_landmarks, None)):
            some = residuals[part]
            if len(some):
                noise = max(1.4826 * float(np.median(np.abs(some))), _FLOOR_PX)
                run = 1.0 if part.stop else _run_length(some / noise)
                weights[part] = 1.0 / (noise**2 * run * (1.0 + (some / (3.0 * noise)) ** 2))
        return weights


def _run_length(scaled: FloatArray) -> float:
    """Return how many neighbours along an outline count as one."""
    clipped = np.clip(scaled, -3.0, 3.0)
    power, length = float((clipped**2).mean()) + 1e-12, 1.0
    for lag in range(1, min(_MAX_LAG, len(clipped) // 2)):
        alike = float((clipped[lag:] * clipped[:-lag]).mean()) / power
        if alike <= 0.0:
            break
        length += 2.0 * alike
    return length


def _parts(seen: tuple[_Seen, ...]) -> tuple[tuple[str, ...], list[_Part]]:
    """Return the readings of the lens that change something, no two the same, and the views as linear models."""
    fields: dict[str, list[FloatArray]] = {}
    for reading in LENSES:
        changed = None if reading.num_estimated else reading.apply(tuple(one.view for one in seen))
        if changed is None:
            continue
        moved = [one.rows(one.drawn(view) - one.pixels) for one, view in zip(seen, changed, strict=True)]
        if all(np.isfinite(one).all() for one in moved) and not any(
            _is_same(moved, other) for other in ([np.zeros(len(one)) for one in moved], *fields.values())
        ):
            fields[reading.name] = moved
    return tuple(fields), [
        one.part(np.column_stack([np.zeros((one.num_rows, 0)), *(field[index] for field in fields.values())]))
        for index, one in enumerate(seen)
    ]


def _is_same(a: Sequence[FloatArray], b: Sequence[FloatArray]) -> bool:
    return all(float(np.abs(one - other).max()) < _SAME_PX for one, other in zip(a, b, strict=True))


@dataclass(frozen=True, eq=False)
class _Seen:
    """The points of a view that are compared: `count` landmarks, then samples of an outline with their normals."""

    view: Interpretation
    points: FloatArray
    count: int
    normals: FloatArray
    target: FloatArray
    pixels: FloatArray

    @classmethod
    def of(cls, view: Interpretation) -> _Seen | None:
        """Return what is compared in a view; None where that is too little."""
        predicted = view.project(view.points)
        known = np.isfinite(predicted).all(axis=1) & np.isfinite(view.pixels).all(axis=1)
        known &= known.sum() >= MIN_LANDMARKS
        points, normals, offsets = _outline(view)
        if not known.any() and not len(points):
            return None
        target = np.concatenate([(view.pixels[known] - predicted[known]).ravel(), offsets])
        both = np.concatenate([view.points[known], points])
        found = cls(view, both, int(known.sum()), normals, target, both[:, :2])
        return replace(found, pixels=found.drawn(view))

    @property
    def num_rows(self) -> int:
        """Numbers that are compared."""
        return len(self.target)

    def drawn(self, view: Interpretation) -> FloatArray:
        """Return (P, 2) px of the points, the outline's in the picture that the matte is of."""
        marks, edge = self.points[: self.count], self.points[self.count :]
        return np.concatenate([view.project(marks), view.project(edge, bent=view.matte_is_bent)])

    def rows(self, moved: FloatArray) -> FloatArray:
        """Return (N, ...) of (P, 2, ...) motions: both axes of landmarks, an outline's along its normals."""
        edge = np.einsum("ni,ni...->n...", self.normals, moved[self.count :])
        return np.concatenate([moved[: self.count].reshape(-1, *moved.shape[2:]), edge])

    def part(self, fields: FloatArray) -> _Part:
        """Return the linear model of this view."""
        offset = self.pixels - self.view.K[:2, 2]
        r2 = ((offset / np.diag(self.view.K)[:2]) ** 2).sum(axis=1, keepdims=True)
        common = np.stack([offset, offset * r2, offset * r2 * r2], axis=2)
        if not self.view.matte_is_bent:
            common[self.count :, :, 1:] = 0.0
        depth = self.points @ self.view.R[2]
        depth = (depth - depth.mean()) / max(float(depth.std()), 1e-12)
        own = np.zeros((len(offset), 2, 5))
        own[:, 0, 0] = own[:, 1, 1] = 1.0
        own[:, :, 2] = np.column_stack([-offset[:, 1], offset[:, 0]]) / max(float(np.abs(offset).max()), 1e-12)
        own[:, 0, 3] = own[:, 1, 4] = depth
        grown = np.r_[np.zeros(2 * self.count), np.ones(len(self.normals))][:, None]
        columns = [self.rows(own), grown] if len(self.normals) else [self.rows(own)]
        return _Part(self.view.camera, self.target, self.rows(common), fields, np.hstack(columns), 2 * self.count)


def _outline(view: Interpretation) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (N, 3) points, (N, 2) normals and (N,) offsets; none where the mesh was moved before it was drawn."""
    nothing = np.zeros((0, 3)), np.zeros((0, 2)), np.zeros(0)
    if view.outline is None or view.outline.mesh_motion.any():
        return nothing
    drawn = view.project(view.outline.points_world, bent=view.matte_is_bent)
    known = np.isfinite(view.outline.offsets_px) & np.isfinite(drawn).all(axis=1)
    if known.sum() < MIN_OUTLINE:
        return nothing
    return view.outline.points_world[known], view.outline.normals[known], view.outline.offsets_px[known]


@dataclass(frozen=True, eq=False)
class _System:
    """Weighted products of targets, common numbers and readings, each view's own numbers solved for.

    Attributes:
        parts: The views.
        names: The readings.
        columns: For each view its weighted (N, 1 + 3 + M) columns without what its own numbers explain.
        roots: For each view (N,) square roots of its weights.
        product: (1 + 3 + M,) * 2 sum of products.
        penalty: Cost of an estimated number.
    """

    parts: Sequence[_Part]
    names: tuple[str, ...]
    columns: Sequence[FloatArray]
    roots: Sequence[FloatArray]
    product: FloatArray
    penalty: float

    @classmethod
    def of(cls, parts: Sequence[_Part], names: tuple[str, ...], weights: Sequence[FloatArray]) -> _System:
        """Weigh the views."""
        roots = [np.sqrt(one) for one in weights]
        columns = [_without_own(part, root) for part, root in zip(parts, roots, strict=True)]
        product = np.sum([one.T @ one for one in columns], axis=0)
        count = sum(len(part.target) for part in parts)
        return cls(parts, names, columns, roots, product, math.log(count))

    @property
    def has_both(self) -> bool:
        """Whether there are landmarks and outlines."""
        kinds = {kind for part in self.parts for kind in (0, 1) if part.only(kind) is not None}
        return len(kinds) == 2

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

    def reweighted(self, model: _Model) -> list[FloatArray]:
        """Return the weights from the residuals of a model."""
        y, free = self._chosen(model)
        gram = free.T @ self.product @ free
        values = np.linalg.solve(gram, free.T @ self.product @ y) if free.shape[1] else np.zeros(0)
        left = y - free @ values
        return [
            part.weights(one @ left / root)
            for part, one, root in zip(self.parts, self.columns, self.roots, strict=True)
        ]

    @cached_property
    def inflation(self) -> float:
        """By how much errors that cameras have of their own enlarge the variances: from the cameras' scatter."""
        y, free = self._chosen(_Model("", (SIZE, RADIAL)))
        gram = free.T @ self.product @ free
        left = y - free @ np.linalg.solve(gram, free.T @ self.product @ y)
        scores: dict[str, FloatArray] = {}
        for part, one in zip(self.parts, self.columns, strict=True):
            scores[part.camera] = scores.get(part.camera, 0.0) + (one @ free).T @ (one @ left)
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


def _without_own(part: _Part, root: FloatArray) -> FloatArray:
    columns = np.column_stack([part.target, part.common, part.fields]) * root[:, None]
    own, _ = np.linalg.qr(part.own * root[:, None])
    result: FloatArray = columns - own @ (own.T @ columns)
    return result
