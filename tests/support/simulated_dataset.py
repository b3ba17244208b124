"""Many captures without a picture: rows made up from their keys, stored and resumed as real ones are.

Run as a program it is a run that can be killed: `simulated_dataset.py RUN CAPTURES FRAMES CAMERAS WORKERS SECONDS`.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from renderkit.dataset.conclude import camera_outcomes, outcome, write_conclusion
from renderkit.dataset.discover import FoundCapture
from renderkit.dataset.engine import Engine, SerialEngine
from renderkit.dataset.plan import PlannedCapture, planned
from renderkit.dataset.processes import ProcessEngine
from renderkit.dataset.progress import ShowProgress
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore
from renderkit.dataset.summarise import summarise
from renderkit.dataset.work import StopRequest, Work
from renderkit.dataset.worker import Done, Task, Worker
from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.mask import MaskScore
from renderkit.report.dataset_files import write_dataset_report
from renderkit.results.dataset import DatasetReport
from renderkit.results.report import Report
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores


@dataclass(frozen=True)
class SimulatedJob:
    """Makes workers that make rows up.

    Attributes:
        store: The run folder.
        settings: What is asked.
        num_cameras: Cameras of each capture.
        seconds: Time that a unit takes.
        deadly: Capture whose units end the process that works on them, as the system does when memory runs out.
    """

    store: RunStore
    settings: DatasetSettings
    num_cameras: int
    seconds: float = 0.0
    deadly: str = ""

    def __call__(self) -> Worker:
        return SimulatedWorker(self)


class SimulatedWorker:
    """Makes rows up, the same for the same key."""

    def __init__(self, job: SimulatedJob) -> None:
        self._job = job

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hold nothing."""

    def do(self, task: Task) -> Done:
        store, planned_capture = self._job.store, task.capture
        if task.unit is None:
            store.clear_conclusion(planned_capture)
            report = Report(store.read_rows(planned_capture))
            found = outcome(planned_capture, report, "")
            write_conclusion(store, planned_capture, self._job.settings, found, camera_outcomes(report))
            return Done(task)
        if planned_capture.id == self._job.deadly:
            os._exit(137)
        if self._job.seconds:
            time.sleep(self._job.seconds)
        rows = [
            simulated_row(planned_capture.id, frame, str(camera))
            for frames, _ in task.unit.views
            for frame in frames
            for camera in range(self._job.num_cameras)
        ]
        store.write_part(planned_capture, task.unit, rows)
        return Done(task, num_views=len(rows))


def simulated_row(capture: str, frame: str, camera: str) -> ViewResult:
    """Return a row whose numbers follow from its name."""
    number = int.from_bytes(hashlib.sha256(f"{capture}/{frame}/{camera}".encode()).digest()[:4], "little")
    lost, drawn = number % 997, 40_000 + number % 5000
    mask = MaskScore(drawn, drawn, drawn - lost)
    edge = BoundaryScore(2.0, 900, 900, 900 - lost % 90, 900 - lost % 80)
    missing = dict.fromkeys(("containment", "reprojection", "nme"), "simulated")
    return ViewResult(
        ViewKey(capture, frame, camera, "scan"), Scores(mask=mask, boundary=edge), missing, image_size=(2448, 2048)
    )


def simulated_plan(
    num_captures: int, num_frames: int, num_cameras: int, settings: DatasetSettings, views_per_unit: int = 512
) -> Iterator[PlannedCapture]:
    """Yield captures of 21 recordings per subject, on a hundred days."""
    step = max(1, views_per_unit // num_cameras)
    frames = [str(index) for index in range(num_frames)]
    for index in range(num_captures):
        subject, day = f"{index // 21:04d}", f"2024-{1 + index % 12:02d}-{1 + index // 12 % 28:02d}"
        found = FoundCapture(f"{subject}__e{index % 21}", Path("/nowhere", subject, f"e{index % 21}"), subject, day, "")
        blocks = [((tuple(frames[start : start + step]), None),) for start in range(0, num_frames, step)]
        yield planned(found, f"identity {index}", "", blocks, settings.scoring_key, num_frames * num_cameras)


def run_simulated(
    folder: Path,
    plan: tuple[PlannedCapture, ...],
    num_cameras: int,
    *,
    workers: int = 1,
    seconds: float = 0.0,
    engine: Engine | None = None,
    show: ShowProgress | None = None,
) -> DatasetReport:
    """Have a simulated plan done, as `run_dataset` does."""
    settings, store = DatasetSettings(), RunStore(folder)
    store.prepare()
    with store.held():
        store.take_back(plan)
        store.write_request(settings, [], {"captures": len(plan)})
        store.write_plan(plan)
        job = SimulatedJob(store, settings, num_cameras, seconds)
        if engine is None:
            engine = ProcessEngine(job, workers) if workers > 1 else SerialEngine(job)
        stop = StopRequest()
        with engine, stop.listening():
            result = Work(store, settings, plan, show).run(engine, stop)
        store.take_back(plan)
        report = summarise(store, settings, plan, result)
        write_dataset_report(report, folder)
    return report


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Return every file of a run folder but its log, by name; temporary files as well."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in {"log.txt", ".lock"})
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


if __name__ == "__main__":
    run_folder, captures, frames, cameras, num_workers, unit_seconds = sys.argv[1:]
    whole = tuple(simulated_plan(int(captures), int(frames), int(cameras), DatasetSettings(), 40))
    done = run_simulated(Path(run_folder), whole, int(cameras), workers=int(num_workers), seconds=float(unit_seconds))
    sys.exit(128 + done.stopped_by if done.stopped_by is not None else 0)
