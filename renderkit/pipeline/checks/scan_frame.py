"""Which frame a capture's scan belongs to, and whether others are to be validated against it."""

from __future__ import annotations

from typing import Final

from renderkit.pipeline.checks.subject import CheckKind, CheckSubject, read_or_none
from renderkit.pipeline.options import PREFERRED_MESHES
from renderkit.pipeline.scan_frame import choose_scan_frame
from renderkit.pipeline.spread import spread
from renderkit.results.capture_check import CaptureCheck, CheckVerdict
from renderkit.wording import counted

NAME: Final = "scan frame"


def _check_scan_frame(subject: CheckSubject) -> CaptureCheck:
    scan = read_or_none(subject.capture.unframed_scan)
    if scan is None:
        return CaptureCheck.skipped(NAME, "the capture has no scan without a frame of its own")
    if not scan.masks:
        return CaptureCheck.skipped(NAME, "the scan has no mattes to compare with")
    frames = spread(subject.capture.frame_ids, subject.budget.num_frames)
    if len(frames) == 1:
        return CaptureCheck.skipped(NAME, f"there is only frame {frames[0]}")
    choice = choose_scan_frame(scan, frames, subject.options.matte_threshold, subject.budget.num_scan_views)
    if choice.best is None:
        return CaptureCheck.skipped(NAME, "no frame has mattes in the cameras of the scan's mattes")
    tried = f"of {counted(len(frames), 'frame')} tried among {len(subject.capture.frame_ids)}"
    sentence = f"the scan fits frame {choice.best}, {tried}: {choice}"
    validated = subject.options.meshes or PREFERRED_MESHES[:1]
    others = [frame for frame in subject.frames if frame != choice.best]
    wrong = choice.decided and "scan" in validated and bool(others)
    if wrong:
        sentence += (
            f"; {len(others)} of the frames to validate are others, which the scan need not fit: "
            f"--frames {choice.best}, or --mesh flame"
        )
    verdict: CheckVerdict = "warning" if wrong else "ok" if choice.decided else "undecided"
    return CaptureCheck(
        NAME,
        verdict,
        choice.best,
        choice.margin,
        choice.margin_standard_error,
        "IoU",
        choice.decided,
        sentence,
    )


CHECK: Final = CheckKind(NAME, _check_scan_frame)
