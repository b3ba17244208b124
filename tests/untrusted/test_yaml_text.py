"""The plain YAML subset against PyYAML's own safe loader, where it is installed, and what is refused."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderkit.errors import DatasetError
from renderkit.untrusted.toml_text import parse_toml
from renderkit.untrusted.yaml_text import parse_yaml

SAMPLES = [
    "cam0:\n  intrinsics: [1.0, 2, -3.0e-1, .5]\n  T:\n  - [1.0, 0.0]\n  - [0.0, 1.0]\n"
    "cam1:\n  T:\n    - - 1\n      - 2\n    - - 3\n      - 4\n",
    "a: 1\nb: 'two # not a comment'\nc: \"three: four\"\nd:   # a comment\n  e: true\n  f: null\n  g: ~\n",
    "data: [1, 2,\n   3, 4,\n   5]\nname: head\n",
    "- a: 1\n  b: 2\n- a: 3\n  b: [x, y]\n- plain\n",
    "map: {a: 1, b: [2, 3], c: {d: e}}\nempty: []\nnone: {}\n",
    "---\nurl: http://example.org/x\ntime: 'x'\nlist:\n- 1\n-\n  - 2\n",
    "%YAML 1.1\n---\na: -1.5E+2\nb: False\n...\n",
    "a: [1, 2, ]\nb: [ [1, 2], [3, 4,] ]\nc: [a b, 'c, d', -]\n",
    "1: one\ntwo words: 2\n",
]


@pytest.mark.parametrize("text", SAMPLES)
def test_as_pyyaml_reads_it(text: str) -> None:
    yaml = pytest.importorskip("yaml")
    want = yaml.safe_load(text)
    got = parse_yaml(Path("x"), text)
    if "1: one" in text:
        want = {str(key): value for key, value in want.items()}
    assert got == want


def test_filestorage_tags_and_numbers() -> None:
    text = "%YAML:1.0\n---\nK: !!opencv-matrix\n   rows: 1\n   cols: 3\n   dt: d\n   data: [ 1., .Nan, -.Inf ]\n"
    got = parse_yaml(Path("x"), text)
    assert got["K"]["data"][0] == 1.0
    assert math.isnan(got["K"]["data"][1])
    assert got["K"]["data"][2] == -math.inf
    assert parse_yaml(Path("x"), "# nothing\n") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &x [1]\nb: *x\n", "not supported"),
        ("a: |\n  text\n", "not supported"),
        ("a: [1, 2\nb: 3\n", "not closed|expected"),
        ("a: 1\n   b: 2\n", "indentation"),
        ("a: 1\na: 2\n", "twice"),
        ("\ta: 1\n", "tabs"),
        ("a: [1 2] 3\n", "one value"),
        ("a: [1, , 2]\n", "expected"),
        ("a: " + "[" * 100 + "]" * 100, "too deeply"),
        ("- " * 100 + "x\n", "too deeply"),
        ('a: "open\n', "quote"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(DatasetError, match=why) as caught:
        parse_yaml(Path("x"), text)
    assert "line" in str(caught.value)


def test_size_is_bounded_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderkit.untrusted.yaml_text.MAX_YAML_BYTES", 10)
    with pytest.raises(DatasetError, match="over the limit"):
        parse_yaml(Path("x"), "a: " + "1" * 20)
    monkeypatch.setattr("renderkit.untrusted.toml_text.MAX_TOML_BYTES", 10)
    with pytest.raises(DatasetError, match="over the limit"):
        parse_toml(Path("x"), "a = " + "1" * 20)


def test_toml_failures_are_dataset_errors() -> None:
    assert parse_toml(Path("x"), "a = [1.0]\n") == {"a": [1.0]}
    with pytest.raises(DatasetError, match="not a TOML file"):
        parse_toml(Path("x"), "a = \n")
    with pytest.raises(DatasetError, match="not a TOML file"):
        parse_toml(Path("x"), "a = " + "[" * 5000)


WORDS = ["1", "-2.5", "1e3", "+4", ".5", "6.", "007", "1_0", "nan", "-0", "9" * 25, "x", ""]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=4), max_size=3), st.booleans())
def test_lists_of_numbers_are_read_as_pyyaml_and_tomllib_read_them(rows: list[list[str]], nested: bool) -> None:
    """Lists of plain numbers take another way than the rest of the file, with the same result."""
    inner = [f"[{', '.join(row)}]" for row in rows]
    text = f"[{', '.join(inner)}]" if nested else inner[0] if inner else "[]"
    yaml = pytest.importorskip("yaml")
    for parse, oracle, written, failures in (
        (parse_yaml, yaml.safe_load, f"a: {text}\nb: [x]\n", yaml.YAMLError),
        (parse_toml, tomllib.loads, f'a = {text}\nb = ["x"]\n[c]\nd = {text} # why\n', tomllib.TOMLDecodeError),
    ):
        try:
            want = oracle(written)
        except failures:
            with pytest.raises(DatasetError):
                parse(Path("x"), written)
            continue
        if parse is parse_yaml and any(
            word in {"007", "1_0", "1e3", "nan", "+4", "", WORDS[-3]} for row in rows for word in row
        ):
            continue  # YAML 1.1 as PyYAML has it: octal, underscores, exponents with a sign; long numbers become floats
        assert repr(parse(Path("x"), written)) == repr(want)


LEAVES = (
    st.integers(-1000, 1000)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6).map(lambda one: round(one, 3))
    | st.sampled_from(["word", "two words", "a: b", "# no comment", "it's", "1.0", "true", "", "[x", "- y", "x]", "~"])
    | st.booleans()
    | st.none()
)
KEYS = st.sampled_from(["a", "b-1", "T_cam", "two words", "cam0", "x.y", "R", "#1"])
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


@settings(deadline=None)  # the first example loads the parsers
@given(TREES, st.sampled_from([None, False, True]), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_what_pyyaml_writes_is_read_back(value: object, flow: bool | None, indented: bool, ending: str) -> None:
    """Block and flow style, items at the indentation of their key and below it, both line ends."""
    yaml = pytest.importorskip("yaml")
    text = yaml.safe_dump(value, default_flow_style=flow, indent=4 if indented else 2, width=1000)
    got = parse_yaml(Path("x"), text.replace("\n", ending))
    assert got == value


@pytest.mark.parametrize(
    "text",
    [
        "a: [1,\n  2\n# a comment, [\n  ]\nb: 3\n",
        "rows:\n- [1, 2]\n- [3, 4]  # why\n- [5, 6]\n- x\n- [7]\nb: 1\n",
        "rows:\n  -   [1, 2]\n  -   [3, 4]\n\n  - [5]\n",
        "- [1]\n- [2]\n- - [3]\n  - [4]\n- a: [1]\n  b: [2]\n",
        "a: [1]\nb:\n- [1]\n",
    ],
)
def test_rows_of_numbers_are_read_as_pyyaml_reads_them(text: str) -> None:
    yaml = pytest.importorskip("yaml")
    assert parse_yaml(Path("x"), text) == yaml.safe_load(text)


def test_the_line_of_an_error_counts_rows_and_lists_over_lines() -> None:
    with pytest.raises(DatasetError, match="line 6"):
        parse_yaml(Path("x"), "a:\n- [1]\n- [2]\nb: [1,\n  2]\nb: 3\n")


@pytest.mark.parametrize(
    "text",
    [
        "a = '''\nb = [1]\n'''\n",
        'a = """\nb = [1]\n"""\nc = [1]\n',
        'a = "\\ue0000"\nb = [1]\n',
        'a = "\\U0000e0000"\nb = [1]\n',
        'a = "\ue0000"\nb = [1]\n',
    ],
)
def test_what_looks_like_an_array_inside_of_a_text_stays_text(text: str) -> None:
    assert parse_toml(Path("x"), text) == tomllib.loads(text)


def test_a_toml_error_behind_arrays_is_told_by_its_line() -> None:
    with pytest.raises(DatasetError, match="line 5"):
        parse_toml(Path("x"), "a = [1,\n2,\n3]\nb = [2]\nc = = 1\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{T_cam: [it's], a: 'a: b'}", {"T_cam": ["it's"], "a": "a: b"}),
        ('a: ["x\\" # y", 1]', {"a": ['x" # y', 1]}),
        ("a: [it's, \"b ] c\", 'd '' ]']", {"a": ["it's", "b ] c", "d ' ]"]}),
        ('a: "\\u00e9 # \\"" # c', {"a": 'é # "'}),
    ],
)
def test_quotes_hide_what_they_hold_and_apostrophes_do_not(text: str, value: object) -> None:
    yaml = pytest.importorskip("yaml")
    assert parse_yaml(Path("x"), text) == value == yaml.safe_load(text)


def test_digits_after_a_zero_are_a_name() -> None:
    text = "a: 08\nb: [007, 10, 0, 00.5, -09]\n05: 0\n"
    assert parse_yaml(Path("x"), text) == {"a": "08", "b": ["007", 10, 0, 0.5, "-09"], "05": 0}
