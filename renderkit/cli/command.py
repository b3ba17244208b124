"""How commands are declared: click's, with a line of help for arguments as for options."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any, Final, cast

import click

from renderkit.cli.option_rules import Declared, check_rules

_OUTPUTS: Final = frozenset({"out", "target"})
"""What commands call the argument that says where they write."""

_SECTION: Final = "renderkit_section"
"""Attribute of a click parameter: the title that it is listed under."""

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
    """A command whose help lists its arguments, then its options by group; options that it would ignore are refused."""

    def invoke(self, ctx: click.Context) -> object:
        """Run it, once its options are found to go together."""
        from renderkit.writing import no_empty_folders

        check_rules(ctx)
        with ExitStack() as stack:
            for name in _OUTPUTS & ctx.params.keys():
                if isinstance(ctx.params[name], Path):
                    stack.enter_context(no_empty_folders(ctx.params[name]))
            return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments and the options."""
        rows = [(one.human_readable_name, one.about) for one in self.params if isinstance(one, Argument)]
        sections = {"Arguments": rows}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and not isinstance(parameter, click.Argument):
                sections.setdefault(getattr(parameter, _SECTION, "Options"), []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def command() -> Callable[[Callable[..., None]], Command]:
    """Return a decorator that makes a function a command; its docstring is the help."""
    return click.command(cls=Command)


def argument(name: str, metavar: str, about: str, **settings: Any) -> Callable[[Declared], Declared]:  # noqa: ANN401 - click's own
    """Return a decorator that adds an argument to a command."""
    return click.argument(name, cls=Argument, metavar=metavar, about=about, **settings)


def together(*decorators: Callable[[Any], Any], section: str = "") -> Callable[[Declared], Declared]:
    """Return one decorator for options that several commands take, in the order of the help.

    Args:
        decorators: As click's `option` returns them.
        section: Title above them in the help; "" leaves each where it says itself.
    """

    def decorate(declared: Declared) -> Declared:
        others = len(_parameters(declared))
        for decorator in reversed(decorators):
            declared = decorator(declared)
        for parameter in _parameters(declared)[others:] if section else ():
            setattr(parameter, _SECTION, section)
        return declared

    return decorate


def as_mapping(name: str, options: Callable[[Any], Any]) -> Callable[[Declared], Declared]:
    """Return a decorator whose options' values the command takes as one mapping, the argument `name`."""

    def decorate(declared: Declared) -> Declared:
        taken = names_of(options)
        options(declared)

        @wraps(declared)
        def call(*args: Any, **values: Any) -> object:  # noqa: ANN401 - a command's
            return declared(*args, **{name: {each: values.pop(each) for each in taken}}, **values)

        return cast("Declared", call)

    return decorate


def names_of(options: Callable[[Any], Any]) -> tuple[str, ...]:
    """Return the arguments that a command takes the values of options by."""

    def taking() -> None:
        """Takes them."""

    options(taking)
    return tuple(str(parameter.name) for parameter in reversed(_parameters(taking)))


def _parameters(declared: Callable[..., Any]) -> list[click.Parameter]:
    """Return a function's parameters so far, the last one first: the list that click itself appends to."""
    found: list[click.Parameter] = getattr(declared, "__click_params__", [])
    return found
