"""Options that several commands take all of, stated once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

from renderkit.cli.arguments import (
    CameraNamesOption,
    CamerasOption,
    CaptureArgument,
    FalseAlarmsOption,
    FramesOption,
    ImagesOption,
    LandmarksOption,
    MinConfidenceOption,
    RigOption,
    SizeOption,
    parse_camera_names,
    parse_size,
)

Command = Callable[..., None]


def _rig_options(
    capture: CaptureArgument = None,
    landmarks: LandmarksOption = None,
    min_confidence: MinConfidenceOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    rig: RigOption = None,
    images: ImagesOption = None,
    camera_names: CameraNamesOption = None,
    size: SizeOption = None,
    false_alarms: FalseAlarmsOption = 0.01,
) -> None:
    """Hold the options of a command that judges the rig of a capture."""


def judges_rig(command: Command) -> Command:
    """Return the command with the options above; their values, read, are its first argument, a dictionary by name."""
    own = list(inspect.signature(command).parameters.values())[1:]
    shared = inspect.signature(_rig_options).parameters

    @functools.wraps(command)
    def typed(**values: Any) -> None:  # noqa: ANN401 - options of any type
        given = {name: values.pop(name) for name in shared}
        given["camera_names"] = parse_camera_names(given["camera_names"])
        given["size"] = parse_size(given["size"])
        command(given, **values)

    take_parameters(typed, (*shared.values(), *own), command, _rig_options)
    return typed


def take_parameters(taker: Command, parameters: Iterable[inspect.Parameter], *stated: Command) -> None:
    """Give a function the parameters, by keyword, with the annotations of the functions that state them."""
    hints: dict[str, Any] = {}
    for function in stated:
        hints |= get_type_hints(function, include_extras=True)
    named = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name]) for one in parameters]
    taker.__dict__["__signature__"] = inspect.Signature(named)
    taker.__annotations__ = {one.name: hints[one.name] for one in named} | {"return": None}
