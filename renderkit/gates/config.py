"""renderkit.toml: the gates, camera groups and baseline of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from renderkit.errors import DatasetError
from renderkit.gates.gate import Gate, GateError
from renderkit.gates.language import check_selectors, parse_check, parse_coverage
from renderkit.gates.schema import gate_schema
from renderkit.selection import split_unescaped
from renderkit.untrusted.files import read_text
from renderkit.untrusted.toml_text import parse_toml
from renderkit.wording import did_you_mean

MAX_CONFIG_BYTES: Final = 1 << 20

_SCHEMA: Final = gate_schema()["properties"]
_TOP_KEYS: Final = tuple(_SCHEMA)
_GATE_KEYS: Final = tuple(_SCHEMA["gates"]["items"]["properties"])


@dataclass(frozen=True)
class GateConfig:
    """What a renderkit.toml says.

    Attributes:
        gates: In the file's order, camera groups already replaced by their cameras.
        baseline: Run folder or report.json to compare with, relative paths taken from the file's folder; or None.
        groups: Camera selectors by group name.
        presets: Looks of pictures by name, as they stand in the file; `pictures.presets` says what they may hold.
    """

    gates: tuple[Gate, ...] = ()
    baseline: Path | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "presets", MappingProxyType(dict(self.presets)))
        object.__setattr__(self, "groups", MappingProxyType(dict(self.groups)))


def read_gate_config(path: str | Path) -> GateConfig:
    """Read a renderkit.toml.

    Raises:
        GateError: If it cannot be read, is not TOML, or is invalid.
    """
    file = Path(path)
    try:
        text = read_text(file, MAX_CONFIG_BYTES)
    except DatasetError as error:
        raise GateError(str(file), error.why) from error
    return parse_gate_config(text, file)


def parse_gate_config(text: str, source: Path) -> GateConfig:
    """Read the text of a renderkit.toml; `source` is named in errors and is where relative paths start.

    Raises:
        GateError: If it is not TOML, or is invalid.
    """
    try:
        document = parse_toml(source, text)
    except DatasetError as error:
        raise GateError(str(source), error.why) from error
    _check_keys(document, _TOP_KEYS, str(source))
    groups = _groups(document.get("groups", {}), f"{source} [groups]")
    entries = document.get("gates", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise GateError(f"{source} [gates]", "expected tables: write [[gates]] above each gate")
    gates = tuple(_gate(entry, groups, f"{source} [gates] #{index}") for index, entry in enumerate(entries, 1))
    baseline = document.get("baseline")
    if baseline is not None and not (isinstance(baseline, str) and baseline):
        raise GateError(f"{source} [baseline]", f"expected the path of a run folder, found {baseline!r}")
    return GateConfig(gates, None if baseline is None else source.parent / baseline, groups, _presets(document, source))


def _presets(document: dict[str, Any], source: Path) -> dict[str, Mapping[str, Any]]:
    table = document.get("overlay", {})
    presets = table.get("presets", {}) if isinstance(table, dict) else None
    if not isinstance(presets, dict) or not all(isinstance(one, dict) for one in presets.values()):
        raise GateError(f"{source} [overlay]", "expected tables such as [overlay.presets.NAME]")
    _check_keys(table, ("presets",), f"{source} [overlay]")
    return dict(presets)


def _gate(entry: dict[str, Any], groups: Mapping[str, tuple[str, ...]], where: str) -> Gate:
    _check_keys(entry, _GATE_KEYS, where)
    text = entry.get("check")
    if not isinstance(text, str):
        raise GateError(where, f'expected check = "METRIC <= LIMIT", found {text!r}')
    name = entry.get("name", "")
    if not isinstance(name, str):
        raise GateError(f"{where} name", f"expected text, found {name!r}")
    allowed = entry.get("allowed_failures", 0)
    if not isinstance(allowed, int) or isinstance(allowed, bool):
        raise GateError(f"{where} allowed_failures", f"expected a whole number, found {allowed!r}")
    coverage = entry.get("coverage")
    if coverage is not None and (not isinstance(coverage, int | str) or isinstance(coverage, bool)):
        raise GateError(f"{where} coverage", f'expected 55, "55 of 60" or "90 %", found {coverage!r}')
    check = parse_check(text, f"{where} {text!r}")
    cameras = _selectors(entry, "cameras", groups, where)
    meshes = _texts(entry.get("meshes", []), f"{where} meshes")
    known = _selectors(entry, "known_failures", groups, where)
    required = None if coverage is None else parse_coverage(str(coverage), f"{where} coverage")
    try:
        return Gate(text.strip(), check, name, cameras, meshes, allowed, known, required)
    except GateError as error:
        raise GateError(where, str(error)) from error


def _groups(value: object, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise GateError(where, f"expected lists of cameras by group name, found {value!r}")
    groups = {name: _texts(members, f"{where} {name}") for name, members in value.items()}
    empty = next((name for name, members in groups.items() if not members), None)
    if empty is not None:
        raise GateError(f"{where} {empty}", "a group without cameras; name some or remove it")
    for name, members in groups.items():
        check_selectors(members, f"{where} {name}")
    return groups


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise GateError(where, f"expected a list of texts, found {value!r}")
    return tuple(value)


def _selectors(entry: dict[str, Any], key: str, groups: Mapping[str, tuple[str, ...]], where: str) -> tuple[str, ...]:
    """Return the selectors of one key, groups replaced by their members; "!front" leaves out what a group names."""
    given = _texts(entry.get(key, []), f"{where} {key}")
    check_selectors(given, f"{where} {key}")
    expanded: list[str] = []
    for selector in given:
        group = groups.get(selector.removeprefix("!"))
        if group is None or selector in groups:
            expanded += groups.get(selector, (selector,))
        elif any(member.strip().startswith("!") for text in group for member in split_unescaped(text, ",")):
            raise GateError(f"{where} {key}", f"{selector!r}: a group that leaves out cameras cannot be left out")
        else:
            expanded += [f"!{member}" for text in group for member in split_unescaped(text, ",")]
    return tuple(expanded)


def _check_keys(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known)
            raise GateError(where, f"unknown key {key!r}; {hint}There are: {', '.join(known)}")
