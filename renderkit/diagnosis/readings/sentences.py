"""The rig-wide verdict in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from renderkit.diagnosis.readings.absolute import fit_text, rig_fit
from renderkit.diagnosis.readings.lens import LENSES
from renderkit.diagnosis.readings.lens_comparison import RADIAL, LensComparison
from renderkit.results.diagnosis import RigFit
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.diagnosis.readings.result import Verdict
    from renderkit.diagnosis.readings.search import Candidate, Search

_MAX_LISTED = 4


def sentence_of(verdict: Verdict, kept: Candidate, found: Search, num_cameras: int) -> str:
    """Return the verdict in one sentence."""
    before, after = rig_fit(found.stated.found), rig_fit(kept.found)
    if verdict == "fits":
        return f"the rig as a whole fits: {fit_text(before)}"
    if verdict == "no reading fits":
        best = " and ".join(kept.names) or "the rig as stated"
        return (
            f"the rig as a whole does not fit ({fit_text(before)}), and none of {found.num_tried} readings makes it "
            f"fit; the best is {best!r} with {fit_text(after)}"
        )
    if verdict == "cannot tell" and not found.accepted:
        return (
            f"whether the rig as a whole fits cannot be told: the mesh overlaps with the mattes ({fit_text(before)}), "
            f"but reaches out of them by {100 * found.stated.found.median_protrusion:.0f} % of their half width, and "
            f"none of {found.num_tried} readings brings the outlines together"
        )
    change = _change_text(before, after)
    if verdict == "cannot tell":
        options = [_what(one) for one in (kept, *found.tied)][:_MAX_LISTED]
        more = len(found.tied) + 1 - len(options)
        also = f", or {more} more" if more > 0 else ""
        ways = f"{'; or '.join(options)}{also}"
        return (
            f"all {counted(num_cameras, 'camera')} are misread, in one of several ways that fit alike: {ways}; {change}"
        )
    what = f"{_what(kept)}{_or_so(found.same)}"
    return f"all {counted(num_cameras, 'camera')}: {what}; read so, {change}{_ruled_out(found.off_middle)}"


def sentence_of_lens(lens: LensComparison, num_cameras: int) -> str:
    """Return what is said about a rig that fits in the median and whose cameras share a radial residual."""
    cameras = f"all {counted(num_cameras, 'camera')}"
    if not lens.is_lens:
        return f"a missing lens and a wrong size of {cameras} cannot be told apart"
    ways = "; or ".join(_LENS_WORDS[name] for name in lens.lenses)
    if len(lens.lenses) == 1:
        return f"{cameras}: {ways}"
    return f"{cameras}: the lens is not the one of the pictures, in one of several ways that fit alike: {ways}"


_LENS_WORDS: Final = {
    **{reading.name: reading.sentence for reading in LENSES},
    RADIAL: "the radial distortion is another one than the files'",
}


def _or_so(same: tuple[Candidate, ...]) -> str:
    """Return other words for the same numbers."""
    return "".join(f", which is the same as: {_what(one)}" for one in same[:_MAX_LISTED])


def _ruled_out(others: tuple[Candidate, ...]) -> str:
    """Return what would fit as well, but for the principal points."""
    if not others:
        return ""
    ways = "; or ".join(_what(one) for one in others[:_MAX_LISTED])
    return f" (this would fit as well, but put the principal points off the middle of the pictures: {ways})"


def sentence_without_evidence(hint: str) -> str:
    """Return what is said where there is nothing to compare with."""
    base = "whether the rig as a whole fits cannot be told: there are neither landmarks nor mattes with a mesh"
    if not hint:
        return base
    return f"{base}; the optical axes do not meet as stated, and do when the extrinsics are read {hint}"


def _what(one: Candidate) -> str:
    return " and ".join(reading.sentence for reading in one.readings)


def _change_text(before: RigFit, after: RigFit) -> str:
    parts = []
    if after.relative == after.relative:
        parts.append(f"the median landmark residual goes from {before.residual_px:.3g} to {after.residual_px:.3g} px")
    if after.iou == after.iou:
        verb = "" if parts else "goes "
        parts.append(f"the coarse IoU {verb}from {before.iou:.2f} to {after.iou:.2f}")
    return " and ".join(parts)
