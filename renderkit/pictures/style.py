"""How a picture of a view should look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, cast

from renderkit.arguments import as_count, as_number, as_texts, refused
from renderkit.errors import ArgumentError
from renderkit.images.palette import BACKDROP, CAPTURED, ERROR, FAINT, PREDICTED, Rgb
from renderkit.images.reduced import Window
from renderkit.wording import did_you_mean

Crop: TypeAlias = Literal["mesh", "face"] | Window

COLORS: Final[Mapping[str, Rgb]] = MappingProxyType(
    {
        "captured": CAPTURED,
        "rendered": PREDICTED,
        "error": ERROR,
        "hidden": FAINT,
        "wireframe": (255, 255, 255),
        "backdrop": BACKDROP,
    }
)
"""What has a colour of its own, and its default."""

PHOTO, TRANSPARENT, PLAIN = "photo", "transparent", "plain"
BACKGROUNDS: Final = (PHOTO, TRANSPARENT, PLAIN)

DEFAULT_LAYERS: Final = ("shaded", "outline", "landmarks")
_MAX_SIDE = 16384
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


@dataclass(frozen=True, eq=False)
class OverlayStyle:
    """What to draw and how large.

    Attributes:
        layers: Names of layers, the first at the bottom; lines and marks lie over all surfaces.
        max_size: Longest side of the picture in px, without its caption. Small pictures are enlarged by a whole factor.
        opacity: Of surfaces, 0 to 1.
        line_px: Width of lines in the written picture.
        mark_px: Radius of landmarks in the written picture.
        colors: RGB of what `COLORS` names, such as "captured" and "rendered"; the defaults for others.
        background: "photo", "transparent" (PNG and WebP only), or "plain", a single colour.
        crop: "mesh", "face", or (x, y, width, height) in px of the photograph; None shows all of it.
        side_by_side: Whether the bare photograph stands to the left.
        caption: Whether a panel with names, numbers and the legend stands below.

    Example:
        >>> import renderkit as rk
        >>> rk.OverlayStyle(max_size=800, layers=("outline",)).max_size
        800
    """

    layers: tuple[str, ...] = DEFAULT_LAYERS
    max_size: int = 1600
    opacity: float = 0.45
    line_px: float = 2.0
    mark_px: float = 3.0
    colors: Mapping[str, Rgb] = field(default_factory=dict)
    background: str = PHOTO
    crop: Crop | None = None
    side_by_side: bool = False
    caption: bool = True

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If a number is out of its range, or a colour or background is not known.
        """
        for name in ("opacity", "line_px", "mark_px"):
            as_number(name, getattr(self, name))
        if not isinstance(self.colors, Mapping):
            raise refused("colors", "colours by name", self.colors)
        if not 16 <= as_count("max_size", self.max_size) <= _MAX_SIDE:
            raise ValueError(f"max_size: expected 16 to {_MAX_SIDE} px, got {self.max_size}")
        if not 0.0 <= self.opacity <= 1.0:
            raise ValueError(f"opacity: expected 0 to 1, got {self.opacity:g}")
        if not (0.0 <= self.line_px <= 100.0 and 0.0 <= self.mark_px <= 100.0):
            raise ValueError(f"expected 0 to 100 px, got line_px = {self.line_px:g} and mark_px = {self.mark_px:g}")
        if self.background not in BACKGROUNDS:
            raise ValueError(f"background: expected one of {', '.join(BACKGROUNDS)}, got {self.background!r}")
        for name, color in self.colors.items():
            _check_color(name, color)
        object.__setattr__(self, "layers", as_texts("layers", self.layers, "names of layers"))
        object.__setattr__(self, "colors", MappingProxyType(dict(self.colors)))

    def color(self, name: str) -> Rgb:
        """Return the colour of something named in `COLORS`."""
        return self.colors.get(name, COLORS[name])

    def thin(self, max_size: int, line_px: float, mark_px: float) -> OverlayStyle:
        """Return the style of a small tile: thin lines, no caption."""
        return replace(self, max_size=max_size, line_px=line_px, mark_px=mark_px, caption=False, side_by_side=False)


def style_with(base: OverlayStyle, values: Mapping[str, Any], where: str) -> OverlayStyle:
    """Return a style with some values replaced, as a preset or the command line states them.

    Args:
        base: The style to begin with.
        values: By attribute; texts are read: layers "shaded,outline", colours "#rrggbb", crop "mesh" or "X,Y,W,H".
        where: What is named in errors.

    Raises:
        ArgumentError: If a key is not an attribute, or a value is not valid for it.
    """
    known = tuple(each.name for each in fields(OverlayStyle))
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            hint = did_you_mean(key, known)
            raise ArgumentError(f"{where}: unknown key {key!r}; {hint}There are: {', '.join(known)}")
        try:
            changes[key] = _read(key, value, base)
        except (ValueError, TypeError) as error:
            raise ArgumentError(f"{where} {key}: {error}") from error
    try:
        return replace(base, **changes)
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"{where}: {error}") from error


def _read(key: str, value: object, base: OverlayStyle) -> object:
    if key == "layers":
        names = value.split(",") if isinstance(value, str) else cast("list[str]", value)
        return tuple(str(name).strip() for name in names if str(name).strip())
    if key == "colors":
        return {**base.colors, **parse_colors(value)}
    if key == "crop" and value is not None:
        return parse_crop(value)
    expected = type(getattr(base, key))
    if key not in {"crop"} and not isinstance(value, expected) and not (expected is float and type(value) is int):
        raise ValueError(f"expected {_KINDS[expected]}, found {value!r}")
    return value


_KINDS: Final[Mapping[type, str]] = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def parse_colors(value: object) -> dict[str, Rgb]:
    """Read colours: a mapping of names to "#rrggbb", or a text such as "captured=#56beff,rendered=#ffd000".

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, str):
        pairs = [part.partition("=")[::2] for part in value.split(",") if part.strip()]
    elif isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        raise ValueError(f"expected colours by name, found {value!r}")  # noqa: TRY004 - one kind of error for bad input
    colors: dict[str, Rgb] = {}
    for given, text in pairs:
        name = str(given).strip()
        color = _parse_color(text)
        _check_color(name, color)
        colors[name] = color
    return colors


def parse_crop(value: object) -> Crop:
    """Read "mesh", "face", "X,Y,W,H" or four whole numbers.

    Raises:
        ValueError: If it is none of these.
    """
    if value in {"mesh", "face"} if isinstance(value, str) else False:
        return cast("Crop", value)
    parts = value.split(",") if isinstance(value, str) else value
    try:
        numbers = tuple(int(part) for part in cast("list[str]", parts))
    except (ValueError, TypeError) as error:
        raise ValueError(f"expected mesh, face or X,Y,W,H in px, found {value!r}") from error
    if len(numbers) != 4 or min(numbers[2:]) < 1:
        raise ValueError(f"expected mesh, face or X,Y,W,H in px, found {value!r}")
    return numbers


def _parse_color(value: object) -> Rgb:
    if isinstance(value, str):
        found = _HEX.fullmatch(value.strip())
        if found is None:
            raise ValueError(f"expected a colour such as #ffd000, found {value!r}")
        return cast("Rgb", tuple(bytes.fromhex(found[1])))
    return cast("Rgb", tuple(cast("list[int]", value)))


def _check_color(name: str, color: Rgb) -> None:
    if name not in COLORS:
        raise ValueError(f"colors: there is no {name!r}; {did_you_mean(name, COLORS)}There are: {', '.join(COLORS)}")
    if len(color) != 3 or not all(isinstance(part, int) and 0 <= part <= 255 for part in color):
        raise ValueError(f"colors: {name}: expected three numbers from 0 to 255, got {color!r}")
