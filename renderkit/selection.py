"""The language that chooses cameras and frames: "18,25-32", "cam*", "0:10:2", "all,!25"; see docs/selection.md.

Options, gates, the groups of renderkit.toml and planted faults all use it. Names come from files and selections from
people, so the work is bounded: no regular expression sees either of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from renderkit.errors import RenderkitError

MAX_PARTS: Final = 10_000
"""So many parts may a selection have."""

MAX_PART_LENGTH: Final = 256
"""Characters of one part that is no exact name."""

_MAX_DIGITS: Final = 18
_MAX_COMPARED: Final = 2_000
_SHOWN: Final = 12
_SHOWN_LENGTH: Final = 60
_DIGITS: Final = frozenset("0123456789")
_ESCAPE: Final = "\\"
_EXCLUDE: Final = "!"
_ANY_TEXT: Final = object()
_ANY_CHARACTER: Final = object()


class SelectionError(RenderkitError, ValueError):
    """An invalid selection: it names something that does not exist, or its syntax is wrong."""


@dataclass(frozen=True)
class Choice:
    """What a selection chooses.

    Attributes:
        names: Those chosen, each once, in the order in which they were available.
        unmatched: Parts that match nothing, as they were written; those that exclude begin with "!".
    """

    names: tuple[str, ...]
    unmatched: tuple[str, ...]


def select(selection: str | Sequence[str], names: Iterable[str], what: str = "camera") -> tuple[str, ...]:
    """Choose names.

    Args:
        selection: Parts with commas between them, or several such texts. A part is a name, a number, a range of
            numbers (both ends included), a slice, a pattern with * and ?, or "all"; "!" before a part excludes.
        names: What there is, in order.
        what: What they are, for messages: "camera" or "frame".

    Returns:
        The chosen names, each once, in the order of `names`.

    Raises:
        SelectionError: If a part matches nothing or more than it can mean, or if nothing is left.
    """
    available = _Names(tuple(names), what)
    choice = _choose(selection, available)
    if choice.unmatched:
        raise SelectionError(no_match(choice.unmatched[0], available.names, what))
    if not choice.names:
        raise SelectionError(f"the selection of {what}s {_joined(selection)} excludes every {what}")
    return choice.names


def choose(selection: str | Sequence[str], names: Iterable[str]) -> Choice:
    """Choose cameras and say which parts match nothing, instead of refusing them; see `select`.

    Raises:
        SelectionError: If the selection is not of the language, or a number means more than one name.
    """
    return _choose(selection, _Names(tuple(names), "camera"))


def select_cameras(selection: str | Sequence[str], camera_names: Sequence[str]) -> tuple[str, ...]:
    """Choose cameras; see `select`."""
    return select(selection, camera_names, "camera")


def select_frames(selection: str | Sequence[str], frame_ids: Sequence[str]) -> tuple[str, ...]:
    """Choose frames; see `select`."""
    return select(selection, frame_ids, "frame")


def check_selection(selection: str | Sequence[str]) -> None:
    """Refuse what no cameras could make sense of: an empty part, a range that runs backwards, a step of 0.

    Raises:
        SelectionError: If the selection is not of the language.
    """
    _choose(selection, _Names((), "camera"))


def no_match(part: str, names: Sequence[str], what: str = "camera") -> str:
    """Return the message about a part that matches nothing: the nearest name, and those that there are."""
    bare = part.removeprefix(_EXCLUDE)
    near = []
    if len(bare) <= _SHOWN_LENGTH:
        comparable = [name for name in names[:_MAX_COMPARED] if len(name) <= _SHOWN_LENGTH]
        near = difflib.get_close_matches(bare, comparable, n=1)
    hint = f"did you mean {near[0]!r}? There" if near else "there"
    known = f"is only {shortened(names[0])!r}" if len(names) == 1 else f"are {_listed(names)}"
    return f"no {what} matches {shortened(bare)!r}; {hint} {known}"


def split_unescaped(text: str, separator: str) -> tuple[str, ...]:
    """Split at a character wherever no backslash stands before it; backslashes are kept."""
    parts, start, index = [], 0, 0
    while index < len(text):
        if text[index] == _ESCAPE:
            index += 1
        elif text[index] == separator:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    return (*parts, text[start:])


def shortened(text: str) -> str:
    """Return at most 60 characters of a text of any length."""
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}... ({len(text)} characters)"


def natural_key(text: str) -> tuple[tuple[int, str, str], ...]:
    """Return a sort key in which runs of ASCII digits compare as numbers: "cam2" before "cam10"."""
    # A number without its leading zeros sorts by length, then by digits: no limit on how long it is.
    bare = [(part.lstrip("0"), part) for part in _digit_runs(text)]
    return tuple(
        (len(digits), digits, part) if index % 2 else (0, part, "") for index, (digits, part) in enumerate(bare)
    )


def natural_sorted(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in natural order."""
    return tuple(sorted(names, key=natural_key))


@dataclass(frozen=True)
class _Names:
    """What can be chosen, with what the parts of a selection look up."""

    names: tuple[str, ...]
    what: str

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def whole_numbers(self) -> tuple[int | None, ...]:
        return tuple(_number(name) for name in self.names)

    @cached_property
    def numbers(self) -> tuple[int | None, ...]:
        """The number at each name's end."""
        return tuple(_number(name[len(name) - _count_last_digits(name) :]) for name in self.names)

    @cached_property
    def by_whole_number(self) -> Mapping[int, tuple[str, ...]]:
        return _grouped(self.whole_numbers, self.names)

    @cached_property
    def by_number(self) -> Mapping[int, tuple[str, ...]]:
        return _grouped(self.numbers, self.names)


def _choose(selection: str | Sequence[str], available: _Names) -> Choice:
    chosen, excluded, unmatched = set[str](), set[str](), []
    includes = False
    for part in _parts(selection, available):
        exclude = part.startswith(_EXCLUDE) and part not in available.known
        includes = includes or not exclude
        found = _members(part.removeprefix(_EXCLUDE).strip() if exclude else part, available)
        if not found:
            unmatched.append(part)
        (excluded if exclude else chosen).update(found)
    wanted = (chosen if includes else available.known) - excluded
    return Choice(tuple(name for name in available.names if name in wanted), tuple(unmatched))


def _parts(selection: str | Sequence[str], available: _Names) -> Sequence[str]:
    """Return the parts, each once. A text that is a name stays whole, commas and all."""
    texts = (selection,) if isinstance(selection, str) else tuple(selection)
    parts: dict[str, None] = {}
    for text in texts:
        pieces = (text,) if text in available.known else split_unescaped(text, ",")
        for piece in pieces:
            part = piece if piece in available.known else piece.strip()
            if part not in available.known and not part.removeprefix(_EXCLUDE).strip():
                raise SelectionError(f"the selection of {available.what}s {_joined(selection)} has an empty part")
            parts[part] = None
    if not parts:
        raise SelectionError(f"the selection of {available.what}s is empty")
    if len(parts) > MAX_PARTS:
        raise SelectionError(f"the selection of {available.what}s has {len(parts)} parts, over {MAX_PARTS}")
    return tuple(parts)


def _members(part: str, available: _Names) -> Sequence[str]:
    """Return what one part matches: an exact name first, then the forms of the language."""
    if part in available.known:
        return (part,)
    if len(part) > MAX_PART_LENGTH:
        return ()
    for form in (_slice_members, _range_members, _number_members):
        found = form(part, available)
        if found is not None:
            return found
    if part == "all":
        return available.names
    pattern = _pattern(part)
    if all(isinstance(token, str) for token in pattern):
        literal = "".join(map(str, pattern))
        return (literal,) if literal in available.known else ()
    return [name for name in available.names if _matches(pattern, name)]


def _slice_members(part: str, available: _Names) -> Sequence[str] | None:
    """Return what start:stop:step means, stop not included; None when the part is no slice."""
    fields = part.split(":")
    if len(fields) not in {2, 3}:
        return None
    values = [_signed(field) for field in fields]
    if any(value is None and field for value, field in zip(values, fields, strict=True)):
        return None
    start, stop, step = (*values, None)[:3]
    if step == 0:
        raise SelectionError(f"the step of {part!r} is 0")
    numbers = available.whole_numbers
    if None in numbers or any(value is not None and value < 0 for value in (start, stop, step)):
        return available.names[start:stop:step]
    first = start or 0
    return [
        name
        for name, number in zip(available.names, numbers, strict=True)
        if number is not None
        and number >= first
        and (stop is None or number < stop)
        and (number - first) % (step or 1) == 0
    ]


def _range_members(part: str, available: _Names) -> Sequence[str] | None:
    first, separator, last = part.partition("-")
    low, high = _number(first), _number(last)
    if not separator or low is None or high is None:
        return None
    if low > high:
        raise SelectionError(f"the range of {available.what}s {part!r} runs backwards; write {high}-{low}")
    pairs = zip(available.names, available.numbers, strict=True)
    return [name for name, number in pairs if number is not None and low <= number <= high]


def _number_members(part: str, available: _Names) -> Sequence[str] | None:
    number = _number(part)
    if number is None:
        return None
    same = available.by_whole_number.get(number) or available.by_number.get(number, ())
    if len(same) > 1:
        raise SelectionError(f"{part!r} could be any of the {available.what}s {_listed(same)}; write the whole name")
    return same


def _pattern(part: str) -> list[object]:
    """Return one token per character: the character, or what * and ? stand for."""
    tokens: list[object] = []
    characters = iter(part)
    for character in characters:
        if character == _ESCAPE:
            tokens.append(next(characters, _ESCAPE))
        elif character == "*":
            tokens.append(_ANY_TEXT)
        else:
            tokens.append(_ANY_CHARACTER if character == "?" else character)
    return tokens


def _matches(pattern: Sequence[object], name: str) -> bool:
    """Whether a pattern matches the whole name; on a mismatch only the last * takes one more character."""
    at, place = 0, 0
    star, resume = -1, 0
    while place < len(name):
        token = pattern[at] if at < len(pattern) else None
        if token is _ANY_TEXT:
            star, resume = at, place
            at += 1
        elif token is _ANY_CHARACTER or token == name[place]:
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return all(token is _ANY_TEXT for token in pattern[at:])


def _number(text: str) -> int | None:
    """Return a number of ASCII digits, None when the text is none or too long for one."""
    bare = text.lstrip("0")
    return int(bare or "0") if text and len(bare) <= _MAX_DIGITS and _DIGITS.issuperset(bare) else None


def _signed(text: str) -> int | None:
    number = _number(text.removeprefix("-"))
    return -number if number is not None and text.startswith("-") else number


def _count_last_digits(name: str) -> int:
    return len(name) - len(name.rstrip("0123456789"))


def _digit_runs(text: str) -> Iterator[str]:
    """Yield text and digits in turn, beginning with text."""
    start, digits = 0, False
    for index, character in enumerate(text):
        if (character in _DIGITS) != digits:
            yield text[start:index]
            start, digits = index, not digits
    yield text[start:]
    if digits:
        yield ""


def _grouped(keys: Iterable[int | None], names: Iterable[str]) -> Mapping[int, tuple[str, ...]]:
    groups: dict[int, list[str]] = {}
    for key, name in zip(keys, names, strict=True):
        if key is not None:
            groups.setdefault(key, []).append(name)
    return {key: tuple(members) for key, members in groups.items()}


def _joined(selection: str | Sequence[str]) -> str:
    return repr(shortened(selection if isinstance(selection, str) else ", ".join(selection)))


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return ", ".join(map(shortened, names)) or "none"
    first = ", ".join(map(shortened, names[: _SHOWN - 1]))
    return f"{first} ... {shortened(names[-1])} ({len(names)} in all)"
