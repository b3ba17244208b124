"""The registry of evidence. A kind of evidence is a module beside this one and one line here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

from renderkit.wording import did_you_mean

if TYPE_CHECKING:
    from renderkit.diagnosis.evidence.kind import EvidenceKind

MESH: Final = "mesh"
"""The name of what a run does without any of these: rows of a rendered mesh."""

BOARD: Final = "board"
"""The name of the evidence of a calibration board."""

MATTES: Final = "mattes"
"""The name of the evidence of mattes against each other."""

_MODULES: Final[Mapping[str, str]] = {
    "points": "renderkit.diagnosis.evidence.points",
    MATTES: "renderkit.diagnosis.evidence.mattes",
    BOARD: "renderkit.diagnosis.evidence.board",
}
"""Modules with an `EVIDENCE` by its name, in the order in which they are measured and shown."""


class _Kinds(Mapping[str, "EvidenceKind"]):
    """The kinds by name; each module is loaded when its kind is asked for."""

    def __getitem__(self, name: str) -> EvidenceKind:
        kind: EvidenceKind = import_module(_MODULES[name]).EVIDENCE
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


EVIDENCE: Final[Mapping[str, EvidenceKind]] = _Kinds()
"""Every kind of evidence by name."""

NAMES: Final = (MESH, *EVIDENCE)
"""What can be asked for."""


def parse_evidence(given: str | Iterable[str]) -> tuple[str, ...]:
    """Read a comma-separated list of evidence, or a sequence of names.

    Raises:
        ValueError: If a name is unknown or there is none; the message has the nearest.
    """
    names = {part.strip() for part in (given.split(",") if isinstance(given, str) else given) if part.strip()}
    unknown = sorted(names - {*NAMES})
    if unknown or not names:
        hint = did_you_mean(unknown[0] if unknown else "", NAMES)
        shown = given if isinstance(given, str) else ",".join(given)
        raise ValueError(f"evidence {shown!r}: {hint}expected a list of {', '.join(NAMES)}")
    return tuple(name for name in NAMES if name in names)
