"""Untrusted YAML: the plain subset that camera files use, read without a YAML library.

Mappings and lists by indentation, flow lists and mappings, quoted and plain scalars, comments, directives. A tag before
a value is dropped: nothing is ever constructed from it. Anchors, aliases, block scalars and complex keys are refused,
so that a small file cannot grow. Why no library does it is said in pyproject.toml.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from renderkit.errors import DatasetError
from renderkit.system import collector_paused

MAX_YAML_BYTES = 32 << 20
"""YAML files above this size are refused."""

_MAX_DEPTH = 32
_KNOWN = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_SPECIAL = {".nan": float("nan"), ".inf": float("inf"), "+.inf": float("inf"), "-.inf": -float("inf")}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")  # 08 is a name
_FLOAT = re.compile(r"[-+]?(?!0[0-9]+\Z)(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_ITEM = re.compile(r"-(?: |\Z)")
_TAG = re.compile(r"![^\s\[\]{},]*(?:\s+|\Z)")
_NOT_PLAIN = re.compile(r"[\[{}\"'!&*|>:#?@`]|,\s*,|\A\s*,")
_PLAIN_END = re.compile(r"[,\[\]{}]|:\s|:\Z")
_ROW = r"\[[-+0-9.eE, ]*\] *$"
_LINE = re.compile(
    rf"( *)(?:(-)(?: +|$))?(?:([\w./-]+):(?: +|$))?((?(3)(?!)|(?(2){_ROW}(?:\n\1- +{_ROW})+|(?!)))|.*)\n?", re.MULTILINE
)
"""A line: its indentation, the dash of an item, a plain key, and what is left; or items that are rows of numbers."""
_NEXT_ROW = re.compile(r"\s*\n *- +")

_NUMBERS = re.compile(r"\[[-+0-9.eE,\s]*(?:\[[-+0-9.eE,\s]*\][,\s]*)*\]")
"""A list of numbers, or of such lists: the usual case, which is JSON as well but for numbers that end in a point."""

_POINT_AT_END = re.compile(r"(?<=[0-9])\.(?=[,\s\]eE])")
_HARD = re.compile("[{}\"']")
_SCALAR_IN_QUOTES = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*(?:''[^']*)*'")
_QUOTED = re.compile(rf"(?<![^\s\[{{,:])(?:{_SCALAR_IN_QUOTES.pattern})")
"""A quoted scalar; a quote within a plain one ("it's") begins nothing."""
_NOT_SCALAR = frozenset("[{\"'!&*|>?@`")
"""What a plain scalar does not begin with."""

_Container: TypeAlias = dict[str, Any] | list[Any]


class _Hole(NamedTuple):
    """Where the value of a key or an item goes that stands in the lines below."""

    container: _Container
    key: Any
    indent: int
    is_key: bool


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
    with collector_paused():
        return _Document(path, text).read()


class _Document:
    """Reads nested blocks by their indentation, line by line.

    Lists of numbers are read all at once when the lines are through: a file of 10,000 cameras has a hundred thousand.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
        self.lines = _LINE.finditer(text)
        self.number = 0
        self.match: re.Match[str] | None = None
        self.root: list[Any] = [None]
        self.hole: _Hole | None = _Hole(self.root, 0, -1, is_key=False)
        self.open: list[tuple[int, _Container]] = []
        self.lists: list[tuple[str, _Container, Any, int]] = []

    def error(self, why: str) -> DatasetError:
        line = self.match[0].strip() if self.match is not None else ""
        return DatasetError(self.path, f"line {self.number}", f"{why}: {line[:60]!r}")

    def read(self) -> Any:  # noqa: ANN401
        for match in self.lines:
            indent, dash, key, rest = match.groups()
            self.number += 1
            self.match = match
            if "#" in rest:
                rest = _without_comment(rest)
            if rest[-1:].isspace():
                rest = rest.rstrip()
            if key is not None and not dash:
                self._entry(len(indent), key, rest)
                continue
            if dash:
                start = match.start(4 if key is None else 3) - match.start()
                self._item(len(indent), start, key, rest)
            elif not indent and (rest == "..." or (rest == "---" and self.open)):
                break
            elif rest and (indent or (rest[0] != "%" and rest != "---")):
                self._bare(len(indent), rest)
        self._fill_lists()
        return self.root[0]

    def _item(self, indent: int, start: int, key: str | None, rest: str) -> None:
        """Add an item of a list, whose value is a block of its own at `start` where it has a key or a dash."""
        items = self._block(indent, list)
        if "\n" in rest:
            rows = _NEXT_ROW.split(rest)
            place = slice(len(items), len(items) + len(rows))
            items += rows
            self.lists.append((f"[{','.join(rows)}]", items, place, self.number))
            self.number += len(rows) - 1
            return
        items.append(None)
        if key is None and rest and (rest[0] == "[" or not _opens_block(rest)):
            self._put(items, len(items) - 1, rest)
            return
        self.hole = _Hole(items, len(items) - 1, indent, is_key=False)
        if key is not None:
            self._entry(start, key, rest)
        elif rest:
            self._bare(start, rest)

    def _entry(self, indent: int, key: str, rest: str) -> None:
        entries = self._block(indent, dict)
        if key in entries:
            raise self.error(f"the key {key[:40]!r} occurs twice")
        entries[key] = None
        if rest and rest[0] == "!":
            rest = _TAG.sub("", rest, count=1)
        if rest:
            self._put(entries, key, rest)
        else:
            self.hole = _Hole(entries, key, indent, is_key=True)

    def _bare(self, indent: int, text: str) -> None:
        """Add a line without a plain key: an item of an item, a key in quotes or of several words, or a value."""
        if text[0] == "\t":
            raise DatasetError(self.path, f"line {self.number}", "YAML is not indented by tabs")
        if _ITEM.match(text):
            rest = text[1:].lstrip(" ")
            self._item(indent, indent + len(text) - len(rest), None, rest)
            return
        split = _split_key(text)
        if split is not None:
            self._entry(indent, *split)
        elif self.hole is not None and indent > self.hole.indent:
            container, key, _, _ = self.hole
            self.hole = None
            self._put(container, key, text)
        else:
            raise self.error("the indentation fits nothing above it")

    def _block(self, indent: int, kind: type[_Container]) -> Any:  # noqa: ANN401 - a container of that kind
        """Return the open block that a line belongs to: a new one if it is the first below a key or a dash."""
        hole, opened = self.hole, self.open
        if hole is not None:
            self.hole = None
            # Items may stand at the indentation of their key.
            if indent > hole.indent or (indent == hole.indent and hole.is_key and kind is list):
                block = hole.container[hole.key] = kind()
                opened.append((indent, block))
                if len(opened) > _MAX_DEPTH:
                    raise self.error("nested too deeply")
                return block
        while opened and (opened[-1][0] > indent or (opened[-1][0] == indent and type(opened[-1][1]) is not kind)):
            opened.pop()
        if not opened or opened[-1][0] != indent:
            raise self.error("the indentation fits nothing above it")
        return opened[-1][1]

    def _put(self, container: _Container, key: Any, text: str) -> None:  # noqa: ANN401
        """Give an entry or item its value, which starts on this line."""
        first = text[0]
        if first not in _NOT_SCALAR:
            container[key] = _scalar(text)
            return
        if first == '"' and text.find('"', 1) == len(text) - 1 and "\\" not in text:
            container[key] = text[1:-1]
            return
        if first == "[" and _NUMBERS.fullmatch(text):
            self.lists.append((text, container, key, self.number))
            return
        if first in "[{" and (depth := _brackets(text)) > 0:
            self._put(container, key, self._joined(text, depth))
            return
        try:
            container[key] = _Flow(text).whole()
        except ValueError as error:
            raise self.error(str(error)) from error

    def _joined(self, text: str, depth: int) -> str:
        """Return a flow value with the lines over which it goes on."""
        start, pieces = self.number, [text]
        for match in self.lines:
            self.number += match[0].count("\n")
            pieces.append(_without_comment(match[0]).strip())
            depth += _brackets(pieces[-1])
            if depth <= 0:
                return " ".join(pieces)
        raise DatasetError(self.path, f"line {start}", "a bracket is not closed; the file may be cut off")

    def _fill_lists(self) -> None:
        """Put the lists of numbers where they belong."""
        values = _json_lists([found[0] for found in self.lists])
        for index, (text, container, key, number) in enumerate(self.lists):
            try:
                container[key] = values[index] if values is not None else _Flow(text).whole()
            except ValueError as error:
                raise DatasetError(self.path, f"line {number}", f"{error}: {text[:60]!r}") from error


def _json_lists(texts: list[str]) -> list[Any] | None:
    """Return lists of numbers read as one JSON text; None where one is YAML and no JSON, such as [.5, +1]."""
    joined = f"[{','.join(texts)}]"
    for change in (str, _with_digits):
        try:
            values: list[Any] = _JSON.decode(change(joined))
        except ValueError:
            continue
        return values
    return None


def _with_digits(text: str) -> str:
    """Return lists of numbers with 1.0 for 1., which FileStorage writes."""
    return _POINT_AT_END.sub(".0", text)


def _opens_block(text: str) -> bool:
    """Return True for an item's text that is an item or an entry itself."""
    return _ITEM.match(text) is not None or _split_key(text) is not None


def _without_comment(line: str) -> str:
    quote, escaped = "", False
    for position, character in enumerate(line):
        if quote:
            ends = character == quote and not escaped
            escaped = quote == '"' and character == "\\" and not escaped
            quote = "" if ends else quote
        elif character in "\"'" and (position == 0 or line[position - 1] in " \t[{,:"):
            quote = character
        elif character == "#" and (position == 0 or line[position - 1] in " \t"):
            return line[:position]
    return line


def _brackets(text: str) -> int:
    """Return how many brackets the text opens less those it closes, outside quotes."""
    if not _HARD.search(text):
        return text.count("[") - text.count("]")
    bare = _QUOTED.sub("", text) if "'" in text or '"' in text else text
    return sum(map(bare.count, "[{")) - sum(map(bare.count, "]}"))


def _split_key(text: str) -> tuple[str, str] | None:
    """Return a mapping line's key and the rest; None for other lines."""
    first = text[:1]
    if first in {"[", "{"} or ":" not in text:
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
            return self._quoted()
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

    def _quoted(self) -> str:
        found = _SCALAR_IN_QUOTES.match(self.text, self.at)
        if found is None:
            raise ValueError("a quote is not closed")
        self.at = found.end()
        inner = found[0][1:-1]
        if found[0][0] == "'":
            return inner.replace("''", "'")
        # YAML's other escapes (\x, \U and so on) are an error of JSON.
        return str(json.loads(found[0], strict=False)) if "\\" in inner else inner


def _scalar(word: str) -> Any:  # noqa: ANN401
    if _INTEGER.match(word):
        return int(word)
    if _FLOAT.match(word):
        return float(word)
    return _KNOWN[word] if word in _KNOWN else _SPECIAL.get(word.lower(), word)


_JSON = json.JSONDecoder(parse_int=_scalar)
