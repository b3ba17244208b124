"""Small synthetic captures of several people and days."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from many_runs import ManyRun

from renderkit.dataset.validate_many import validate_many
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.results.dataset import DatasetReport

NAMES = ("anna/2024-05-01_smile", "anna/2024-05-02_talk", "ben/2024-05-01_smile", "ben/2024-05-03_talk")


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four captures of four cameras and two frames."""
    root = tmp_path_factory.mktemp("originals")
    for seed, name in enumerate(NAMES):
        options = SynthOptions(num_cameras=4, num_frames=2, size=(96, 80), scan_faces=2000, seed=seed)
        synthesize(root / name, options)
    return root


@pytest.fixture
def data(originals: Path, tmp_path: Path) -> Path:
    """The captures, to be changed."""
    return Path(shutil.copytree(originals, tmp_path / "data"))


@pytest.fixture
def many() -> ManyRun:
    """Return `validate_many` in this process, with the CPU renderer and without what takes long."""

    def run(paths: str | Path | list[str | Path], out: Path, **options: Any) -> DatasetReport:
        chosen = {"engine": "serial", "renderer": "cpu", "checks": False, "sanity": False, "reports": "none"}
        return validate_many(paths, out=out, **{**chosen, **options})

    return run
