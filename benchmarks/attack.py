"""Mutate every type of file that renderkit opens, and open it through the command line: nothing bad may happen.

Counted: crashes of the interpreter, tracebacks, Python warnings, hangs, more than 2 GiB, files outside the output
folder, damage with a checksum that passes in silence. Every case follows from the seed and its number.

    python benchmarks/attack.py --cases 20000 --seed 1
    python benchmarks/attack.py --only 4711 --seed 1 --keep DIR
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from attack_corpus import Target, build_corpus
from attack_mutations import is_damaged_png, mutate, place_no_file

from renderkit.cli import _run
from renderkit.cli import main as run_and_leave

CPU_SECONDS = 5
WALL_SECONDS = 120.0
"""Far more than the processor time: what waits for ever does so on a busy machine, too."""
MAX_BYTES = 2 << 30
_HEADROOM_BYTES = 3 << 30
_NO_FILE_SHARE = 0.06
_PYTHON_WARNING = re.compile(rb"\w{1,40}Warning: [^\n]*")  # bounded: a damaged file's words may be of any length
_SAID = (b"cannot", b"failed", b"damaged", b"corrupt", b"left out", b"expected", b"truncated", b"missing")


@dataclass(frozen=True)
class Finding:
    """A case that went wrong."""

    case: int
    target: str
    kind: str
    detail: str


class Attack:
    """A corpus and a seed. Cases run in forked children, so that imports and compiled kernels are paid for once."""

    def __init__(self, root: Path, seed: int, *, short: bool = False) -> None:
        self.root = root
        self.seed = seed
        self.corpus = root / "corpus"
        self.corpus.mkdir()
        with _silence(root / "building.txt"):
            built = build_corpus(self.corpus, _run, short=short)
            opened = [self._opens(target) for target in built]
        for target in (target for target, works in zip(built, opened, strict=True) if not works):
            print(f"left out: a whole {target.name} fails: {' '.join(target.command)}")
        self.targets = [target for target, works in zip(built, opened, strict=True) if works]
        files = {(one.folder, one.victim): self.corpus / one.folder / one.victim for one in self.targets}
        self._data = {key: file.read_bytes() for key, file in files.items()}

    def _opens(self, target: Target) -> bool:
        """Open the file unharmed: it must work, and loads what the command needs into this process."""
        out = self.root / "whole"
        out.mkdir()
        code = _run(_filled(target.command, self.corpus / target.folder, out))
        shutil.rmtree(out)
        return code in (0, 1)

    def target_of(self, case: int) -> Target:
        """Return what a case mutates: every type of file in turn, and of each type every target."""
        names = list(dict.fromkeys(target.name for target in self.targets))
        same = [target for target in self.targets if target.name == names[case % len(names)]]
        return same[case // len(names) % len(same)]

    def prepare(self, case: int, folder: Path) -> tuple[Target, list[str], bool]:
        """Lay out a case; return its target, its command, and whether it must say that the file is damaged."""
        rng = np.random.default_rng([self.seed, case])
        target = self.target_of(case)
        for name in ("out", "home", "work"):
            (folder / name).mkdir(parents=True)
        (folder / "canary").write_bytes(b"canary")
        shutil.copytree(self.corpus / target.folder, folder / "in", copy_function=_link)
        victim = folder / "in" / target.victim
        must_say = False
        if rng.random() < _NO_FILE_SHARE:
            place_no_file(victim, folder / "canary", rng)
        else:
            keys = list(self._data)
            data = mutate(self._data[target.folder, target.victim], self._data[keys[int(rng.integers(len(keys)))]], rng)
            victim.unlink()
            victim.write_bytes(data)
            must_say = target.checked and is_damaged_png(data)
        return target, _filled(target.command, folder / "in", folder / "out"), must_say

    def run(self, cases: Sequence[int], workers: int, keep: Path | None = None) -> Iterator[Finding]:
        """Run the cases and yield what went wrong."""
        waiting, running = collections.deque(cases), dict[int, tuple[int, Path, float, Target, bool, list[str]]]()
        base = keep or self.root / "cases"
        while waiting or running:
            while waiting and len(running) < workers:
                case = waiting.popleft()
                folder = base / str(case)
                target, command, must_say = self.prepare(case, folder)
                before = _names(folder)
                process = _start(command, folder)
                running[process] = (case, folder, time.monotonic(), target, must_say, before)
            process, status, usage = os.wait4(-1, os.WNOHANG)
            if process in running:
                case, folder, _, target, must_say, before = running.pop(process)
                for kind, detail in _judge(folder, status, usage.ru_maxrss * 1024, must_say, before):
                    yield Finding(case, target.name, kind, detail)
                if keep is None:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            for other, (*_, started, _target, _must, _before) in running.items():
                if time.monotonic() - started > WALL_SECONDS:
                    os.kill(other, signal.SIGALRM)
            time.sleep(0.002)


def _link(source: str, destination: str) -> None:
    os.link(source, destination)


def _filled(command: Sequence[str], folder: Path, out: Path) -> list[str]:
    return [part.replace("{in}", str(folder)).replace("{out}", str(out)) for part in command]


def _names(folder: Path) -> list[str]:
    """List everything of a case that must not change: all but its output folder."""
    return sorted(
        f"{path.relative_to(folder)} {path.lstat().st_size if path.is_file() else 0}"
        for top in ("in", "work", "canary")
        for path in [folder / top, *(folder / top).rglob("*")]
    )


def _start(command: list[str], folder: Path) -> int:
    process = os.fork()
    if process:
        return process
    code = 99
    try:
        os.chdir(folder / "work")
        os.environ.update(HOME=str(folder / "home"), XDG_CACHE_HOME=str(folder / "home"))
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + _HEADROOM_BYTES,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _redirect(folder / "said.txt")
        try:
            run_and_leave(command)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else 0
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _redirect(path: Path) -> None:
    said = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(said, number)


@contextlib.contextmanager
def _silence(path: Path) -> Iterator[None]:
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    _redirect(path)
    try:
        yield
    finally:
        sys.stdout.flush()
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)


def _judge(folder: Path, status: int, peak: int, must_say: bool, before: list[str]) -> Iterator[tuple[str, str]]:
    said = (folder / "said.txt").read_bytes()[-20_000:] if (folder / "said.txt").exists() else b""
    last = said.decode("utf-8", "replace").strip().splitlines()[-8:]
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        hang = number in (signal.SIGALRM, signal.SIGXCPU, signal.SIGKILL)
        yield ("hang" if hang else "crash"), f"signal {number}; {' | '.join(last)[-300:]}"
        return
    code = os.WEXITSTATUS(status)
    if b"Traceback (most recent call last)" in said or b"This is a fault in renderkit" in said or code == 99:
        frames = [line.strip() for line in last if "Error" in line or "File" in line]
        yield "traceback", " | ".join(frames or last)[-400:]
    elif found := _PYTHON_WARNING.search(said):
        yield "warning", found[0].decode("utf-8", "replace")[-300:]
    if peak > MAX_BYTES:
        yield "memory", f"{peak / 2**30:.1f} GiB"
    changed = set(_names(folder)) ^ set(before)
    written = {name for name in changed if not name.startswith("in/one")}
    if written or (folder / "canary").read_bytes() != b"canary":
        yield "outside", ", ".join(sorted(written))[:300]
    if must_say and code == 0 and not any(word in said for word in _SAID):
        yield "silent", "damage that a checksum shows passed with exit code 0"


def print_table(attack: Attack, done: Sequence[int], findings: Sequence[Finding], seconds: float) -> None:
    """Print cases and findings by type of file."""
    kinds = ("crash", "traceback", "warning", "hang", "memory", "outside", "silent")
    names = list(dict.fromkeys(target.name for target in attack.targets))
    cases = collections.Counter(attack.target_of(case).name for case in done)
    found = collections.Counter((one.target, one.kind) for one in findings)
    print(f"| {'file':28} | {'cases':>6} | {' | '.join(kinds)} |\n|---|---:|{'---:|' * len(kinds)}")
    for name in names:
        cells = " | ".join(f"{found[name, kind]:>{len(kind)}}" for kind in kinds)
        print(f"| {name:28} | {cases[name]:>6} | {cells} |")
    totals = " | ".join(str(sum(found[name, kind] for name in names)) for kind in kinds)
    print(f"| all | {len(done)} | {totals} |\n{seconds:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="Number of the first case, to run them in parts.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", type=int, action="append", help="Run this case alone; may be repeated.")
    parser.add_argument("--keep", type=Path, help="Keep the cases' folders here.")
    parser.add_argument("--short", action="store_true", help="Camera files and small ones alone, without a renderer.")
    parser.add_argument("--quiet", action="store_true", help="Print the table alone.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attack-") as root:
        attack = Attack(Path(root), options.seed, short=options.short)
        started = time.monotonic()
        findings = []
        cases = options.only or range(options.first, options.first + options.cases)
        for one in attack.run(cases, options.workers, options.keep):
            findings.append(one)
            if not options.quiet:
                print(f"case {one.case} {one.target}: {one.kind}: {one.detail}", flush=True)
        print_table(attack, cases, findings, time.monotonic() - started)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
