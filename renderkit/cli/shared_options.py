"""Options that several commands take all of, stated once."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

from renderkit.cli.arguments import (
    CameraNamesOption,
    CamerasOption,
    CaptureArgument,
    FalseAlarmsOption,
    FlameOption,
    FramesOption,
    ImagesOption,
    LandmarksOption,
    MasksOption,
    MeshRootOption,
    MinConfidenceOption,
    OneMeshOption,
    RigOption,
    SizeOption,
    ThresholdOption,
    UndistortedMattesOption,
    parse_camera_names,
    parse_size,
)
from renderkit.cli.picture_arguments import (
    BackgroundOption,
    ColorsOption,
    CropOption,
    FormatOption,
    LayersOption,
    LineWidthOption,
    MaxSizeOption,
    NameOption,
    NoCaptionOption,
    OpacityOption,
    PresetOption,
    StyleChoice,
)

Command = Callable[..., None]


def _rig_options(
    capture: CaptureArgument = None,
    mesh: OneMeshOption = None,
    masks: MasksOption = None,
    landmarks: LandmarksOption = None,
    min_confidence: MinConfidenceOption = None,
    flame: FlameOption = None,
    mesh_root: MeshRootOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    rig: RigOption = None,
    images: ImagesOption = None,
    camera_names: CameraNamesOption = None,
    size: SizeOption = None,
    undistorted_mattes: UndistortedMattesOption = False,
    matte_threshold: ThresholdOption = 0.5,
    false_alarms: FalseAlarmsOption = 0.01,
) -> None:
    """Hold the options of a command that judges the rig of a capture."""


def judges_rig(command: Command) -> Command:
    """Return the command with the options above; their values, read, are its first argument, a dictionary by name."""
    return _taking(_rig_options, command, _read_rig_options)


def _read_rig_options(given: dict[str, Any]) -> dict[str, Any]:
    return given | {"camera_names": parse_camera_names(given["camera_names"]), "size": parse_size(given["size"])}


def _style_options(
    preset: PresetOption = None,
    layers: LayersOption = None,
    opacity: OpacityOption = None,
    line_width: LineWidthOption = None,
    colors: ColorsOption = None,
    background: BackgroundOption = None,
    crop: CropOption = None,
    no_caption: NoCaptionOption = False,
    max_size: MaxSizeOption = None,
    file_format: FormatOption = None,
    name: NameOption = None,
) -> None:
    """Hold the options of a command that draws pictures in a style."""


def draws_pictures(command: Command) -> Command:
    """Return the command with the options of style after its own; its first argument is the `StyleChoice`."""
    return _taking(_style_options, command, lambda given: StyleChoice.of(**given), own_first=True)


def _taking(
    options: Command, command: Command, read: Callable[[dict[str, Any]], Any], *, own_first: bool = False
) -> Command:
    """Return a command with shared options; what `read` makes of their values is its first argument."""
    own = list(inspect.signature(command).parameters.values())[1:]
    shared = inspect.signature(options).parameters

    @functools.wraps(command)
    def typed(**values: Any) -> None:  # noqa: ANN401 - options of any type
        given = {name: values.pop(name) for name in shared}
        command(read(given), **values)

    parts = (own, shared.values()) if own_first else (shared.values(), own)
    take_parameters(typed, itertools.chain(*parts), command, options)
    return typed


def take_parameters(taker: Command, parameters: Iterable[inspect.Parameter], *stated: Command) -> None:
    """Give a function the parameters, by keyword, with the annotations of the functions that state them."""
    hints: dict[str, Any] = {}
    for function in stated:
        hints |= get_type_hints(function, include_extras=True)
    named = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name]) for one in parameters]
    taker.__dict__["__signature__"] = inspect.Signature(named)
    taker.__annotations__ = {one.name: hints[one.name] for one in named} | {"return": None}
