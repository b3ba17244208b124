"""A property that is computed at its first use and kept.

`functools.cached_property` holds a lock that all instances of a class share, up to Python 3.11: threads that look at
different views wait for each other while one of them draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class computed_once(Generic[T_co]):  # noqa: N801 - it is used as `property` is
    """Decorate a method as `functools.cached_property` does, without a lock.

    Two threads that ask one instance for the first time at once may both compute the value; either is kept.
    """

    def __init__(self, compute: Callable[[Any], T_co]) -> None:
        """Take the method."""
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T_co: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T_co:
        """Compute the value and put it where later uses find it first."""
        if instance is None:
            return self
        value = self._compute(instance)
        instance.__dict__[self._name] = value
        return value
