"""Pairs of masks that have broken mask metrics before: random, empty, full, border-touching, one pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from renderkit.arrays import MaskImage

MaskPair = tuple[MaskImage, MaskImage]
SHAPE = (60, 83)


def _disc(x: float, y: float, radius: float) -> MaskImage:
    rows, columns = np.indices(SHAPE)
    inside: MaskImage = (columns - x) ** 2 + (rows - y) ** 2 <= radius * radius
    return inside


def _noise(share: float, seed: int) -> MaskImage:
    noisy: MaskImage = np.random.default_rng(seed).random(SHAPE) < share
    return noisy


def _box(rows: slice, columns: slice) -> MaskImage:
    mask = np.zeros(SHAPE, np.bool_)
    mask[rows, columns] = True
    return mask


def _ring() -> MaskImage:
    return _disc(40, 30, 22) & ~_disc(42, 29, 12)


NOTHING = np.zeros(SHAPE, np.bool_)
CASES: dict[str, Callable[[], MaskPair]] = {
    "discs": lambda: (_disc(38, 28, 17.5), _disc(43, 31, 19)),
    "far discs": lambda: (_disc(8, 8, 5), _disc(72, 50, 6)),
    "equal": lambda: (_disc(38, 28, 17.5), _disc(38, 28, 17.5)),
    "noise": lambda: (_noise(0.5, 1), _noise(0.4, 2)),
    "sparse noise": lambda: (_noise(0.01, 3), _noise(0.02, 4)),
    "dense noise": lambda: (_noise(0.98, 5), _disc(30, 30, 20)),
    "ring": lambda: (_ring(), _disc(40, 30, 21)),
    "border": lambda: (_box(slice(0, 40), slice(0, 50)), _box(slice(0, 44), slice(3, 83))),
    "half planes": lambda: (_box(slice(0, 60), slice(0, 30)), _box(slice(0, 60), slice(0, 37))),
    "one pixel": lambda: (_box(slice(20, 21), slice(30, 31)), _disc(40, 30, 10)),
    "corner pixel": lambda: (_box(slice(0, 1), slice(0, 1)), _box(slice(59, 60), slice(82, 83))),
    "two empty": lambda: (NOTHING, NOTHING),
    "rendered empty": lambda: (NOTHING, _disc(40, 30, 10)),
    "captured empty": lambda: (_disc(40, 30, 10), NOTHING),
    "full": lambda: (~NOTHING, ~NOTHING),
    "full and disc": lambda: (~NOTHING, _disc(40, 30, 10)),
    "lines": lambda: (_box(slice(10, 11), slice(5, 70)), _box(slice(5, 50), slice(20, 21))),
}


@pytest.fixture(params=list(CASES))
def mask_case(request: pytest.FixtureRequest) -> MaskPair:
    """A rendered and a captured mask."""
    return CASES[request.param]()


@pytest.fixture
def shifted_head() -> MaskPair:
    """An ellipse of 1100 x 1400 px and the same moved 20 px to the right, in a 2448 x 2048 picture."""
    rows, columns = np.ogrid[:2048, :2448]
    rendered, captured = (
        ((columns - 1224.0 - shift) / 550.0) ** 2 + ((rows - 1024.0) / 700.0) ** 2 <= 1.0 for shift in (0.0, 20.0)
    )
    return rendered, captured
