"""How long does a user wait for the first result?

    python benchmarks/bench_start.py --json start.json

Whole processes, from the command line to the exit: `renderkit validate` of a small synthetic capture, all its files
written. In each round one process of each kind runs, so that what else the machine does hits all alike:

- packaged: nothing in the user's cache folder, machine code from the package, as after `pip install`;
- compiled: nothing in the cache folder, no machine code in the package: every kernel is compiled;
- warm: machine code in the user's cache folder, none in the package;
- help: `renderkit --help`;
- pyrender: a process that imports pyrender and draws one picture of a mesh of 10k faces; left out where it is missing.

The processor's seconds (user and system, children included) say more than the wall clock where other programs run.
With --profile, what the imports and the functions of a warm run take.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

import numpy as np
from bench_render import machine

import renderkit as rk
from renderkit.kernel_files import PACKAGED

RENDERKIT = "from renderkit.cli import run_process; run_process()"
# This loads NumPy before `run_process` can tell its BLAS to start no threads.
UNPACKAGED = (
    "import os; os.environ.setdefault('OPENBLAS_NUM_THREADS', '1'); "
    "import renderkit.kernel_files as f; from pathlib import Path; f.PACKAGED = Path('/nowhere'); "
)
PROFILE = "import cProfile; from renderkit.cli import main; cProfile.run('main()', sort='cumtime')"
BENCHMARKS = Path(__file__).parent


def run_once(command: Sequence[str], cache: Path, allowed: Container[int] = (0,)) -> dict[str, float]:
    """Run a process to its end; returns its seconds by the clock and by the processor.

    Args:
        command: The process.
        cache: Its user's cache folder.
        allowed: Exit codes that are no failure.

    Raises:
        CalledProcessError: If it fails.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=_environment(cache), check=False, capture_output=True)  # noqa: S603 - our own
    if done.returncode not in allowed:
        done.check_returncode()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall_s": wall, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def measure(rounds: int, folder: Path, kinds: Sequence[str]) -> dict[str, list[dict[str, float]]]:
    """Return what each kind of process took in each round."""
    truth = rk.synthesize(folder / "capture", rk.SynthOptions(num_cameras=6))
    validate = _validate(truth.capture, folder)
    cli = RENDERKIT
    warm_cache = folder / "warm"
    commands = {
        "packaged": (cli, validate),
        "compiled": (UNPACKAGED + cli, validate),
        "warm": (UNPACKAGED + cli, validate),
        "help": (cli, ["--help"]),
        "pyrender": ("import bench_peers as p, bench_meshes as m; "
                     "p.contenders('pyrender default')['pyrender default'](m.flame_head())(m.ring_cameras(1)[0])", []),
    }  # fmt: skip
    if not PACKAGED.is_dir():
        print("# packaged is left out: this checkout has no machine code (hatch_build.py makes it)")
        del commands["packaged"]
    commands = {name: command for name, command in commands.items() if not kinds or name in kinds}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    if "warm" in commands:
        run_once(python_command(*commands["warm"]), warm_cache)
    for number in range(rounds):
        for name, (code, arguments) in commands.items():
            cache = warm_cache if name == "warm" else folder / f"{name}-{number}"
            try:
                found[name].append(run_once(python_command(code, arguments), cache))
            except subprocess.CalledProcessError as error:
                print(f"# {name} failed: {error.stderr.decode(errors='replace').strip().splitlines()[-1:]}")
    return {name: runs for name, runs in found.items() if runs}


def profile(folder: Path) -> None:
    """Print the most expensive imports and functions of a warm run."""
    truth = rk.synthesize(folder / "capture", rk.SynthOptions(num_cameras=6))
    validate = _validate(truth.capture, folder)
    command = python_command(RENDERKIT, validate)
    run_once(command, folder / "warm")
    timed = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(timed, env=_environment(folder / "warm"), check=True, capture_output=True, text=True)  # noqa: S603
    own: dict[str, int] = {}
    for line in done.stderr.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and parts[0].strip().isdecimal():
            package = parts[2].strip().partition(".")[0]
            own[package] = own.get(package, 0) + int(parts[0])
    print("\nms in imports, by package")
    for package, micros in sorted(own.items(), key=lambda item: -item[1])[:20]:
        print(f"{package:24}{micros / 1e3:8.1f}")
    command = python_command(PROFILE, validate)
    done = subprocess.run(command, env=_environment(folder / "warm"), check=False, capture_output=True, text=True)  # noqa: S603
    print("\n".join(line[:140] for line in done.stdout.splitlines()[:120]))


def _validate(capture: Path, folder: Path) -> list[str]:
    return ["validate", str(capture), "--flame", str(folder / "capture" / "flame_topology.npz"),
            "--out", str(folder / "run"), "--renderer", "cpu"]  # fmt: skip


def python_command(code: str, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs some code with arguments in a Python of its own."""
    return [sys.executable, "-c", code, *arguments]


def _environment(cache: Path) -> Mapping[str, str]:
    """Return a user's environment: compiled Python is kept, kernels in the named folder."""
    left_out = {"PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    path = os.pathsep.join([str(BENCHMARKS), str(BENCHMARKS.parent), *filter(None, [kept.get("PYTHONPATH")])])
    return kept | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": path}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", nargs="*", default=[], help="kinds of processes; all by default")
    parser.add_argument("--profile", action="store_true", help="profile one warm run instead")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.profile:
            profile(Path(folder))
            return
        found = measure(options.rounds, Path(folder), options.kinds)
    load = os.getloadavg()[0]
    print(f"\n{machine()}, load {load:.1f}\n\n{'process':12}{'wall s':>10}{'CPU s':>10}{'least CPU':>12}{'runs':>8}")
    for name, runs in found.items():
        wall, cpu = ([run[key] for run in runs] for key in ("wall_s", "cpu_s"))
        print(f"{name:12}{np.median(wall):10.2f}{np.median(cpu):10.2f}{min(cpu):12.2f}{len(runs):8d}")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "load": load, "runs": found}, indent=1))


if __name__ == "__main__":
    main()
