"""The search over readings and pairs of readings, and what may be concluded from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.diagnosis.readings.absolute import CLOSE_OUTLINE, MIN_IOU, convinces, fits
from renderkit.diagnosis.readings.agreement import TIE, Agreement, agreement
from renderkit.diagnosis.readings.coarse import coarse
from renderkit.diagnosis.readings.common_shift import HALF_PIXEL, leaves_no_shift
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.noise import DETECTOR_PX, leaves_noise, leaves_structure
from renderkit.diagnosis.readings.reading import Reading, Views, applied
from renderkit.diagnosis.readings.registry import READINGS, pairs, pairs_with

CLEAR_GAIN: Final = 20.0
"""By how much the log likelihood must rise before a rig that fits as stated is said to be misread."""

MIN_BETTER_SHARE: Final = 0.75
"""Share of the views that a reading must make better: it is a fault of the rig, not of a few cameras."""

MIN_IMPROVEMENT: Final = 0.85
"""Of a rig that fits already, a reading must leave at most this share of the median residual."""

MAX_LEFT: Final = 0.4
"""Lenses, and estimated sizes and shifts, may leave at most this share of the landmarks' residual, unless what they
leave is noise: they bring landmarks nearer whatever the fault is."""

MAX_OUTLINE_SHARE: Final = 0.7
"""Of a rig that fits already, a reading of the mattes must leave at most this share of the outlines' distance."""

_BEAM = 6
_MAX_OWNERS = 16
_QUICK_VIEWS = 4
_QUICK_VERTICES = 400
_QUICK_SIDE = 64
_KEPT = 30


@dataclass(frozen=True, eq=False)
class Candidate:
    """One combination of readings and how well the rig fits under it.

    Attributes:
        readings: In the order of application; () is the rig as stated.
        found: The agreement.
        score: Log likelihood less half a logarithm of the number of views' evidence for each estimated number.
        better_share: Share of the views that agree better than as stated, of those in which anything changes.
    """

    readings: tuple[Reading, ...]
    found: Agreement
    score: float
    better_share: float

    @property
    def names(self) -> tuple[str, ...]:
        """The readings' names."""
        return tuple(one.name for one in self.readings)

    @property
    def num_estimated(self) -> int:
        """How many numbers the readings estimate."""
        return sum(one.num_estimated for one in self.readings)


@dataclass(frozen=True, eq=False)
class Search:
    """What the search found.

    Attributes:
        stated: The rig as stated.
        best: The best combination that may be accepted, else the best of all.
        accepted: Whether it may.
        tied: Others that fit as well, with as few estimated numbers.
        runner_up: The best of the rest, or None.
        num_tried: How many combinations were tried.
        off_middle: Others that fit as well, but put the principal points off the middle of the pictures.
        same: Others under which every landmark lies where it does under `best`: other words for the same numbers.
    """

    stated: Candidate
    best: Candidate
    accepted: bool
    tied: tuple[Candidate, ...]
    runner_up: Candidate | None
    num_tried: int
    off_middle: tuple[Candidate, ...] = ()
    same: tuple[Candidate, ...] = ()


def search(views: Views, narrow: Views) -> Search:
    """Search single readings, and pairs of them: all pairs if no single one fits well, else pairs with those that do.

    Args:
        views: What decides.
        narrow: A part of them, on which pairs are tried first.
    """
    found = agreement(views)
    stated = Candidate((), found, found.log_likelihood, 0.0)
    singles = _tried(views, stated, ((one,) for one in READINGS))
    first = _concluded(stated, stated, singles, views)
    if not first.accepted and fits(found) == "fits":
        return first
    fitting = [one for one in sorted(singles, key=lambda one: -one.score) if acceptable(one, stated, views)]
    # A single one that merely overlaps, or leaves each view shifted, may stand in for two, neither of which fits alone.
    is_found = bool(fitting) and convinces(fitting[0].found) and not _leaves_much(fitting[0], stated, views)
    both = pairs_with([one.readings[0] for one in fitting[:_BEAM]]) if is_found else pairs()
    best = _shortlisted(views, narrow, both)
    doubles = _tried(views, stated, best)
    doubles += _tried(views, stated, _like_the_best(doubles, fitting[_BEAM:]))
    count = len(READINGS) + len(both)
    chosen = _concluded(stated, first.best if first.accepted else stated, doubles, views)
    if not chosen.accepted and first.accepted:
        chosen = replace(first, tied=(*first.tied, *_rivals(first, doubles, views)))
    elif not chosen.accepted:
        chosen = _concluded(stated, stated, [*singles, *doubles], views)
    return replace(chosen, num_tried=count)


def _rivals(first: Search, doubles: Sequence[Candidate], views: Views) -> tuple[Candidate, ...]:
    """Return the best pairs without a single reading that fits: better than it, but not by far enough to replace it."""
    singles = [set(one.names) for one in (first.best, *first.tied)]
    others = [
        one
        for one in _distinct(doubles)
        if one.score - first.best.score > TIE
        and not any(names <= set(one.names) for names in singles)
        and acceptable(one, first.stated, views)
    ]
    return tuple(one for one in others if others[0].score - one.score < TIE)


def _leaves_much(one: Candidate, stated: Candidate, views: Views) -> bool:
    return fits(stated.found) != "fits" and leaves_structure(applied(one.readings, views))


def _like_the_best(doubles: Sequence[Candidate], fitting: Sequence[Candidate]) -> list[tuple[Reading, ...]]:
    """Return the best pair with one of its readings replaced by any other that fits by itself: it may fit as well."""
    if not doubles or not fitting:
        return []
    best = max(doubles, key=lambda one: one.score)
    tried = pairs_with([one.readings[0] for one in fitting])
    return [pair for pair in tried if any(one.name in best.names for one in pair)]


def _shortlisted(views: Views, narrow: Views, both: Sequence[tuple[Reading, ...]]) -> list[tuple[Reading, ...]]:
    """Return the pairs worth trying on all views."""
    owned = [pair for pair in both if any(one.slot == "owner" for one in pair)]
    others = [pair for pair in both if pair not in owned]
    best = _shortlist(_light(narrow[:: max(1, len(narrow) // _QUICK_VIEWS)]), others)
    best = _shortlist(narrow, best) if len(narrow) < len(views) else best
    # Whose picture it is shows only where the owner is among the views.
    return best + (_shortlist(_light(views), owned) if len(views) <= _MAX_OWNERS else [])


def _light(views: Views) -> Views:
    """Return the views with fewer vertices and pixels, for a first look."""
    return tuple(_light_view(view) for view in views)


def _light_view(view: Interpretation) -> Interpretation:
    vertices = view.vertices[:: max(1, len(view.vertices) // _QUICK_VERTICES)]
    if view.matte is None:
        return view
    height, width = view.matte.shape
    step = max(height, width) / min(_QUICK_SIDE, max(height, width))
    shape = max(1, round(height / step)), max(1, round(width / step))
    scale = view.matte_from_px * (shape[1] / width, shape[0] / height)
    return view.but(vertices=vertices, matte=coarse(view.matte, shape), matte_from_px=scale)


def _shortlist(views: Views, combinations: Sequence[tuple[Reading, ...]]) -> list[tuple[Reading, ...]]:
    stated = agreement(views)
    tried = _tried(views, Candidate((), stated, stated.log_likelihood, 0.0), combinations)
    ranked = sorted(tried, key=lambda one: -one.score)
    # Numbers that are estimated bring something nearer in every pair: those without are ranked by themselves.
    exact = [one for one in ranked if not one.num_estimated][: _KEPT // 2]
    return [one.readings for one in (exact + [one for one in ranked if one not in exact])[:_KEPT]]


def _tried(views: Views, stated: Candidate, combinations: Iterable[tuple[Reading, ...]]) -> list[Candidate]:
    """Return every combination that applies."""
    found = (candidate_of(readings, stated, views) for readings in combinations)
    return [one for one in found if one is not None]


def candidate_of(readings: tuple[Reading, ...], stated: Candidate, views: Views) -> Candidate | None:
    """Return a combination of readings with its agreement; None where one of them does not apply."""
    changed: Views | None = views
    for one in readings:
        changed = None if changed is None else one.apply(changed)
    return None if changed is None else _measured(changed, stated, readings)


def _measured(changed: Views, stated: Candidate, readings: tuple[Reading, ...]) -> Candidate:
    found = agreement(changed)
    count = sum(one.num_estimated for one in readings)
    score = found.log_likelihood - cost_of(count, len(changed))
    return Candidate(readings, found, score, _better_share(found, stated.found))


def cost_of(num_estimated: int, num_views: int) -> float:
    """Return by what a log likelihood is lowered for numbers that were estimated from views."""
    return 0.5 * num_estimated * float(np.log(max(8.0 * num_views, 2.0)))


def _better_share(found: Agreement, stated: Agreement) -> float:
    """Return the share of views that agree better than as stated, of those in which anything changes."""
    changed = found.likelihoods != stated.likelihoods
    return float((found.likelihoods > stated.likelihoods)[changed].mean()) if changed.any() else 0.0


def acceptable(one: Candidate, stated: Candidate, views: Views) -> bool:
    """Say whether a combination may be accepted: it fits in absolute terms, and is better by far and in most views.

    Args:
        one: The combination.
        stated: What it would replace.
        views: As stated.
    """
    if fits(one.found) != "fits" or one.better_share < MIN_BETTER_SHARE:
        return False
    if one.score - stated.score < CLEAR_GAIN or not _is_proved(one):
        return False
    if _is_stretched(one, stated, views):
        return False
    if _has_half_pixel(one) and not leaves_no_shift(applied(one.readings, views)):
        return False
    if fits(stated.found) != "fits":
        return True
    # A rig without landmarks compares NaN, which is never better.
    better = one.found.median_relative <= MIN_IMPROVEMENT * stated.found.median_relative
    return better or _mattes_improve(one, stated)


def _has_half_pixel(one: Candidate) -> bool:
    """Say whether half a pixel is among the readings: it brings any larger shift nearer."""
    return any(reading.name.startswith(HALF_PIXEL) for reading in one.readings)


def _is_stretched(one: Candidate, stated: Candidate, views: Views) -> bool:
    """Say whether lenses, estimated sizes and shifts bring landmarks nearer without bringing them to where they are."""
    is_loose = any(reading.num_estimated or reading.slot == "lens" for reading in one.readings)
    is_noise = one.found.median_detected_px <= DETECTOR_PX
    # A rig without landmarks compares NaN, which is never more.
    is_far = one.found.median_relative > MAX_LEFT * stated.found.median_relative and not is_noise
    return is_loose and is_far and not leaves_noise(applied(one.readings, views))


def _is_proved(one: Candidate) -> bool:
    """Say whether what fits is more than a drawing somewhere inside of mattes, or one that was stretched to them."""
    by_landmarks = not np.isnan(one.found.median_relative)
    return by_landmarks or (one.found.median_iou >= MIN_IOU and (not one.num_estimated or convinces(one.found)))


def _mattes_improve(one: Candidate, stated: Candidate) -> bool:
    """Say whether outlines fit clearly better, however much mattes are grown or shrunk, and no landmarks worse."""
    worse = one.found.median_relative > stated.found.median_relative * 1.02
    return (
        not worse
        and one.found.median_outline_share <= CLOSE_OUTLINE
        and one.found.median_dilation_px <= MAX_OUTLINE_SHARE * stated.found.median_dilation_px
    )


def _concluded(stated: Candidate, reference: Candidate, candidates: Sequence[Candidate], views: Views) -> Search:
    """Choose among candidates those that may be accepted in place of `reference`."""
    count = len(READINGS)
    ranked = _distinct(candidates)
    allowed = [one for one in ranked if acceptable(one, reference, views)]
    if not allowed:
        best = max([stated, *ranked], key=lambda one: one.score)
        rest = [one for one in ranked if one is not best]
        return Search(stated, best, False, (), rest[0] if rest else None, count)
    near = [one for one in allowed if allowed[0].score - one.score < TIE]
    fewest = min((len(one.readings), one.num_estimated) for one in near)
    simplest = [one for one in near if (len(one.readings), one.num_estimated) == fewest]
    near_names = {frozenset(one.names) for one in near}
    rest = [one for one in [reference, stated, *ranked] if frozenset(one.names) not in near_names]
    return Search(stated, simplest[0], True, tuple(simplest[1:]), max(rest, key=lambda one: one.score), count)


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates, best first, each set of readings once whatever their order."""
    kept: dict[frozenset[str], Candidate] = {}
    for one in sorted(candidates, key=lambda one: -one.score):
        kept.setdefault(frozenset(one.names), one)
    return list(kept.values())
