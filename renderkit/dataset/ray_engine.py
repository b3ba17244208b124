"""Tasks on a Ray cluster: one actor per core, or per share of a GPU, each with its own renderer and files.

Run folder and captures have to be on a file system that every node sees under the same path.
"""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from renderkit.dataset.worker import CaptureJob, Done, MakeWorker, Task, Worker
from renderkit.errors import ContextError, MissingExtraError
from renderkit.system import set_environment

_ATTEMPTS: Final = 2
"""So many actors may die over one task before it is given up."""


class RayEngine:
    """Does tasks in actors; one that dies, alone or with its node, is replaced, and its task tried once more."""

    def __init__(self, job: MakeWorker, address: str = "auto", num_workers: int | None = None) -> None:
        """Set up.

        Args:
            job: Makes a worker; sent to every actor.
            address: The cluster: "auto" for the one of this machine, "local" for a new one that ends with the run.
            num_workers: Actors; by default as many as the cluster has cores.

        Raises:
            MissingExtraError: If Ray is not installed.
        """
        try:
            import ray  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtraError("ray", "ray") from error
        self._ray: Any = ray
        self._job = job
        self._address = address
        self._wanted = num_workers
        self.capacity = 1
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, Task, int]] = {}

    def submit(self, task: Task) -> None:
        """Send a task to an idle actor; a new one is started where none is."""
        self._send(self._idle.pop() if self._idle else self._new_actor(), task, 1)

    def wait(self) -> Done:
        """Return the next task that is done; an actor's death is a failure only after the last attempt."""
        while True:
            ready, _ = self._ray.wait(list(self._busy), num_returns=1)
            actor, task, attempt = self._busy.pop(ready[0])
            try:
                done: Done = self._ray.get(ready[0])
            except self._ray.exceptions.RayError as error:
                if attempt < _ATTEMPTS:
                    self._send(self._new_actor(), task, attempt + 1)
                    continue
                return Done(
                    task, f"WorkerDied: the actor died {attempt} times while working on it: {type(error).__name__}"
                )
            self._idle.append(actor)
            return done

    def _send(self, actor: Any, task: Task, attempt: int) -> None:  # noqa: ANN401 - Ray has no types for it
        self._busy[actor.do.remote(task)] = actor, task, attempt

    def _new_actor(self) -> Any:  # noqa: ANN401
        resources = self._ray.cluster_resources()
        wants_gpu = isinstance(self._job, CaptureJob) and self._job.settings.renderer in {"auto", "egl"}
        share = min(1.0, resources.get("GPU", 0.0) / self.capacity) if wants_gpu else 0.0
        return self._ray.remote(_Actor).options(num_cpus=1, num_gpus=share, max_restarts=0).remote(self._job)

    def __enter__(self) -> Self:
        """Connect to the cluster; actors start with their first task.

        Raises:
            ContextError: If there is no cluster at the address.
        """
        try:
            self._ray.init(address=self._address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            why = f"no Ray cluster: {error}; start one with `ray start --head`, or give --address local"
            raise ContextError(self._address, why) from error
        self.capacity = self._wanted or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all actors and disconnect from the cluster."""
        for actor in [*self._idle, *(actor for actor, _, _ in self._busy.values())]:
            self._ray.kill(actor)
        self._ray.shutdown()


class _Actor:
    """A worker in a process of Ray's."""

    def __init__(self, job: MakeWorker) -> None:
        import ray  # noqa: PLC0415 - an extra

        set_environment("LP_NUM_THREADS", "1")
        assigned = [int(one) for one in ray.get_gpu_ids() if str(one).isdigit()]
        device = _egl_device(assigned[0]) if assigned else None
        if isinstance(job, CaptureJob) and device is not None:
            job = replace(job, settings=replace(job.settings, device=device))
        self._worker: Worker = job().__enter__()

    def do(self, task: Task) -> Done:
        """Do one task."""
        return self._worker.do(task)


def _egl_device(assigned: int) -> int | None:
    """Return the EGL device of the GPU that Ray assigned, by its number in CUDA and never by its place in a list.

    Ray hides the other GPUs from CUDA, not from EGL. A driver numbers those that CUDA may see, or all.
    """
    from renderkit.renderers.egl.context import list_devices  # noqa: PLC0415 - loads EGL

    numbered = [device for device in list_devices() if device.cuda is not None and not device.problem]
    if len(numbered) == 1:
        return numbered[0].index
    return next((device.index for device in numbered if device.cuda == assigned), None)
