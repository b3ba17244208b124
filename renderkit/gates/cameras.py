"""Which cameras a gate is about, in the language of renderkit/selection.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from renderkit.gates.gate import Gate, GateError
from renderkit.selection import SelectionError, choose, select


@dataclass(frozen=True)
class CameraChoice:
    """What selectors choose among the cameras of a run.

    Attributes:
        cameras: In the run's order.
        absent: Selectors that match no camera of the run.
    """

    cameras: tuple[str, ...]
    absent: tuple[str, ...]


def choose_cameras(selectors: Sequence[str], available: Iterable[str], where: str = "gate") -> CameraChoice:
    """Choose cameras; what the run does not have is reported, not refused: it is never a pass.

    Args:
        selectors: Parts of a selection; () chooses every camera.
        available: Names of the run's cameras, in order.
        where: The gate, named in errors.

    Raises:
        GateError: If a selector is not of the language, or a number means more than one camera.
    """
    names = tuple(available)
    if not selectors:
        return CameraChoice(names, ())
    try:
        choice = choose(selectors, names)
    except SelectionError as error:
        raise GateError(where, str(error)) from error
    # A camera that is to be left out and is not there leaves no gap.
    return CameraChoice(choice.names, tuple(part for part in choice.unmatched if not part.startswith("!")))


def check_cameras(gates: Iterable[Gate], known: Collection[str]) -> None:
    """Refuse gates about cameras that do not exist, before anything is computed.

    Args:
        gates: What is going to be checked.
        known: Every camera of the capture, those that it marks as unusable included.

    Raises:
        GateError: If a gate's cameras or known failures match none of them.
    """
    for gate in gates:
        for selectors in (gate.cameras, gate.known_failures):
            try:
                if selectors:
                    select(selectors, known)
            except SelectionError as error:
                raise GateError(gate.name, str(error)) from error
