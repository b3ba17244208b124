"""A real cluster of two nodes on this machine. Started with RENDERKIT_CLUSTER=1: it takes half a minute."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulated_dataset import SimulatedJob, folder_bytes, run_simulated, simulated_plan

from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore

pytestmark = [
    pytest.mark.skipif(not os.environ.get("RENDERKIT_CLUSTER"), reason="set RENDERKIT_CLUSTER=1 to start a cluster"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one core each."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        # The nodes' workers must find the simulated job.
        support = Path(__file__).resolve().parents[1] / "support"
        patch.setenv("PYTHONPATH", os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")]))
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        found.add_node(num_cpus=1)
        yield found
        found.shutdown()


def _run(folder: Path, address: str, seconds: float, lose: Any = None) -> None:
    from renderkit.dataset.ray_engine import RayEngine

    settings, plan = DatasetSettings(), tuple(simulated_plan(3, 20, 4, DatasetSettings(), 40))
    engine = RayEngine(SimulatedJob(RunStore(folder), settings, 4, seconds), address)
    run_simulated(folder, plan, 4, engine=engine, show=lose)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_simulated(folder, tuple(simulated_plan(3, 20, 4, DatasetSettings(), 40)), 4)
    return folder_bytes(folder)


def test_a_cluster_computes_what_one_process_does(cluster: Any, tmp_path: Path, whole: dict[str, bytes]) -> None:
    _run(tmp_path / "run", cluster.address, 0.0)
    assert folder_bytes(tmp_path / "run") == whole


def test_a_lost_node_costs_nothing(cluster: Any, tmp_path: Path, whole: dict[str, bytes]) -> None:
    lost: list[Any] = []

    def lose(state: Any) -> None:
        if state.done > 40 and not lost:
            node = next(iter(cluster.worker_nodes))
            lost.append(node)
            cluster.remove_node(node, allow_graceful=False)
            cluster.add_node(num_cpus=1)

    _run(tmp_path / "run", cluster.address, 0.3, lose)
    assert lost
    assert folder_bytes(tmp_path / "run") == whole
