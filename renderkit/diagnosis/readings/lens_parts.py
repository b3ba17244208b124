"""What views say about a lens that all cameras share: landmarks and outlines as linear models of common errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Pixels
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.lens import LENSES
from renderkit.diagnosis.readings.reading import Reading, Views
from renderkit.diagnosis.row_quantiles import row_quantiles

MIN_LANDMARKS: Final = 12
MIN_OUTLINE: Final = 24

_FLOOR_PX: Final = 0.03
_SAME_PX: Final = 0.01
_MAX_LAG: Final = 24
_NUM_OWN: Final = 6


@dataclass(frozen=True, eq=False)
class LensPart:
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

    def only(self, kind: int) -> LensPart | None:
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


@dataclass(frozen=True, eq=False)
class LensParts:
    """V views on one grid: first all rows of landmarks, then all of outlines; rows that a view has not are zero.

    Attributes:
        cameras: (V,) their names.
        columns: (V, N, 1 + 3 + M) target, common motions and fields of each.
        own: (V, N, 6) what each view has of its own.
        known: (V, N) which rows a view has.
        num_landmarks: How many rows are of landmarks.
    """

    cameras: tuple[str, ...]
    columns: FloatArray
    own: FloatArray
    known: BoolArray
    num_landmarks: int

    @classmethod
    def of(cls, parts: Sequence[LensPart]) -> LensParts:
        """Put views on a grid."""
        most = max(part.num_landmarks for part in parts)
        rows = most + max(len(part.target) - part.num_landmarks for part in parts)
        width = 1 + parts[0].common.shape[1] + parts[0].fields.shape[1]
        columns, own = np.zeros((len(parts), rows, width)), np.zeros((len(parts), rows, _NUM_OWN))
        known = np.zeros((len(parts), rows), np.bool_)
        for index, part in enumerate(parts):
            given = np.column_stack([part.target, part.common, part.fields])
            marks, edge = slice(0, part.num_landmarks), slice(part.num_landmarks, None)
            for block, at in ((marks, marks), (edge, slice(most, most + len(given) - part.num_landmarks))):
                columns[index, at], own[index, at, : part.own.shape[1]] = given[block], part.own[block]
                known[index, at] = True
        return cls(tuple(part.camera for part in parts), columns, own, known, most)

    def without_own(self, roots: FloatArray) -> FloatArray:
        """Return the columns, times (V, N) roots of weights, without what each view's own numbers explain."""
        columns, own = self.columns * roots[..., None], self.own * roots[..., None]
        across = own.swapaxes(1, 2)
        gram = across @ own
        # Numbers that a view has not: views without an outline have no mattes that are too large.
        gram += np.eye(_NUM_OWN) * (np.diagonal(gram, axis1=1, axis2=2) == 0.0)[:, :, None]
        result: FloatArray = columns - own @ np.linalg.solve(gram, across @ columns)
        return result

    def weights(self, residuals: FloatArray) -> FloatArray:
        """Return (V, N) robust weights, 1 / px^2; the errors of an outline run along it and count once."""
        weights = np.zeros(residuals.shape)
        for edge, part in enumerate((slice(0, self.num_landmarks), slice(self.num_landmarks, None))):
            known = self.known[:, part]
            some = residuals[:, part] * known
            noise = np.maximum(1.4826 * row_quantiles(np.abs(some), known, 0.5), _FLOOR_PX)[:, None]
            run = _run_lengths(some / noise, known)[:, None] if edge else 1.0
            weights[:, part] = known / (noise**2 * run * (1.0 + (some / (3.0 * noise)) ** 2))
        return weights


def _run_lengths(scaled: FloatArray, known: BoolArray) -> FloatArray:
    """Return (V,) how many neighbours along each outline count as one; unknown samples are last, and zero."""
    clipped, counts = np.clip(scaled, -3.0, 3.0), known.sum(axis=1)
    power, lengths = (clipped**2).sum(axis=1) / np.maximum(counts, 1) + 1e-12, np.ones(len(scaled))
    last = np.minimum(_MAX_LAG, counts // 2)
    goes_on = last > 1
    for lag in range(1, _MAX_LAG):
        goes_on &= lag < last
        if not goes_on.any():
            break
        alike = (clipped[:, lag:] * clipped[:, :-lag]).sum(axis=1) / np.maximum(counts - lag, 1) / power
        goes_on &= alike > 0.0
        lengths += np.where(goes_on, 2.0 * alike, 0.0)
    return lengths


def lens_parts(views: Views, readings: Sequence[Reading] = LENSES) -> tuple[tuple[str, ...], list[LensPart]]:
    """Return the readings of the lens that change something, no two the same, and the views as linear models."""
    seen = tuple(found for view in views if (found := _Seen.of(view)) is not None)
    fields: dict[str, list[FloatArray]] = {}
    for reading in readings:
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
        predicted = view.predicted
        known = _is_near(view, predicted) & np.isfinite(view.pixels).all(axis=1)
        known &= known.sum() >= MIN_LANDMARKS
        points, normals, offsets, drawn = _outline(view)
        if not known.any() and not len(points):
            return None
        target = np.concatenate([(view.pixels[known] - predicted[known]).ravel(), offsets])
        both, pixels = np.concatenate([view.points[known], points]), np.concatenate([predicted[known], drawn])
        return cls(view, both, int(known.sum()), normals, target, pixels)

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

    def part(self, fields: FloatArray) -> LensPart:
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
        return LensPart(self.view.camera, self.target, self.rows(common), fields, np.hstack(columns), 2 * self.count)


def _is_near(view: Interpretation, pixels: Pixels) -> BoolArray:
    """Return (N,) whether points lie in the picture or beside it: far out a lens says nothing, or overflows."""
    size = np.array(view.size)
    return np.asarray(((pixels > -size) & (pixels < 2 * size)).all(axis=1))


def _outline(view: Interpretation) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return (N, 3) points, (N, 2) normals, (N,) offsets and (N, 2) px; none where the mesh was moved before."""
    nothing = np.zeros((0, 3)), np.zeros((0, 2)), np.zeros(0), np.zeros((0, 2))
    if view.outline is None or view.outline.mesh_motion.any():
        return nothing
    drawn = view.project(view.outline.points_world, bent=view.matte_is_bent)
    known = np.isfinite(view.outline.offsets_px) & _is_near(view, drawn)
    if known.sum() < MIN_OUTLINE:
        return nothing
    outline = view.outline
    return outline.points_world[known], outline.normals[known], outline.offsets_px[known], drawn[known]
