"""Is a whole rig read as it was meant? The entry to the rig-wide readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.diagnosis.convergence import READINGS as POSE_READINGS
from renderkit.diagnosis.convergence import read_every_way
from renderkit.diagnosis.readings.absolute import FitAnswer, fits, rig_fit
from renderkit.diagnosis.readings.agreement import TIE, agreement
from renderkit.diagnosis.readings.common_shift import half_pixel
from renderkit.diagnosis.readings.extrinsics import MESH_SHIFTED
from renderkit.diagnosis.readings.interpretation import all_as_stated
from renderkit.diagnosis.readings.lens_comparison import LensComparison, compare_lenses
from renderkit.diagnosis.readings.reading import Reading, Views, applied
from renderkit.diagnosis.readings.registry import READINGS
from renderkit.diagnosis.readings.result import RigReading, Verdict
from renderkit.diagnosis.readings.search import Candidate, Search, candidate_of, search
from renderkit.diagnosis.readings.sentences import sentence_of, sentence_of_lens, sentence_without_evidence
from renderkit.diagnosis.readings.ties import settled
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence

MAX_VIEWS: Final = 64
"""Readings are tried on at most this many views."""

NARROW_VIEWS: Final = 12
"""Pairs are first tried on this many views."""

_UNREAD: Final[Mapping[FitAnswer, Verdict]] = {
    "fits": "fits",
    "does not fit": "no reading fits",
    "cannot tell": "cannot tell",
}


def read_rig_wide(evidence: RigEvidence) -> RigReading:
    """Find out whether all cameras of a rig, or all that was measured in its pictures, are misread alike.

    Every reading (extrinsics inverted, OpenGL axes, mm for m, K of another size, distortion order, normalised
    landmarks, inverted mattes ...) is tried on the landmarks and mattes; pairs of them where no single one fits. A
    reading is accepted only if the rig then fits in absolute terms, in most views, and better than any other; a rig
    that fits as stated is called misread only where a reading makes it better by far.

    Args:
        evidence: Views of the rig; one view of every camera is enough, several frames are better.

    Returns:
        The verdict, with what was read, the fit before and after, the margin and a sentence.
    """
    views = _stated(evidence)
    if not views:
        return _without_evidence(evidence)
    narrow = views[:: max(1, len(views) // NARROW_VIEWS)] if len(views) > 2 * NARROW_VIEWS else views
    found = settled(search(views, narrow), views)
    found = _refined(views, _or_mesh_shifted(_unless_size(found, views), views))
    lens = _lens(found, views)
    return _concluded(found, len(evidence.cameras), lens, _half_pixel_beside(found, lens, views))


def log_likelihood_of(evidence: RigEvidence) -> float:
    """Return the log likelihood of a rig as its cameras are written, by the views that readings are tried on."""
    return agreement(_stated(evidence)).log_likelihood


def _stated(evidence: RigEvidence) -> Views:
    usable = tuple(view for view in evidence.views if view.has_landmarks or view.has_matte)
    return all_as_stated(_chosen(usable, MAX_VIEWS)) if usable else ()


def _unless_size(found: Search, views: Views) -> Search:
    """Take back a lens that fits a rig better which fits as stated, where a wrong size of all does so as well."""
    is_lens = found.accepted and all(one.slot == "lens" for one in found.best.readings)
    if not is_lens or fits(found.stated.found) != "fits":
        return found
    lens = compare_lenses(views)
    if lens is None or not lens.is_size:
        return found
    return Search(found.stated, found.stated, False, (), found.best, found.num_tried)


def _or_mesh_shifted(found: Search, views: Views) -> Search:
    """Name a shift of the mesh beside a crop of all pictures where it fits as well: around a ring both look alike."""
    if not found.accepted or not any(one.slot == "crop" for one in found.best.readings):
        return found
    shift = next(one for one in READINGS if one.name == MESH_SHIFTED)
    readings = (*(one for one in found.best.readings if one.slot not in {"crop", "world"}), shift)
    other = candidate_of(readings, found.stated, views)
    is_known = other is None or any(set(other.names) == set(one.names) for one in (found.best, *found.tied))
    if other is None or is_known or other.score < found.best.score - TIE:
        return found
    return replace(found, tied=(*found.tied, other))


def _lens(found: Search, views: Views) -> LensComparison | None:
    """Return what is radial in all residuals that are left, if there is and if something is to be said about it."""
    if not _fits(found) or (found.accepted and any(one.slot == "lens" for one in found.best.readings)):
        return None
    if found.accepted:
        # Outlines were measured against the rig as stated.
        views = tuple(view.but(outline=None) for view in applied(found.best.readings, views))
    lens = compare_lenses(views)
    return lens if lens is not None and lens.is_worth_saying else None


def _half_pixel_beside(found: Search, lens: LensComparison | None, views: Views) -> Reading | None:
    """Return the half pixel that landmarks ask for once the lens is read as they ask for: before, it does not show."""
    if found.accepted or lens is None or not lens.is_lens:
        return None
    first = next((one for one in READINGS if one.name == lens.lenses[0]), None)
    if first is None:
        return None
    read = applied((first,), views)
    name = half_pixel(read)
    beside = next((one for one in READINGS if one.name == name), None)
    if beside is None or agreement(applied((beside,), read)).median_px > agreement(read).median_px:
        return None
    return beside


def _fits(found: Search) -> bool:
    return found.accepted or fits(found.stated.found) == "fits"


def _chosen(views: tuple[ViewEvidence, ...], limit: int) -> tuple[ViewEvidence, ...]:
    """Return at most `limit` views, all cameras before second frames."""
    rounds: dict[str, int] = {}
    order = []
    for view in views:
        rounds[view.camera.name] = rounds.get(view.camera.name, -1) + 1
        order.append(rounds[view.camera.name])
    ranked = np.argsort(np.array(order), kind="stable")
    first = [views[index] for index in ranked if order[index] == 0]
    if len(first) > limit:
        return tuple(first[index] for index in np.linspace(0, len(first) - 1, limit).astype(int))
    return tuple(views[index] for index in ranked[:limit])


def _refined(views: Views, found: Search) -> Search:
    """Look for the half pixel on top of what was found: smaller than all others, it has a test of its own."""
    if found.tied or not _fits(found):
        return found
    readings = found.best.readings if found.accepted else ()
    if any(one.slot == "crop" for one in readings):
        return found
    return _with_half_pixel(views, readings, found)


def _with_half_pixel(views: Views, readings: tuple[Reading, ...], found: Search) -> Search:
    name = half_pixel(applied(readings, views))
    if name is None:
        return found
    both = (*readings, next(one for one in READINGS if one.name == name))
    after = agreement(applied(both, views))
    if after.median_px > found.best.found.median_px:
        return found
    best = Candidate(both, after, after.log_likelihood, 1.0)
    before = found.best if readings else found.stated
    return Search(found.stated, best, True, (), before, found.num_tried)


def _concluded(
    found: Search, num_cameras: int, lens: LensComparison | None, beside: Reading | None = None
) -> RigReading:
    read: Verdict = "cannot tell" if found.tied else "misread"
    verdict = read if found.accepted else _UNREAD[fits(found.stated.found)]
    kept = found.stated if verdict in {"fits", "cannot tell"} and not found.accepted else found.best
    other = found.runner_up
    margin = float("inf") if other is None else kept.score - other.score
    sentence = sentence_of(verdict, kept, found, num_cameras)
    notes = () if lens is None else (lens.note,)
    alternatives = tuple(one.names for one in found.tied)
    if verdict == "fits" and lens is not None:
        # The median residual is small, and yet all cameras share what is left.
        verdict = "misread" if lens.is_lens else "cannot tell"
        sentence = sentence_of_lens(lens, num_cameras)
        also = () if beside is None else (beside.name,)
        alternatives = tuple((name, *also) for name in lens.lenses[1:]) if lens.is_lens else ()
        if beside is not None:
            sentence += f"; and {beside.sentence}"
        margin = lens.margin
    return RigReading(
        verdict=verdict,
        readings=(*_names(found, lens), *(() if beside is None else (beside.name,))),
        alternatives=alternatives,
        before=rig_fit(found.stated.found),
        after=rig_fit(kept.found),
        margin=margin,
        num_tried=found.num_tried,
        sentence="; ".join([sentence, *notes]),
        notes=notes,
        same=tuple(one.names for one in found.same),
        log_likelihood=kept.found.log_likelihood,
    )


def _names(found: Search, lens: LensComparison | None) -> tuple[str, ...]:
    names = found.best.names if found.accepted else ()
    return (*names, lens.lenses[0]) if lens is not None and lens.is_lens and lens.lenses[0] not in names else names


def _without_evidence(evidence: RigEvidence) -> RigReading:
    """Answer without landmarks and mattes: where the optical axes meet is a hint, no proof."""
    poses = np.array([camera.cam_from_world for camera in evidence.cameras.values()])
    hint = ""
    if len(poses) >= 3 and np.isfinite(poses).all():
        ways = read_every_way(poses)
        if not ways["as given"].is_good:
            best = min(POSE_READINGS, key=lambda name: ways[name].convergence.median_angle_deg)
            hint = best if ways[best].is_good else ""
    nothing = rig_fit(agreement(()))
    return RigReading("cannot tell", (), (), nothing, nothing, float("inf"), 0, sentence_without_evidence(hint))
