"""Which options have an effect together: one that would be ignored is refused, with exit code 2.

Rules stand beside the options that they are about, as decorators of a command or of a group of options. They ask what
was typed: defaults break no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

Declared = TypeVar("Declared", bound=Callable[..., Any])

_RULES: Final = "__renderkit_rules__"
"""Attribute of a command's function: its rules, the last one first."""

_TYPED: Final = frozenset({ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT})


@dataclass(frozen=True)
class Rule:
    """Options that have no effect in some combination.

    Attributes:
        applies: Whether a command line is such a combination.
        names: The parameters that have no effect then; None for all but `kept`.
        why: What a message says after "has no effect".
        kept: Where `names` is None, the parameters that keep their effect.
    """

    applies: Callable[[click.Context], bool]
    names: Collection[str] | None
    why: str
    kept: Collection[str] = ()


def rule(
    applies: Callable[[click.Context], bool], names: Collection[str] | None, why: str, kept: Collection[str] = ()
) -> Callable[[Declared], Declared]:
    """Return a decorator that adds a rule to a command or to a group of options; see `Rule`."""

    def decorate(declared: Declared) -> Declared:
        rules: list[Rule] = declared.__dict__.setdefault(_RULES, [])
        rules.append(Rule(applies, names, why, kept))
        return declared

    return decorate


def needs(other: str, *names: str, value: object = None) -> Callable[[Declared], Declared]:
    """Return a decorator: parameters have an effect only where another has a value, or a certain one.

    Args:
        other: The parameter that is needed.
        names: The parameters that need it.
        value: What it has to be; None for any value.
    """
    spelled = f"--{other.replace('_', '-')}" + ("" if value is None else f" {value}")
    return rule(lambda context: not has_value(context, other, value), names, f"without {spelled}")


def excludes(
    other: str, *names: str, why: str = "", kept: Collection[str] | None = None
) -> Callable[[Declared], Declared]:
    """Return a decorator: parameters have no effect where another is given.

    Args:
        other: The parameter that makes them void.
        names: Those parameters; with `kept` none are named.
        why: The reason, after a colon; "" where the option's name says it.
        kept: The only parameters that keep their effect, beside the other itself.
    """
    spelled = f"with --{other.replace('_', '-')}" + (f": {why}" if why else "")
    left = None if kept is None else {other, *kept}
    return rule(lambda context: has_value(context, other), names if left is None else None, spelled, left or ())


def was_typed(context: click.Context, name: str) -> bool:
    """Whether the user gave a parameter."""
    return context.get_parameter_source(name) in _TYPED


def check_rules(context: click.Context) -> None:
    """Refuse what a command's rules say has no effect.

    Raises:
        click.UsageError: If there is such an option; it names the first.
    """
    for one in reversed(getattr(context.command.callback, _RULES, ())):
        if one.applies(context):
            refuse_typed(context, one.names, one.why, one.kept)


def refuse_typed(context: click.Context, names: Collection[str] | None, why: str, kept: Collection[str] = ()) -> None:
    """Refuse those of some parameters that the user gave.

    Args:
        context: The command that runs.
        names: The parameters; None for all but `kept`.
        why: What the message says after "has no effect".
        kept: Where `names` is None, the parameters that are allowed.

    Raises:
        click.UsageError: If one was given; it names the first.
    """
    # Arguments first, as they are written.
    for parameter in sorted(context.command.params, key=lambda one: isinstance(one, click.Option)):
        name = str(parameter.name)
        void = name not in kept if names is None else name in names
        if void and was_typed(context, name):
            raise click.UsageError(f"{_spelled(parameter, context)} has no effect {why}", context)


def _spelled(parameter: click.Parameter, context: click.Context) -> str:
    """Return what a parameter is called: of --checks/--no-checks the half that was given."""
    if not isinstance(parameter, click.Option):
        return parameter.human_readable_name.strip("[].")
    off = parameter.secondary_opts and context.params.get(str(parameter.name)) is False
    return max(parameter.secondary_opts if off else parameter.opts, key=len)


def has_value(context: click.Context, name: str, value: object = None) -> bool:
    """Whether a parameter has a value, or a certain one."""
    if name not in context.params:
        return was_typed(context, name)
    found = context.params[name]
    return found == value if value is not None else found not in (None, False, ())
