"""`--census`: read only as many views of each capture as say which of its cameras are off."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.capture import Capture
from renderkit.dataset.conclude import write_conclusion
from renderkit.dataset.plan import PlannedCapture
from renderkit.dataset.worker import CaptureJob, CaptureWorker, Done, Task, Worker
from renderkit.diagnosis.census import CaptureCensus, Decision
from renderkit.errors import ArgumentError
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.base import Renderer
from renderkit.results.dataset import CameraOutcome, CaptureOutcome
from renderkit.results.kinds import RANKING_METRICS
from renderkit.results.rows import ViewResult
from renderkit.untrusted.remote import shown_path
from renderkit.wording import cameras_off, counted

MAX_FRAMES: Final = 200
"""Frames of a capture after which cameras that are still undecided cannot be told."""


@dataclass(frozen=True, eq=False)
class CensusJob(CaptureJob):
    """Makes workers that take the census of captures."""

    def __call__(self) -> Worker:
        """Return a worker.

        Raises:
            ArgumentError: If the settings ask for no census.
        """
        return CensusWorker(self)


class CensusWorker(CaptureWorker):
    """Reads frames by lot until every camera of a capture is decided."""

    def conclude(self, task: Task, capture: Capture, options: ValidationOptions) -> Done:
        """Take the census of one capture and store what it says.

        Raises:
            ArgumentError: If the settings have no test.
        """
        test = self.job.settings.census
        if test is None:
            raise ArgumentError("census: expected a sequential test in the settings")
        cameras = capture.camera_names if options.cameras is None else options.cameras
        frames = capture.frame_ids if options.frames is None else options.frames
        order = random.Random(task.capture.id).sample(list(frames), min(len(frames), MAX_FRAMES))  # noqa: S311 - a sample
        census, rows = CaptureCensus(len(cameras), test), list[ViewResult]()
        for frame in order:
            wanted = census.undecided
            if not wanted:
                break
            found = self._read(capture, replace(options, frames=(frame,)), [cameras[one] for one in wanted])
            census.add(wanted, _values(found, [cameras[one] for one in wanted]))
            rows += found
        outcome, told = _outcome(task.capture, cameras, census, rows)
        write_conclusion(self.job.store, task.capture, self.job.settings, outcome, told)
        off = [one.camera for one in told if one.is_off]
        failed = sum(row.failure is not None for row in rows)
        return Done(task, num_views=len(rows), num_failed=failed, worst=", ".join(off[:3]))

    def _read(self, capture: Capture, options: ValidationOptions, cameras: Sequence[str]) -> list[ViewResult]:
        renderer: Renderer = self.renderer()
        return list(validate_views(capture, renderer, replace(options, cameras=tuple(cameras))))


def _values(rows: Sequence[ViewResult], cameras: Sequence[str]) -> FloatArray:
    """Return (metrics, cameras) the ranking metrics of one frame; the first mesh counts."""
    place = {name: index for index, name in enumerate(cameras)}
    values = np.full((len(RANKING_METRICS), len(cameras)), math.nan)
    for row in reversed(rows):
        values[:, place[row.key.camera]] = [metric.value(row.scores) for metric in RANKING_METRICS]
    return values


def _outcome(
    planned: PlannedCapture, cameras: Sequence[str], census: CaptureCensus, rows: Sequence[ViewResult]
) -> tuple[CaptureOutcome, tuple[CameraOutcome, ...]]:
    decisions = census.decisions
    by: dict[Decision, list[str]] = {"off": [], "healthy": [], "cannot tell": []}
    for name, decision in zip(cameras, decisions, strict=True):
        by[decision].append(name)
    sentence = cameras_off(by["off"], len(cameras))
    sentence += f", {len(by['cannot tell'])} cannot be told" if by["cannot tell"] else ""
    sentence += f"; {len(rows)} of {counted(planned.num_views, 'view')} were read."
    failed = [row.key.camera for row in rows if row.failure is not None]
    fine = not by["off"] and not by["cannot tell"]
    settled: dict[str, Any] = {"passed": fine, "is_judged": bool(by["off"]), "num_failed": len(failed)}
    found = planned.found
    outcome = CaptureOutcome(
        found.id, shown_path(found.path), found.subject, found.day, "pass" if fine else "fail" if by["off"] else "bad",
        sentence=sentence, num_views=len(rows), worst=by["off"][0] if by["off"] else "", **settled,
    )  # fmt: skip
    told = tuple(
        CameraOutcome(
            camera=name,
            mesh="",
            num_views=int(census.num_views[index]),
            num_failed=failed.count(name),
            is_off=decisions[index] == "off",
            values={},
        )
        for index, name in enumerate(cameras)
    )
    return outcome, told
