"""Many renders in one process: `python benchmarks/soak.py [RENDERS]`, 150,000 by default, for each renderer.

The last picture must equal the first to the bit, and the memory after all of them that after the first twentieth within
2 %. The pictures are small, so that it takes minutes; what a renderer keeps from view to view does not depend on that.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import trimesh

import renderkit as rk
from renderkit.renderers.choose import RendererKind

SIZE = (64, 48)
NUM_CAMERAS = 10


def soak(kind: RendererKind, count: int) -> bool:
    """Render `count` views of a sphere, from ten cameras in turn; return whether all is as it should be."""
    ball = trimesh.creation.icosphere(2, 1.0)
    mesh = rk.Mesh(ball.vertices, ball.faces)
    places = [(3.0, 0.2 * index, 0.1 * index) for index in range(NUM_CAMERAS)]
    cameras = [rk.Camera.look_at(place, (0.0, 0.0, 0.0), SIZE) for place in places]
    started, peak, early = (time.monotonic(), time.process_time()), 0, 0
    with rk.make_renderer(kind, threads=1) as renderer:
        first = renderer.render(mesh, cameras[0])
        for index in range(1, count):
            renderer.render(mesh, cameras[index % NUM_CAMERAS])
            if index % max(1, count // 200) == 0:
                memory = _memory()
                early = memory if index <= count // 20 else early
                peak = max(peak, memory)
        last = renderer.render(mesh, cameras[0])
        late = _memory()
    same = first.face_index.tobytes() == last.face_index.tobytes() and first.depth.tobytes() == last.depth.tobytes()
    growth = late / early - 1.0
    print(
        f"{kind}: {count} renders of {SIZE[0]} x {SIZE[1]} px, {time.monotonic() - started[0]:.0f} s, "
        f"{time.process_time() - started[1]:.0f} s of CPU; last picture {'equal to' if same else 'DIFFERS from'} the "
        f"first; memory {early / 2**20:.1f} MiB after a twentieth, {late / 2**20:.1f} MiB at the end "
        f"({100 * growth:+.2f} %), peak {peak / 2**20:.1f} MiB",
        flush=True,
    )
    return same and abs(growth) <= 0.02


def _memory() -> int:
    """Return the memory of this process that is in RAM, bytes; Linux."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 150_000
    sys.exit(0 if sum(soak(kind, number) for kind in ("cpu", "egl")) == 2 else 1)
