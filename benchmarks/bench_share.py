"""What does the diagnosis cost within a run of `renderkit validate`?

    python benchmarks/bench_share.py --rounds 9 --json share.json

Whole processes with a warm cache, `renderkit validate` without pictures, in each round one with the diagnosis and one
with --no-sanity, so that what else the machine does hits both alike. The captures:

- fits: sixty cameras of 2448 x 2048 px, mattes of all and landmarks of fifteen cameras, in which nothing is wrong;
- shifted: the same with every matte a pixel too far right, which the diagnosis has to explain;
- small: the six small views of bench_start.py.

The processor's seconds (user and system, children included) say more than the clock where other programs run. The
share is the median of the pairs' differences over the median without the diagnosis.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from bench_capture import write_capture
from bench_render import machine
from bench_start import RENDERKIT, python_command, run_once

import renderkit as rk

CAPTURES = ("fits", "shifted", "small")
PASSED_OR_NOT = (0, 1)
"""Exit codes: a rig that does not fit does not pass."""


def write_captures(folder: Path, names: Sequence[str]) -> Mapping[str, tuple[Path, Path]]:
    """Write the captures; returns each one's file and the file of FLAME's faces."""
    found: dict[str, tuple[Path, Path]] = {}
    for name in names:
        place = folder / name
        place.mkdir()
        if name == "small":
            truth = rk.synthesize(place, rk.SynthOptions(num_cameras=6))
            found[name] = truth.capture, place / "flame_topology.npz"
        else:
            found[name] = write_capture(place, matte_shift_px=int(name == "shifted"))
    return found


def measure(rounds: int, folder: Path, names: Sequence[str]) -> dict[str, list[dict[str, dict[str, float]]]]:
    """Return for each capture what the two runs of each round took."""
    found: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in names}
    captures = write_captures(folder, names)
    for number in range(-1, rounds):
        for name, (capture, faces) in captures.items():
            command = ["validate", str(capture), "--flame", str(faces), "--out", str(folder / f"run {name}"),
                       "--renderer", "cpu", "--overlays", "none"]  # fmt: skip
            ways = {"with": command, "without": [*command, "--no-sanity"]}
            runs = {
                way: run_once(python_command(RENDERKIT, given), folder / "cache", allowed=PASSED_OR_NOT)
                for way, given in ways.items()
            }
            if number >= 0:
                found[name].append(runs)
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--captures", nargs="*", default=CAPTURES, choices=CAPTURES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.rounds, Path(folder), options.captures)
    load = os.getloadavg()[0]
    print(f"\n{machine()}, load {load:.1f}, {options.rounds} rounds\n")
    print(f"{'capture':10}{'':8}{'with':>8}{'least':>8}{'without':>9}{'least':>8}{'adds':>8}{'share':>8}")
    for name, pairs in found.items():
        for key, title in (("cpu_s", "CPU s"), ("wall_s", "clock s")):
            whole, bare = (np.array([pair[way][key] for pair in pairs]) for way in ("with", "without"))
            adds, usual = float(np.median(whole - bare)), float(np.median(bare))
            print(
                f"{name:10}{title:8}{np.median(whole):8.2f}{whole.min():8.2f}{usual:9.2f}{bare.min():8.2f}"
                f"{adds:8.3f}{100 * adds / usual:6.0f} %"
            )
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "load": load, "pairs": found}, indent=1))


if __name__ == "__main__":
    main()
