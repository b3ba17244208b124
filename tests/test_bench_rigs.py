"""What the benchmark of camera files writes: files of the formats that are only read, each read back to its values."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from renderkit.formats import detect_format, read_rig

_PATH = Path(__file__).parents[1] / "benchmarks" / "bench_rigs.py"
_SPEC = importlib.util.spec_from_file_location("bench_rigs", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
bench = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bench)

NO_LENS = {"projection-matrices", "3dgs", "sdfstudio", "llff", "open3d", "skeletool"}
MIDDLE = (959.5, 539.5)
CENTERS = {"3dgs": MIDDLE, "bundler": MIDDLE, "llff": MIDDLE, "meshroom": (960.1, 540.2)}
"""(cx, cy) that formats state which do not carry the rig's; the others keep it, `sdfstudio` from the corner."""

ONE_FOCAL = {"meshroom", "bundler", "llff", "openmvg"}
NAMELESS = {"plain", "bundler", "dna-rendering", "llff", "open3d"}


@pytest.mark.parametrize("name", list(bench.GENERATED))
def test_a_generated_file_reads_back(name: str, tmp_path: Path) -> None:
    rig = bench.ring(3)
    path = bench.GENERATED[name](rig, tmp_path)
    assert detect_format(path) == name
    read = read_rig(path, size=bench.SIZE)
    assert list(read.cameras) == (["0", "1", "2"] if name in NAMELESS else list(rig.cameras))
    for camera, given in zip(read, rig, strict=True):
        assert camera.size == bench.SIZE
        np.testing.assert_allclose(camera.cam_from_world.matrix, given.cam_from_world.matrix, atol=1e-12)
        fx, fy = (camera.K[0, 0], camera.K[1, 1])
        assert fx == pytest.approx(given.K[0, 0], rel=1e-12)
        assert fy == pytest.approx(given.K[0, 0] if name in ONE_FOCAL else given.K[1, 1], rel=1e-12)
        center = CENTERS.get(name, given.K[:2, 2] - (0.5 if name == "sdfstudio" else 0.0))
        np.testing.assert_allclose(camera.K[:2, 2], center, atol=1e-9)
        lens = np.zeros(0) if name in NO_LENS else given.distortion.coefficients
        if name == "bundler":
            lens = np.array([-0.01, 0.001])
        elif name == "meshroom":
            lens = lens[:2]
        got = camera.distortion.coefficients
        np.testing.assert_allclose(got, np.pad(lens, (0, got.size - lens.size)), atol=1e-15)
