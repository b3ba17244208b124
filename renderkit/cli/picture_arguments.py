"""The options that say how pictures look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import click

from renderkit.cli.command import FloatRange, IntRange, together

if TYPE_CHECKING:
    from renderkit.pictures.style import OverlayStyle


PICTURE_FORMATS: Final = ("jpg", "png", "webp")
BACKGROUNDS: Final = ("photo", "transparent", "plain")

side_by_side_option = click.option(
    "--side-by-side", is_flag=True, help="Put the photograph without layers to the left."
)
draws_pictures = together(
    click.option(
        "--preset",
        metavar="NAME",
        help="A named look: outline, face, compare, wire, errors, depth, model, or one of renderkit.toml.",
    ),
    click.option(
        "--layers",
        metavar="LIST",
        help="Of shaded, textured, normals, depth, tint, heat, wireframe, outline, landmarks; "
        "shaded,outline,landmarks by default.",
    ),
    click.option("--opacity", type=FloatRange(0, 1), help="Opacity of surfaces; 0.45 by default."),
    click.option("--line-width", type=FloatRange(0, 100), help="Width of lines in px; 2 by default."),
    click.option(
        "--colors",
        metavar="NAME=#RRGGBB,...",
        help="Colours of captured, rendered, error, hidden, wireframe, backdrop.",
    ),
    click.option("--background", type=click.Choice(BACKGROUNDS), help="Background; the photograph by default."),
    click.option("--crop", metavar="mesh|face|X,Y,W,H", help="Show a part, in px of the photograph."),
    click.option("--no-caption", is_flag=True, help="Leave out the panel of names and numbers."),
    click.option("--max-size", type=IntRange(64, 16384), help="Longest side of a picture in px; 1600 by default."),
    click.option(
        "--format", "file_format", type=click.Choice(PICTURE_FORMATS), help="Format of the files; jpg by default."
    ),
    click.option(
        "--name",
        metavar="PATTERN",
        help="Names of the files, such as '{capture}_{frame}_{camera}.png'; {mesh} is known as well.",
    ),
    section="Style",
)
"""The options of a command that draws pictures in a style: those of a `StyleChoice`."""


@dataclass(frozen=True, eq=False)
class PictureLook:
    """How pictures look and what their files are called.

    Attributes:
        style: How to draw.
        suffix: ".jpg", ".png" or ".webp".
        name: Pattern of the files' names without the suffix, or None for the usual one.
    """

    style: OverlayStyle
    suffix: str
    name: str | None


@dataclass(frozen=True, eq=False)
class StyleChoice:
    """The options of style that were given.

    Attributes:
        preset: Name of a preset, or None.
        values: By attribute of `OverlayStyle`, "format" and "name".
    """

    preset: str | None
    values: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        *,
        preset: str | None,
        line_width: float | None,
        no_caption: bool,
        file_format: str | None,
        **others: Any,  # noqa: ANN401 - options that are called as the attribute is
    ) -> Self:
        """Take the options' values; those that were not given are left out."""
        values = others | {
            "line_px": line_width, "caption": False if no_caption else None, "format": file_format,
        }  # fmt: skip
        return cls(preset, {key: value for key, value in values.items() if value is not None})

    def __bool__(self) -> bool:
        """Whether any was given."""
        return self.preset is not None or bool(self.values)


def refuse_inputs(written: Iterable[Path], read: Iterable[Path]) -> None:
    """Refuse to write pictures over the files that they are made from.

    Args:
        written: Where the pictures go.
        read: The capture's files.

    Raises:
        ArgumentError: If a picture would replace one of them.
    """
    from renderkit.errors import ArgumentError

    own = {path.resolve() for path in read}
    clash = next((path for path in written if path.resolve() in own), None)
    if clash is not None:
        raise ArgumentError(f"{clash} is a file of the capture: choose another --out or --name")


def read_look(choice: StyleChoice, *, opacity: float | None = None, side_by_side: bool = False) -> PictureLook:
    """Put a preset and options together; options overrule it.

    Args:
        choice: The options.
        opacity: Of surfaces, where neither says it; None for the usual one.
        side_by_side: Put the photograph without layers to the left, whatever the preset says.

    Raises:
        ArgumentError: If a value is not valid, or the format cannot hold a transparent picture.
        GateError: If the renderkit.toml of this folder is not valid.
    """
    from renderkit.errors import ArgumentError
    from renderkit.gates import CONFIG_FILE
    from renderkit.gates.config import GateConfig, read_gate_config
    from renderkit.pictures.layers.registry import find_layers
    from renderkit.pictures.presets import find_preset
    from renderkit.pictures.style import TRANSPARENT, OverlayStyle, style_with

    here = Path(CONFIG_FILE)
    own = (read_gate_config(here) if here.is_file() else GateConfig()).presets
    preset = choice.preset
    chosen = {} if preset is None else dict(find_preset(preset, own))
    chosen |= {**choice.values, **({"side_by_side": True} if side_by_side else {})}
    name, file_format = chosen.pop("name", None), chosen.pop("format", None)
    style = style_with(
        OverlayStyle() if opacity is None else OverlayStyle(opacity=opacity),
        chosen,
        f"preset {preset}" if preset else "overlay",
    )
    find_layers(style.layers)
    if name is not None and Path(name).suffix.lower().lstrip(".") in {*PICTURE_FORMATS, "jpeg"}:
        file_format = file_format or Path(name).suffix.lower().lstrip(".")
        name = name[: -len(Path(name).suffix)]
    suffix = f".{file_format or ('png' if style.background == TRANSPARENT else 'jpg')}"
    if suffix not in {".jpg", ".jpeg", ".png", ".webp"}:
        raise ArgumentError(f"format: expected jpg, png or webp, got {file_format!r}")
    if style.background == TRANSPARENT and suffix in {".jpg", ".jpeg"}:
        raise ArgumentError("a JPEG cannot be transparent: choose --format png or webp")
    return PictureLook(style, suffix, name)
