"""How commands are declared: click's, with a line of help for arguments as for options."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

Declared = TypeVar("Declared", bound=Callable[..., Any])

PATH: Final = click.Path(readable=False, path_type=Path)
"""A path, for the shell's completion too. Whoever reads it says what is wrong with it."""

PATH_OR_TEXT: Final = click.Path(readable=False)
"""Likewise, but as it was typed: it may also be a name, a pattern or an address."""


class IntRange(click.IntRange):
    """An integer within limits, which is called one in the help and in messages."""

    name = "integer"


class FloatRange(click.FloatRange):
    """Likewise a number."""

    name = "float"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's own
        """Return a number within the limits, which NaN is not."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return number


class Argument(click.Argument):
    """An argument that says what it is: click's do so from 8.5 on."""

    def __init__(self, *declaration: Any, about: str, **settings: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*declaration, **settings)
        self.about = f"{about}  [required]" if self.required else about


class Command(click.Command):
    """A command whose help lists its arguments before its options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments and the options."""
        rows = [(one.human_readable_name, one.about) for one in self.params if isinstance(one, Argument)]
        if rows:
            with formatter.section("Arguments"):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)


def command() -> Callable[[Callable[..., None]], Command]:
    """Return a decorator that makes a function a command; its docstring is the help."""
    return click.command(cls=Command)


def argument(name: str, metavar: str, about: str, **settings: Any) -> Callable[[Declared], Declared]:  # noqa: ANN401 - click's own
    """Return a decorator that adds an argument to a command."""
    return click.argument(name, cls=Argument, metavar=metavar, about=about, **settings)


def together(*decorators: Callable[[Any], Any]) -> Callable[[Declared], Declared]:
    """Return one decorator for options that several commands take, in the order of the help."""

    def decorate(declared: Declared) -> Declared:
        for decorator in reversed(decorators):
            declared = decorator(declared)
        return declared

    return decorate
