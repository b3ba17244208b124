"""Notes for what a file states and its reader does not use: nothing is passed over in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from renderkit.untrusted.content import Untrusted
from renderkit.wording import counted

HARMLESS = frozenset(
    {"name", "label", "comment", "comments", "_comment", "description", "info", "date", "color", "colour", "$schema"}
)
"""Keys that bear on no pose, lens, size, validity or order in any format."""

_MAX_NOTES = 20
_MAX_KEY = 60


def unread_notes(
    entries: Iterable[Mapping[str, Untrusted]],
    read: Collection[str],
    harmless: Collection[str] = (),
    *,
    per: str | None = "camera",
    where: str = "",
) -> tuple[str, ...]:
    """Return one note for every key that is neither read nor harmless, folded over the entries.

    A key whose value is null or empty states nothing and gets no note.

    Args:
        entries: The objects of one kind, as the file has them.
        read: Keys that the reader uses.
        harmless: Keys of this format that cannot bear on pose, lens, size, validity or order, beside `HARMLESS`.
        per: What an entry is, for the count; None for an object that occurs once.
        where: What to put before the keys, such as "distortion.".

    Returns:
        Notes such as "`rolling_shutter` is ignored (12 cameras)", in the order in which the keys were met.
    """
    known = {*read, *harmless, *HARMLESS}
    counts: Counter[str] = Counter()
    for entry in entries:
        # The set operation first: most of 10,000 cameras have no key that is unknown.
        if entry.keys() - known:
            counts.update(key for key, value in entry.items() if key not in known and not _says_nothing(value))
    notes = [_note(f"{where}{key}", count, per) for key, count in list(counts.items())[:_MAX_NOTES]]
    left = len(counts) - len(notes)
    return (*notes, *([f"{counted(left, 'more key')} ignored"] if left else []))


def _says_nothing(value: Untrusted) -> bool:
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)


def _note(key: str, count: int, per: str | None) -> str:
    short = key if len(key) <= _MAX_KEY else f"{key[:_MAX_KEY]}..."
    shown = short if short.isprintable() else repr(short)
    return f"`{shown}` is ignored" + ("" if per is None else f" ({counted(count, per)})")
