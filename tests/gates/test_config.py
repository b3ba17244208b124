from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from renderkit.gates.config import GateConfig, parse_gate_config, read_gate_config
from renderkit.gates.gate import GateError
from renderkit.gates.language import parse_check
from renderkit.gates.schema import gate_schema
from renderkit.results.kinds import METRICS

WHOLE = """
baseline = "runs/monday"

[groups]
front = ["18-32"]
odd = ["top", "side_*"]

[[gates]]
check = "reprojection_rms_px <= 1.5 px"
name = "landmarks"
cameras = ["front", "07"]
meshes = ["scan"]
allowed_failures = 2
known_failures = ["odd"]
coverage = "13 of 15"

[[gates]]
check = "worst(iou) >= 0.9"
coverage = 55
"""


def test_a_whole_file_is_read() -> None:
    config = parse_gate_config(WHOLE, Path("/rig/renderkit.toml"))
    first, second = config.gates
    assert config.baseline == Path("/rig/runs/monday")
    assert config.groups == {"front": ("18-32",), "odd": ("top", "side_*")}
    assert (first.name, first.cameras, first.meshes) == ("landmarks", ("18-32", "07"), ("scan",))
    assert (first.allowed_failures, first.known_failures) == (2, ("top", "side_*"))
    assert first.coverage is not None
    assert (first.coverage.at_least, first.coverage.out_of) == (13.0, 15)
    assert second.name == "worst(iou) >= 0.9"
    assert second.coverage is not None
    assert second.coverage.at_least == 55.0


def test_an_empty_file_has_no_gates() -> None:
    assert parse_gate_config("", Path("renderkit.toml")) == GateConfig()


BAD = [
    ("baselin = 'x'", "did you mean 'baseline'?"),
    ("baseline = ''", "path of a run folder"),
    ("gates = 3", "write [[gates]]"),
    ("[gates]\ncheck = 'iou >= 0.9'", "write [[gates]]"),
    ("[[gates]]\ncheck = 'iou >= 0.9'\ncamera = ['1']", "did you mean 'cameras'?"),
    ("[[gates]]\nname = 'x'", 'expected check = "METRIC <= LIMIT"'),
    ("[[gates]]\ncheck = 'iuo >= 0.9'", "did you mean 'iou'?"),
    ("[[gates]]\ncheck = 'iou >= 0.9'\nname = 3", "expected text"),
    ("[[gates]]\ncheck = 'iou >= 0.9'\nallowed_failures = true", "whole number"),
    ("[[gates]]\ncheck = 'iou >= 0.9'\nallowed_failures = -1", "at least 0"),
    ("[[gates]]\ncheck = 'iou >= 0.9'\ncameras = '18'", "expected a list of texts"),
    ("[[gates]]\ncheck = 'iou >= 0.9'\ncoverage = 1.5", "expected 55"),
    ("[[gates]]\ncheck = 'iou >= 0.9'\ncoverage = 0", "can never fail"),
    ("[groups]\nfront = []", "a group without cameras"),
    ("groups = 3", "lists of cameras by group name"),
]


@pytest.mark.parametrize(("text", "hint"), BAD)
def test_what_cannot_be_meant_is_refused_with_file_and_hint(text: str, hint: str) -> None:
    with pytest.raises(GateError) as caught:
        parse_gate_config(text, Path("somewhere/renderkit.toml"))
    assert hint in str(caught.value)
    assert "somewhere/renderkit.toml" in str(caught.value)


GROUPED = """
[groups]
front = ["18-32", "top"]
some = ["front_*, !front_b"]
[[gates]]
check = "iou >= 0.9"
cameras = {}
"""


@pytest.mark.parametrize(
    ("cameras", "expanded"),
    [
        ('["all", "!front"]', ("all", "!18-32", "!top")),
        ('["some", "07"]', ("front_*, !front_b", "07")),
        ('["front", "!25"]', ("18-32", "top", "!25")),
    ],
)
def test_groups_are_replaced_by_their_cameras(cameras: str, expanded: tuple[str, ...]) -> None:
    (gate,) = parse_gate_config(GROUPED.format(cameras), Path("x.toml")).gates
    assert gate.cameras == expanded


@pytest.mark.parametrize(
    ("cameras", "why"),
    [('["!some"]', "cannot be left out"), ('["32-18"]', "runs backwards"), ('["a,,b"]', "empty part")],
)
def test_cameras_that_cannot_be_meant_are_refused(cameras: str, why: str) -> None:
    with pytest.raises(GateError, match=why):
        parse_gate_config(GROUPED.format(cameras), Path("x.toml"))
    with pytest.raises(GateError, match="runs backwards"):
        parse_gate_config('[groups]\na = ["9-1"]', Path("x.toml"))


def test_bad_files_are_refused(tmp_path: Path) -> None:
    for content, hint in (
        (b"a = ", "not a TOML"),
        (b"a = 1" + b"0" * 5000, "not a TOML"),
        (b"\xff", "expected UTF-8"),
        (b"#" * (1 << 20) + b"#", "is over"),
    ):
        (tmp_path / "renderkit.toml").write_bytes(content)
        with pytest.raises(GateError, match=hint):
            read_gate_config(tmp_path / "renderkit.toml")
    with pytest.raises(GateError, match="cannot be read"):
        read_gate_config(tmp_path / "absent.toml")


def _problems(text: str) -> list[Any]:
    return list(jsonschema.Draft7Validator(gate_schema()).iter_errors(tomllib.loads(text)))


def test_the_schema_takes_what_the_reader_takes() -> None:
    jsonschema.Draft7Validator.check_schema(gate_schema())
    assert _problems(WHOLE) == []
    assert _problems("") == []


@pytest.mark.parametrize(("text", "hint"), BAD)
def test_the_schema_refuses_what_the_reader_refuses(text: str, hint: str) -> None:
    assert _problems(text)


def test_the_schemas_examples_are_gates_for_every_metric() -> None:
    examples = gate_schema()["properties"]["gates"]["items"]["properties"]["check"]["examples"]
    assert {parse_check(text).metric for text in examples} == set(METRICS)
