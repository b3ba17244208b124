"""Untrusted YAML: the plain subset that camera files use, read without a YAML library.

Mappings and lists by indentation, flow lists and mappings, quoted and plain scalars, comments, directives. A tag before
a value is dropped: nothing is ever constructed from it. Anchors, aliases, block scalars and complex keys are refused,
so that a small file cannot grow.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from renderkit.errors import DatasetError

MAX_YAML_BYTES = 32 << 20
"""YAML files above this size are refused."""

_MAX_DEPTH = 32
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = {"", "~", "null", "Null", "NULL"}
_SPECIAL = {".nan": float("nan"), ".inf": float("inf"), "+.inf": float("inf"), "-.inf": -float("inf")}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_TAG = re.compile(r"![^\s\[\]{},]*(?:\s+|\Z)")
_ITEM = re.compile(r"-(?:\s+|\Z)")
_NOT_PLAIN = re.compile(r"[\[{}\"'!&*|>:#?@`]|,\s*,|\A\s*,")
_PLAIN_END = re.compile(r"[,\[\]{}]|:\s|:\Z")
_NUMBERS = re.compile(r"\[(?:[-+0-9.eE,\s]|\[[-+0-9.eE,\s]*\])*\]")
"""A list of numbers, or a list of such lists: the usual case, which is JSON as well."""

_HARD = re.compile("[{}\"']")
_NOT_SCALAR = frozenset("[{\"'!&*|>?@`")
"""What a plain scalar does not begin with."""


class _Line(NamedTuple):
    number: int
    indent: int
    text: str


def parse_yaml(path: Path, text: str) -> Any:  # noqa: ANN401 - what a foreign file holds is checked by its reader
    """Return the first document of YAML text as dicts, lists, text, numbers, flags and None.

    Args:
        path: Where the text comes from, for errors.
        text: The YAML.

    Raises:
        DatasetError: With the line, if the text is too large, is nested too deeply, or is not of the plain subset.
    """
    if len(text) > MAX_YAML_BYTES:
        raise DatasetError(path, None, f"YAML of {len(text)} characters is over the limit of {MAX_YAML_BYTES}")
    lines = _logical_lines(path, text)
    if not lines:
        return None
    parser = _Blocks(path, lines)
    value = parser.block(0)
    if parser.index < len(lines):
        raise parser.error("the indentation fits nothing above it")
    return value


def _logical_lines(path: Path, text: str) -> list[_Line]:
    """Return the lines without comments, each flow list joined into one line, of the first document."""
    found: list[_Line] = []
    pieces: list[str] = []
    start = indent = depth = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        stripped = _without_comment(raw) if "#" in raw else raw
        content = stripped.strip()
        if not pieces:
            if not content or raw[0] == "%":
                continue
            if content in {"---", "..."} and raw.rstrip() == content:
                if content == "---" and not found:
                    continue
                break
            start, indent = number, len(stripped) - len(stripped.lstrip(" ")) if raw[0] == " " else 0
            if stripped[indent : indent + 1] == "\t":
                raise DatasetError(path, f"line {number}", "YAML is not indented by tabs")
        if pieces or "[" in content or "{" in content:
            pieces.append(content)
            depth += _brackets(content)
            if depth <= 0:
                found.append(_Line(start, indent, " ".join(pieces)))
                pieces, depth = [], 0
        else:
            found.append(_Line(start, indent, content))
    if pieces:
        raise DatasetError(path, f"line {start}", "a bracket is not closed; the file may be cut off")
    return found


def _without_comment(line: str) -> str:
    quote = ""
    for position, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (position == 0 or line[position - 1] in " \t[{,:"):
            quote = character
        elif character == "#" and (position == 0 or line[position - 1] in " \t"):
            return line[:position]
    return line


def _brackets(text: str) -> int:
    """Return how many brackets the text opens less those it closes, outside quotes."""
    if not _HARD.search(text):
        return text.count("[") - text.count("]")
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", text) if "'" in text or '"' in text else text
    return sum(map(bare.count, "[{")) - sum(map(bare.count, "]}"))


class _Blocks:
    """Reads nested blocks from lines by their indentation."""

    def __init__(self, path: Path, lines: list[_Line]) -> None:
        self.path = path
        self.lines = lines
        self.index = 0

    def error(self, why: str) -> DatasetError:
        line = self.lines[min(self.index, len(self.lines) - 1)]
        return DatasetError(self.path, f"line {line.number}", f"{why}: {line.text[:60]!r}")

    def block(self, depth: int) -> Any:  # noqa: ANN401
        """Return the block that starts at the current line."""
        if depth > _MAX_DEPTH:
            raise self.error("nested too deeply")
        first = self.lines[self.index]
        if _ITEM.match(first.text):
            return self._sequence(first.indent, depth)
        if _split_key(first.text) is not None:
            return self._mapping(first.indent, depth)
        self.index += 1
        return self._value(first.text)

    def _sequence(self, indent: int, depth: int) -> list[Any]:
        items: list[Any] = []
        while self.index < len(self.lines):
            line = self.lines[self.index]
            found = _ITEM.match(line.text)
            if line.indent != indent or found is None:
                break
            rest = line.text[found.end() :]
            if not rest:
                self.index += 1
                items.append(self._below(indent, depth))
            elif _ITEM.match(rest) or _split_key(rest) is not None:
                # The rest of the line starts a block of its own, indented to where it stands.
                self.lines[self.index] = _Line(line.number, indent + found.end(), rest)
                items.append(self.block(depth + 1))
            else:
                items.append(self._value(rest))
                self.index += 1
        return items

    def _mapping(self, indent: int, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        lines = self.lines
        while self.index < len(lines):
            _, own, text = lines[self.index]
            split = _split_key(text) if own == indent else None
            if split is None or (text[0] == "-" and _ITEM.match(text)):
                break
            key, rest = split
            if key in entries:
                raise self.error(f"the key {key[:40]!r} occurs twice")
            rest = _TAG.sub("", rest, count=1) if rest[:1] == "!" else rest
            if rest:
                entries[key] = self._value(rest)
                self.index += 1
            else:
                self.index += 1
                entries[key] = self._below(indent, depth, lists_at_same_indent=True)
        return entries

    def _below(self, indent: int, depth: int, *, lists_at_same_indent: bool = False) -> Any:  # noqa: ANN401
        if self.index >= len(self.lines):
            return None
        line = self.lines[self.index]
        same = lists_at_same_indent and line.indent == indent and _ITEM.match(line.text) is not None
        return self.block(depth + 1) if line.indent > indent or same else None

    def _value(self, text: str) -> Any:  # noqa: ANN401
        # The usual cases first: a camera file is numbers and words, and may have a hundred thousand lines.
        if text[0] not in _NOT_SCALAR:
            return _scalar(text)
        if _NUMBERS.fullmatch(text):
            try:
                return _JSON.raw_decode(text)[0]
            except ValueError:
                pass  # YAML that is no JSON, such as [.5, +1]
        try:
            return _Flow(text).whole()
        except ValueError as error:
            raise self.error(str(error)) from error


def _split_key(text: str) -> tuple[str, str] | None:
    """Return a mapping line's key and the rest; None for other lines."""
    first = text[:1]
    if first in {"[", "{"}:
        return None
    if first in {'"', "'"}:
        end = text.find(text[0], 1)
        key, rest = text[1:end], text[end + 1 :].lstrip()
        if end < 0 or not rest.startswith(":") or (len(rest) > 1 and not rest[1].isspace()):
            return None
        return key, rest[1:].strip()
    key, found, rest = text.partition(": ")
    if found:
        return (key.rstrip(), rest.strip()) if key else None
    return (text[:-1].rstrip(), "") if text[-1:] == ":" and len(text) > 1 else None


class _Flow:
    """Reads a value that stands on one line: a scalar, or a flow list or mapping."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Any:  # noqa: ANN401
        value = self._value(0, nested=False)
        self._space()
        if self.at < len(self.text):
            raise ValueError("expected one value")
        return value

    def _space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def _value(self, depth: int, *, nested: bool) -> Any:  # noqa: ANN401
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        self._space()
        first = self.text[self.at : self.at + 1]
        tag = _TAG.match(self.text, self.at) if first == "!" else None
        if tag is not None:
            self.at = tag.end()
            first = self.text[self.at : self.at + 1]
        if first == "[":
            return self._list(depth)
        if first == "{":
            return self._map(depth)
        if first in {'"', "'"}:
            return self._quoted(first)
        if first and first in "&*|>?@`":
            raise ValueError(f"{first!r} (anchors, aliases, block text) is not supported")
        if not nested:
            word, self.at = self.text[self.at :], len(self.text)
            return _scalar(word.strip())
        end = _PLAIN_END.search(self.text, self.at)
        stop = end.start() if end is not None else len(self.text)
        word, self.at = self.text[self.at : stop], stop
        return _scalar(word.strip())

    def _list(self, depth: int) -> list[Any]:
        self.at += 1
        end = self.text.find("]", self.at)
        plain = self.text[self.at : end]
        if end > 0 and _NOT_PLAIN.search(plain) is None and plain.strip():
            # The usual case first: matrices are lists of plain numbers.
            words = plain.split(",")
            self.at = end + 1
            return [_scalar(word.strip()) for word in (words if words[-1].strip() else words[:-1])]
        items: list[Any] = []
        while True:
            self._space()
            if self.text[self.at : self.at + 1] == "]":
                self.at += 1
                return items
            if self.text[self.at : self.at + 1] == ",":
                raise ValueError("expected a value between two commas")
            items.append(self._value(depth + 1, nested=True))
            self._separator("]")

    def _map(self, depth: int) -> dict[str, Any]:
        self.at += 1
        entries: dict[str, Any] = {}
        while True:
            self._space()
            if self.text[self.at : self.at + 1] == "}":
                self.at += 1
                return entries
            key = self._value(depth + 1, nested=True)
            self._space()
            if self.text[self.at : self.at + 1] != ":" or isinstance(key, list | dict):
                raise ValueError("expected 'key: value' between braces")
            self.at += 1
            entries[str(key)] = self._value(depth + 1, nested=True)
            self._separator("}")

    def _separator(self, closing: str) -> None:
        self._space()
        found = self.text[self.at : self.at + 1]
        if found == ",":
            self.at += 1
        elif found != closing:
            raise ValueError(f"expected ',' or {closing!r}")

    def _quoted(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise ValueError("a quote is not closed")
        word, self.at = self.text[self.at + 1 : end], end + 1
        return word


def _scalar(word: str) -> Any:  # noqa: ANN401
    if _INTEGER.match(word):
        return int(word)
    if _FLOAT.match(word):
        return float(word)
    if word in _NULLS:
        return None
    if word in _WORDS:
        return _WORDS[word]
    return _SPECIAL.get(word.lower(), word)


_JSON = json.JSONDecoder(parse_int=_scalar)
