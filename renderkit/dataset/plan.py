"""What is to be done: every capture cut into units of work, each with the key of what decides its result."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from renderkit.dataset.discover import FoundCapture
from renderkit.dataset.identity import input_state
from renderkit.dataset.settings import DatasetSettings, content_key
from renderkit.dataset.survey import Survey
from renderkit.errors import ArgumentError, RenderkitError
from renderkit.untrusted.remote import shown_path

VIEWS_PER_UNIT: Final = 512
"""About so many views are one unit of work: seconds, so that little is lost and little is spent on storing."""

Selection: TypeAlias = tuple[tuple[str, ...], tuple[str, ...] | None]
"""Frames, and the cameras that are scored in them; None for all."""


@dataclass(frozen=True)
class Unit:
    """One piece of work: a block of a capture's frames.

    Attributes:
        block: Its number in the capture.
        key: Identity of what decides its rows: inputs, options, version, views.
        views: What is scored.
    """

    block: int
    key: str
    views: tuple[Selection, ...]


@dataclass(frozen=True)
class PlannedCapture:
    """One capture of a run.

    Attributes:
        found: Where it is and what it is called.
        identity: Identity of its files; "" where they could not be read.
        stamp: Their sizes and times, looked at again when it is worked on.
        units: Its units of work.
        num_views: Views of all units.
        failure: Why nothing can be done; "" where it can.
    """

    found: FoundCapture
    identity: str = ""
    stamp: str = ""
    units: tuple[Unit, ...] = ()
    num_views: int = 0
    failure: str = ""

    @property
    def id(self) -> str:
        """Its name in the run folder."""
        return self.found.id

    def conclusion_key(self, settings: DatasetSettings) -> str:
        """Identity of what decides the capture's report."""
        units = [unit.key for unit in self.units]
        return content_key(self.id, self.identity, settings.scoring_key, units, settings.concluding_key, self.failure)


@dataclass(frozen=True)
class Sample:
    """A part of the views instead of all: so many, spread evenly over captures and cameras.

    Attributes:
        num_views: Views of the whole dataset.
        seed: Chooses which.
    """

    num_views: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ArgumentError: If no view is asked for.
        """
        if self.num_views < 1:
            raise ArgumentError(f"sample: expected at least 1 view, got {self.num_views}")


@dataclass(frozen=True)
class Shard:
    """One of several runs that share the captures of a dataset: shard 0 of 7 to shard 6 of 7."""

    index: int
    count: int

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ArgumentError: If there is no such shard.
        """
        if not 0 <= self.index < self.count:
            raise ArgumentError(
                f"shard {self.index}/{self.count}: expected I/N with I from 0 to {max(self.count - 1, 0)}"
            )

    def of(self, captures: Sequence[FoundCapture]) -> Sequence[FoundCapture]:
        """Return this shard's captures: every `count`-th."""
        return captures[self.index :: self.count]

    def __str__(self) -> str:
        """Return it as it is written on the command line."""
        return f"{self.index}/{self.count}"


def plan_captures(
    captures: Sequence[FoundCapture],
    settings: DatasetSettings,
    *,
    sample: Sample | None = None,
    views_per_unit: int = VIEWS_PER_UNIT,
) -> tuple[PlannedCapture, ...]:
    """Open each capture and cut it into units.

    A capture that cannot be opened is planned with its failure: it is never left out in silence.
    """
    shares = None if sample is None else _shares(captures, sample)
    wanted = [
        (found, None if shares is None or sample is None else (shares[found.id], f"{sample.seed}/{found.id}"))
        for found in captures
        if shares is None or shares[found.id] > 0
    ]
    with Survey() as survey:
        return tuple(survey.map(partial(_plan, settings, views_per_unit), wanted))


def _plan(
    settings: DatasetSettings, views_per_unit: int, wanted: tuple[FoundCapture, tuple[int, str] | None]
) -> PlannedCapture:
    found, chosen = wanted
    if found.failure:
        return PlannedCapture(found, failure=found.failure)
    try:
        with settings.open(found.path, found.place) as capture:
            options = settings.options(capture)
            state = input_state(capture)
            frames = capture.frame_ids if options.frames is None else options.frames
            cameras = capture.camera_names if options.cameras is None else options.cameras
    except (RenderkitError, OSError, KeyError) as error:
        return PlannedCapture(found, failure=f"{type(error).__name__}: {error}")
    if settings.census is not None:
        blocks: list[tuple[Selection, ...]] = []  # the census chooses its views itself
        num_views = len(frames) * len(cameras)
    elif chosen is None:
        per_block = max(1, views_per_unit // max(1, len(cameras)))
        blocks = [((tuple(frames[start : start + per_block]), None),) for start in range(0, len(frames), per_block)]
        num_views = len(frames) * len(cameras)
    else:
        blocks, num_views = [_sampled(frames, cameras, *chosen)], min(chosen[0], len(frames) * len(cameras))
    return planned(found, state.identity, state.stamp, blocks, settings.scoring_key, num_views)


def planned(
    found: FoundCapture,
    identity: str,
    stamp: str,
    blocks: Iterable[tuple[Selection, ...]],
    scoring_key: str,
    num_views: int,
) -> PlannedCapture:
    """Return a capture with its units and their keys."""
    # The name is in the key: rows are stored under it.
    units = tuple(
        Unit(index, content_key(found.id, identity, scoring_key, views), views) for index, views in enumerate(blocks)
    )
    return PlannedCapture(found, identity, stamp, units, num_views)


def _shares(captures: Sequence[FoundCapture], sample: Sample) -> Mapping[str, int]:
    """Return how many views each capture gets: equal numbers, the rest by lot."""
    whole, rest = divmod(sample.num_views, max(1, len(captures)))
    lucky = set(_lot(f"{sample.seed}").sample([one.id for one in captures], rest))
    return {one.id: whole + (one.id in lucky) for one in captures}


def _sampled(frames: Sequence[str], cameras: Sequence[str], num_views: int, seed: str) -> tuple[Selection, ...]:
    """Choose views: each camera as often as any other, in frames by lot."""
    lot = _lot(seed)
    order = lot.sample(list(cameras), len(cameras))
    of_frame: dict[str, list[str]] = defaultdict(list)
    for index, camera in enumerate(order):
        wanted = num_views // len(cameras) + (index < num_views % len(cameras))
        for frame in lot.sample(list(frames), min(wanted, len(frames))):
            of_frame[frame].append(camera)
    place = {camera: index for index, camera in enumerate(cameras)}
    return tuple(
        ((frame,), tuple(sorted(of_frame[frame], key=place.__getitem__))) for frame in frames if frame in of_frame
    )


def _lot(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a sample, no secret


def plan_json(captures: Iterable[PlannedCapture]) -> list[dict[str, Any]]:
    """Return what plan.json holds of each capture: its keys, but not the names of its frames."""
    return [
        {
            **vars(one.found),
            "path": shown_path(one.found.path),
            "identity": one.identity,
            "num_views": one.num_views,
            "failure": one.failure,
            "units": [unit.key for unit in one.units],
        }
        for one in captures
    ]


def plan_from_json(value: Iterable[Mapping[str, Any]]) -> tuple[PlannedCapture, ...]:
    """Read what `plan_json` wrote; units know their keys alone.

    Raises:
        KeyError, TypeError: If it is something else.
    """
    found = []
    for one in value:
        place = FoundCapture(one["id"], Path(one["path"]), one["subject"], one["day"], one["place"])
        units = tuple(Unit(index, key, ()) for index, key in enumerate(one["units"]))
        found.append(PlannedCapture(place, one["identity"], "", units, int(one["num_views"]), one["failure"]))
    return tuple(found)
