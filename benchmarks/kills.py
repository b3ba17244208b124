"""Kills runs over many captures at seeded moments; nothing may be lost: `python benchmarks/kills.py 100 [SEED]`.

Every chain of kills ends with a run that is left alone; its folder must equal that of an undisturbed run byte for byte.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from killed_runs import RunShape, finish, kill_once
from simulated_dataset import folder_bytes

CHAIN = 4
"""Kills before the run is let go to its end."""


def main(num_kills: int, seed: int = 0) -> int:
    shape, lot = RunShape(), random.Random(seed)  # noqa: S311 - moments, no secrets
    counts: Counter[str] = Counter()
    differ = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name, "whole")
        finish(whole, shape)
        expected = folder_bytes(whole)
        while counts["main"] + counts["worker"] < num_kills:
            folder = Path(name, "killed")
            for _ in range(CHAIN):
                counts[kill_once(folder, shape, lot, 1.0)] += 1
            code = finish(folder, shape)
            found = folder_bytes(folder)
            if code or found != expected:
                differ += 1
                names = sorted(file for file in {*found, *expected} if found.get(file) != expected.get(file))
                print(f"DIFFERS, exit code {code}: {names[:5]}", flush=True)
            shutil.rmtree(folder)
            print(f"{dict(counts)} {differ} differ, {time.monotonic() - started:.0f} s", flush=True)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])) if len(sys.argv) > 1 else main(100))
