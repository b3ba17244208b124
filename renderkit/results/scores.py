"""What was measured in one view, or in several: scores by kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from renderkit.results.kinds import KINDS


class Scores(Mapping[str, Any]):
    """Scores by the name of their kind; immutable. A kind that was not measured, or could not be, is not in it.

    A kind's name is also an attribute, None where the kind is not there: `scores.mask` is `scores.get("mask")`.

    Example:
        >>> from renderkit.metrics.mask import MaskScore
        >>> scores = Scores(mask=MaskScore(4, 3, 3))
        >>> scores["mask"].iou, scores.boundary
        (0.75, None)
    """

    __slots__ = ("_by_kind",)

    def __init__(self, by_kind: Mapping[str, Any] | None = None, /, **scores: Any) -> None:  # noqa: ANN401 - any kind
        """Take scores by kind; None stands for one that is not there.

        Raises:
            ValueError: If there is no such kind.
        """
        given = {**(by_kind or {}), **scores}
        unknown = [name for name in given if name not in KINDS]
        if unknown:
            raise ValueError(f"no kind of score is called {unknown[0]!r}; there are: {', '.join(KINDS)}")
        present = {name: given[name] for name in KINDS if given.get(name) is not None}
        object.__setattr__(self, "_by_kind", MappingProxyType(present))

    def __getitem__(self, kind: str) -> Any:  # noqa: ANN401 - each kind has a type of its own
        """Return the score of a kind.

        Raises:
            KeyError: If it is not there.
        """
        return self._by_kind[kind]

    def __contains__(self, kind: object) -> bool:
        """Whether a kind was measured; `Mapping` would ask by an error, row by row."""
        return kind in self._by_kind

    def __getattr__(self, kind: str) -> Any:  # noqa: ANN401 - each kind has a type of its own
        """Return the score of a kind, None when it is not there.

        Raises:
            AttributeError: If there is no such kind.
        """
        if kind in KINDS:
            return self._by_kind.get(kind)
        raise AttributeError(f"no kind of score is called {kind!r}; there are: {', '.join(KINDS)}")

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError("scores are immutable")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the kinds in the registry's order."""
        return iter(self._by_kind)

    def __len__(self) -> int:
        """Return the number of scores."""
        return len(self._by_kind)

    def __reduce__(self) -> tuple[type[Scores], tuple[dict[str, Any]]]:
        """Pickle by the constructor's arguments."""
        return type(self), (dict(self._by_kind),)

    def __repr__(self) -> str:
        """Return the constructor's call."""
        return f"Scores({', '.join(f'{name}={score!r}' for name, score in self.items())})"


def pool_scores(scores: Iterable[Scores]) -> Scores:
    """Pool scores by their sufficient statistics: counts summed, residuals joined; never a mean of ratios."""
    every = tuple(scores)
    members = {name: [one[name] for one in every if name in one] for name in KINDS}
    return Scores({name: KINDS[name].pool(found) for name, found in members.items() if found})
