"""The answer of a run in five short parts: is it good, which camera, how bad, why probably, what next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from renderkit.results.causes import (
    group_causes,
    list_cameras,
    off_cameras,
    unchecked_cameras,
)
from renderkit.results.diagnosis import NOT_THE_CAMERA, OTHER_MATTES, CameraFault, Diagnosis
from renderkit.results.findings import LIMIT_PX, JudgedCamera
from renderkit.results.headline_kind import Headline, State, sentence
from renderkit.results.kinds import METRICS
from renderkit.results.matte_headline import APART_STEP, bad_mattes, lacking_mattes, outlines_apart
from renderkit.results.next_step import step_for_all, step_for_readings
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.results.report import Report, Verdict

_MOST_LEFT_OUT = 5
_PAIR = 2
_PARTS = ("mattes", "landmarks")
_TOO_FEW = 3


def headline_of(report: Report) -> Headline:
    """Return what the run amounts to, each question with an answer. Without gates or numbers it is never a pass."""
    found = _headline(report)
    unexplained = "No diagnosis was made." if report.diagnosis is None else "No cause was found."
    return replace(
        found,
        size=found.size or "Not known: no score could be compared between cameras.",
        why=found.why or ("There is nothing to explain." if found.state == "good" else unexplained),
    )


def _headline(report: Report) -> Headline:
    off = off_cameras(report)
    return _unchecked(report) or (_off_cameras(report, off) if off else _bad_mattes(report) or _no_fault(report))


def _unchecked(report: Report) -> Headline | None:
    """Return the headline of a run that says nothing about single cameras, or that gates fail; None for others."""
    if report.diagnosis is not None and report.diagnosis.condemns_all:
        return _unfit(report, report.diagnosis)
    if not any(report.summary.computable.values()):
        return _nothing(report)
    if any(gate.blocks for gate in report.gates):
        return _failed_gates(report)
    if report.failures and not report.gates:
        return _failed_views(report)
    lacks = report.diagnosis is not None and report.diagnosis.lacks_mattes
    return lacking_mattes(report.diagnosis) if lacks and report.diagnosis is not None else None


def _bad_mattes(report: Report) -> Headline | None:
    """Return the headline of a run in which mattes are wrong; None where there is none, or where gates decide."""
    if report.gates or report.diagnosis is None or not report.diagnosis.mattes:
        return None
    cameras = {one.camera for one in report.diagnosis.mattes}
    worst = next((entry.camera for entry in report.summary.ranked if entry.camera in cameras), "")
    return bad_mattes(report.diagnosis, _against_rig(report, worst))


def _unfit(report: Report, diagnosis: Diagnosis) -> Headline:
    fit = diagnosis.before
    sizes = [f"median landmark error {fit.residual_px:.3g} px"] * (fit.residual_px == fit.residual_px)
    sizes += [f"coarse IoU {fit.iou:.2f}"] * (fit.iou == fit.iou)
    if diagnosis.by_mattes_alone and diagnosis.outlines is not None:
        sizes.append(f"outlines {diagnosis.outlines.words} apart")
    # Without a mesh two views stand against one: which of three cameras is off is not known.
    few = not sizes and len(report.camera_names) <= _TOO_FEW
    sizes = sizes or [one.sentence for one in diagnosis.evidence if one.verdict == "does not fit"][:1]
    if diagnosis.readings:
        step = step_for_readings(diagnosis)
    elif diagnosis.common is not None and diagnosis.common.sentence not in diagnosis.others:
        step = "Correct all cameras as stated, or calibrate them again, and validate again."
    elif diagnosis.fits_once_the_mesh_is_moved:
        step = "Move the mesh and its 3D landmarks as stated, or fit them again, and validate again."
    else:
        step = "No usual misreading explains it: check that cameras, pictures and mesh belong together."
    return Headline(
        state="bad",
        word="DOES NOT FIT",
        verdict="The rig as a whole does not fit.",
        camera=_first_camera(report),
        who=f"One of {counted(len(report.camera_names), 'camera')} or all: fewer than {_TOO_FEW + 1} do not tell."
        if few
        else f"All {counted(len(report.camera_names), 'camera')}, not single ones.",
        size=sentence(", ".join(sizes)),
        why=sentence(diagnosis.sentence),
        next_step=step,
    )


def _nothing(report: Report) -> Headline:
    reasons = Counter(reason for row in report.rows for reason in row.missing.values())
    reasons.update(row.failure.message for row in report.failures if row.failure is not None)
    why = _undecided(report) or "; ".join(text for text, _ in reasons.most_common(2))
    failed = len(report.failures)
    verdict = "Nothing could be compared: the run has no views."
    if report.rows:
        verdict = f"Nothing could be compared in any of {counted(len(report.rows), 'view')}."
    give = "Give what is missing: a mesh (--mesh), mattes (--masks), landmarks (--landmarks) or a board (--board)."
    step = _missing_step(report) or give
    if failed:
        step = "Repair the files named below and validate again."
    return Headline(
        state="bad",
        word="NOTHING CHECKED",
        verdict=verdict,
        camera="",
        who=f"No camera was checked, of {len(report.camera_names)}." if report.rows else "No camera: the run has none.",
        size=f"{failed} of {counted(len(report.rows), 'view')} failed."
        if failed
        else "Not known: nothing was measured.",
        why=sentence(why),
        next_step=step,
    )


def _undecided(report: Report) -> str:
    """Return what evidence without a mesh says that it lacks; "" where there is none."""
    evidence = () if report.diagnosis is None else report.diagnosis.evidence
    return "; ".join(f"{one.evidence}: {one.sentence}" for one in evidence if one.verdict == "cannot tell")


def _missing_step(report: Report) -> str:
    if not _undecided(report):
        return ""
    mesh = "" if _is_by_board(report) else ", or a mesh (--mesh FILE)"
    return f"Give what is said to be missing{mesh}, and validate again."


def _is_by_board(report: Report) -> bool:
    return any(one.evidence == "board" for one in (report.diagnosis.evidence if report.diagnosis else ()))


def _failed_gates(report: Report) -> Headline:
    group = next(one for one in group_causes(report) if one.kind == "gate")
    cameras, unchecked = _blocked_cameras(report, "fail"), _blocked_cameras(report, "not computable")
    camera = next((entry.camera for entry in report.summary.ranked if entry.camera in cameras), "")
    camera = camera or next(iter((*cameras, *unchecked)), "")
    who = [f"{list_cameras(cameras)}{_first(camera, cameras)}"] * bool(cameras)
    who += [f"{list_cameras(unchecked)} could not be checked"] * bool(unchecked)
    step = _step_for(report, cameras)
    if unchecked and not any(gate.verdict == "fail" for gate in report.gates if gate.blocks):
        step = f"Give what is missing for {list_cameras(unchecked)}, or limit the gate to the others (`for CAMERAS`)."
    why = _cause_of(report, camera) if camera else ""
    return Headline(
        state="bad",
        word="FAIL",
        verdict=gates_sentence(report),
        camera=camera,
        who=" ".join(map(sentence, who)) or "The rig as a whole.",
        size=sentence(f"{group.title}: {group.detail}"),
        why=why or "No cause was found that explains it.",
        next_step=step,
    )


def _blocked_cameras(report: Report, verdict: Verdict) -> list[str]:
    """Return the cameras of which a gate that blocks says so; one that fails somewhere counts as failed only."""
    blocked = {
        word: [gate.subject for gate in report.gates if gate.blocks and gate.verdict == word]
        for word in ("fail", "not computable")
    }
    others = blocked["fail"] if verdict != "fail" else []
    return [name for name in dict.fromkeys(blocked[verdict]) if name in report.camera_names and name not in others]


def gates_sentence(report: Report) -> str:
    """Return how many checks of the gates passed, failed and are tolerated."""
    words = passed_checks(report)
    blocking = [gate for gate in report.gates if gate.blocks]
    missing = sum(gate.verdict == "not computable" for gate in blocking)
    failed = len(blocking) - missing
    parts = [f"{failed} failed"] * bool(failed) + [f"{missing} could not be computed"] * bool(missing)
    return f"{words}; {', '.join(parts)}." if parts else f"{words}."


def passed_checks(report: Report) -> str:
    """Return "7 of 8 checks passed, 1 tolerated"."""
    tolerated = sum(gate.tolerated for gate in report.gates)
    words = f"{sum(gate.passed for gate in report.gates)} of {counted(len(report.gates), 'check')} passed"
    return f"{words}, {tolerated} tolerated" if tolerated else words


def _failed_views(report: Report) -> Headline:
    cameras = list(dict.fromkeys(row.key.camera for row in report.failures))
    group = next(one for one in group_causes(report) if one.kind == "failed")
    return Headline(
        state="bad",
        word=f"{len(report.failures)} VIEW{'S' * (len(report.failures) > 1)} FAILED",
        verdict=f"{len(report.failures)} of {counted(len(report.rows), 'view')} could not be processed.",
        camera=cameras[0],
        who=sentence(list_cameras(cameras)),
        size=_other_cameras(report),
        why=sentence(group.title),
        next_step="Repair or replace these files, or leave the cameras out with --cameras, and validate again.",
    )


def _off_cameras(report: Report, off: dict[str, CameraFault | JudgedCamera]) -> Headline:
    camera = next(iter(off))
    worst = off[camera]
    gates = f" {gates_sentence(report)}" if report.gates else ""
    fits = ""
    if report.diagnosis is not None and report.diagnosis.verdict == "fits":
        fits = f" the rig as a whole fits{', and the run passes' if report.passed else ''}."
    spoiled = _spoiled(off)
    what = (
        f"{'has' if len(off) == 1 else 'have'} bad {spoiled}" if spoiled else f"{'is' if len(off) == 1 else 'are'} off"
    )
    error = f" +/- {worst.size_error_px:.2f}" if worst.size_error_px == worst.size_error_px else ""
    known = worst.size_px == worst.size_px
    size = f"{worst.size_px:.2f}{error} px on the subject" if known else "too far off to say by how much"
    slight = bool(fits) and report.passed and all(one.size_px <= LIMIT_PX for one in off.values())
    return Headline(
        state="unsure" if slight else "bad",
        word=f"{len(off)} CAMERA{'S' * (len(off) > 1)} {f'WITH BAD {spoiled.upper()}' if spoiled else 'OFF'}",
        verdict=f"{len(off)} of {counted(len(report.camera_names), 'camera')} {what}"
        f"{';' if fits else '.'}{fits}{gates}",
        camera=camera,
        who=sentence(f"{list_cameras(list(off))}{_first(camera, list(off))}"),
        size=f"Camera {camera}: {size}. {_against_rig(report, camera)}".rstrip(),
        why=_cause_of(report, camera),
        next_step=_step_for(report, list(off)),
    )


def _spoiled(off: Mapping[str, CameraFault | JudgedCamera]) -> str:
    """Return what is wrong with pictures of cameras none of which is off itself, "mattes" or "landmarks"; else ""."""
    families = {one.family if isinstance(one, CameraFault) else "" for one in off.values()}
    if not families <= set(NOT_THE_CAMERA):
        return ""
    return " and ".join(what for family, what in zip(NOT_THE_CAMERA, _PARTS, strict=True) if family in families)


def _no_fault(report: Report) -> Headline:
    shared = None if report.diagnosis is None else report.diagnosis.common
    outliers = list(dict.fromkeys(entry.camera for entry in report.summary.outliers))
    apart = outlines_apart(report.diagnosis)
    if apart is not None or (shared is not None and shared.family != "shift"):
        # What all share shows more in some cameras than in others.
        outliers = []
    worst = report.summary.worst
    camera = "" if worst is None else worst.camera
    state, word, verdict = _verdict_without_fault(report, outliers)
    crowd = f"None stands out; camera {camera} agrees least." if camera else "No camera could be ranked."
    if len(report.camera_names) == _PAIR and state != "good":
        crowd = "Two cameras that disagree do not say which of them is off."
    fits = "" if report.diagnosis is None else sentence(report.diagnosis.sentence)
    if report.diagnosis is not None and report.diagnosis.mesh:
        fits = sentence(report.diagnosis.mesh)
    if shared is not None and not outliers:
        fits = sentence(shared.sentence)
    return Headline(
        state=state,
        word=word,
        verdict=verdict,
        camera=camera,
        who=sentence(list_cameras(outliers)) if outliers else crowd,
        size=_against_rig(report, camera),
        why=_cause_of(report, camera) if outliers else fits,
        next_step=_step_without_fault(report, outliers),
    )


def _verdict_without_fault(report: Report, outliers: list[str]) -> tuple[State, str, str]:
    num, left_out = len(report.camera_names), len(unchecked_cameras(report))
    gap = f" {counted(left_out, 'camera')} could not be checked." if left_out else ""
    if report.gates:
        return "good", "PASS", f"{gates_sentence(report)}{gap}"
    if outliers:
        one = len(outliers) == 1
        verdict = f"{len(outliers)} of {counted(num, 'camera')} {'differs' if one else 'differ'} from the others.{gap}"
        return "unsure", f"{len(outliers)} CAMERA{' STANDS' if one else 'S STAND'} OUT", verdict
    if report.diagnosis is None or report.diagnosis.verdict != "fits":
        verdict = f"No camera of {num - left_out} stands out, but whether the rig as a whole fits cannot be told.{gap}"
        return "unsure", "CANNOT TELL", verdict
    if report.incomparable_landmarks:
        verdict = f"The rig fits by its mattes; landmarks were given, and could not be compared in any view.{gap}"
        return "unsure", "FITS, LANDMARKS NOT COMPARED", verdict
    return _verdict_of_fit(report.diagnosis, num, left_out, gap)


def _verdict_of_fit(diagnosis: Diagnosis, num: int, left_out: int, gap: str) -> tuple[State, str, str]:
    """Return state, word and verdict of a rig that fits and in which no camera stands out."""
    if diagnosis.common is not None:
        what, word = ("a shift", "SHIFTED") if diagnosis.common.family == "shift" else ("an error", "OFF ALIKE")
        verdict = f"The rig fits, but all {num - left_out} cameras share {what} that need not be theirs.{gap}"
        return "unsure", f"FITS, ALL {word}", verdict
    apart = outlines_apart(diagnosis)
    if apart is not None:
        word, verdict = apart
        return "unsure", word, f"{verdict}{gap}"
    if diagnosis.mesh:
        verdict = f"The mesh is off against all cameras alike; no camera of {num - left_out} is off.{gap}"
        return "unsure", "FITS, MESH OFF", verdict
    if left_out:
        verdict = f"The rig fits as far as it was checked: no camera of {num - left_out} is off.{gap}"
        return "unsure", f"FITS, {left_out} NOT CHECKED", verdict
    return "good", "FITS", f"The rig fits: no camera of {num} is off."


def _step_without_fault(report: Report, outliers: list[str]) -> str:
    left_out = unchecked_cameras(report)
    if outliers:
        return f"Look at {list_cameras(outliers)} below."
    fits = report.diagnosis is not None and report.diagnosis.verdict == "fits"
    if not report.gates:
        step = _step_of_fit(report)
        if step:
            return step
    return _step_of_gaps(report, left_out, fits=fits)


def _step_of_fit(report: Report) -> str:
    """Return what to do about what a rig that fits has in all its cameras; "" for nothing."""
    diagnosis = report.diagnosis
    if diagnosis is not None and diagnosis.verdict == "fits" and diagnosis.common is None and outlines_apart(diagnosis):
        return APART_STEP
    contradicts = "Correct the landmarks (--landmarks): below is why none is computable."
    return step_for_all(diagnosis) or (contradicts if report.incomparable_landmarks else "")


def _step_of_gaps(report: Report, left_out: Sequence[str], *, fits: bool) -> str:
    if left_out:
        what = "more pictures of the board" if _is_by_board(report) else "mattes (--masks) or landmarks (--landmarks)"
        return f"Give {what} of {list_cameras(left_out)}."
    if report.gates:
        return "Keep this run as a baseline for later ones: --baseline RUN."
    if not fits:
        return _missing_step(report) or "Give mattes (--masks) or landmarks (--landmarks) of more cameras."
    return "Set gates, so that later runs pass or fail by themselves: --gate CHECK, or renderkit.toml (docs/gates.md)."


def _cause_of(report: Report, camera: str) -> str:
    fault = off_cameras(report).get(camera)
    if fault is not None:
        return sentence(fault.sentence.removeprefix(f"camera {camera}: "))
    return next((one.text for one in report.explanations if one.camera == camera), "")


def _step_for(report: Report, cameras: list[str]) -> str:
    if not cameras:
        return "See the failures below."
    if len(cameras) > max(1, len(report.camera_names) // 2):
        return "Most cameras are off: check what they have in common (mesh, frame, how the calibration is read) first."
    out = ",".join(f"!{name}" for name in cameras[:_MOST_LEFT_OUT])
    them = "it" if len(cameras) == 1 else "them"
    also = f" (--cameras '{out}')" if len(cameras) <= _MOST_LEFT_OUT else " (--cameras)"
    faults = {name: one for name, one in off_cameras(report).items() if name in cameras}
    if faults and all(OTHER_MATTES in one.cannot_tell for one in faults.values()):
        whose = f"Look at the mattes of {list_cameras(cameras)}"
        return (
            f"{whose}: where they show the subject, calibrate again, else make them again, or leave {them} out{also}."
        )
    spoiled = _spoiled(faults)
    again = f"Make the {spoiled} of {list_cameras(cameras)}" if spoiled else f"Calibrate {list_cameras(cameras)}"
    return f"{again} again, or leave {them} out{also}."


def _against_rig(report: Report, camera: str) -> str:
    entries = list(report.summary.outlying_metrics(camera)) if camera else []
    entries = entries or [one for one in report.summary.ranked if one.camera == camera][:1]
    chosen = {METRICS[one.metric].kind: one for one in reversed(entries)}
    parts = [
        f"{METRICS[one.metric].plain} {METRICS[one.metric].with_unit(one.value)}, "
        f"rig's median {METRICS[one.metric].with_unit(one.rig_median)}"
        for one in list(chosen.values())[::-1][:2]
    ]
    return sentence("; ".join(parts))


def _other_cameras(report: Report) -> str:
    worst = report.summary.worst
    return "" if worst is None else f"Of the others, {_against_rig(report, worst.camera)}"


def _first_camera(report: Report) -> str:
    worst = report.summary.worst
    return worst.camera if worst is not None else next(iter(report.camera_names), "")


def _first(camera: str, cameras: list[str]) -> str:
    return f"; the worst is {camera}" if len(cameras) > 1 and camera else ""
