"""The registry of scores: lookups, reasons, one place for each name, and kinds of other packages."""

from __future__ import annotations

import ast
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from scored_views import ArrayParts, scored_view

import renderkit
from renderkit.errors import RenderkitError
from renderkit.metrics import mask
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.scored_view import Missing
from renderkit.results.kinds import KINDS, METRIC_GROUPS, METRICS, UnknownMetricError, collect_kinds, metric_named
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.scores import Scores

PRODUCT = Path(renderkit.__file__).parent
KEY = ViewKey("take", "0", "1", "scan")


def test_a_metric_belongs_to_its_kind_and_says_what_it_is() -> None:
    for kind in KINDS.values():
        for metric in kind.metrics:
            assert (metric.kind, metric.group) == (kind.name, kind.group)
            assert metric.meaning.endswith(".")
            assert metric.better == "neither" or metric.unit != "count"
        jsonschema.Draft202012Validator.check_schema(kind.json_schema)
        assert (kind.on_request and kind.measure is not None) == (kind.group in METRIC_GROUPS)


def test_a_missing_score_is_nan_with_its_reason() -> None:
    row = ViewResult(KEY, Scores(), {kind: f"no {kind}" for kind in KINDS})
    for metric in METRICS.values():
        assert math.isnan(metric.value(row.scores))
        assert row.missing_reason(metric) == f"no {metric.kind}"
        assert metric.text(metric.value(row.scores)) == "-"


def test_every_kind_says_why_it_cannot_be_measured() -> None:
    for measure in [kind.measure for kind in KINDS.values() if kind.measure is not None]:
        found = measure(scored_view())
        assert isinstance(found, Missing)
        assert found.reason


def test_what_several_kinds_need_is_made_once() -> None:
    parts = ArrayParts(rendered=mask_of_a_box())
    view = scored_view(parts, captured=mask_of_a_box())
    for name in ("mask", "boundary", "contour"):
        measure = KINDS[name].measure
        assert measure is not None
        assert not isinstance(measure(view), Missing)
    assert sorted(parts.asked) == ["regions", "rendered_bits"]


def mask_of_a_box() -> renderkit.arrays.MaskImage:
    """A box in a picture of 160 x 120 px."""
    import numpy as np

    box = np.zeros((120, 160), np.bool_)
    box[40:80, 30:90] = True
    return box


def test_a_failed_view_gives_its_failure_as_the_reason() -> None:
    row = ViewResult(KEY, failure=Failure("DatasetError", "picture is broken"))
    assert row.missing_reason(METRICS["iou"]) == "the view failed: picture is broken"


def test_a_number_that_is_undefined_says_so_and_one_that_is_there_does_not() -> None:
    empty = ViewResult(KEY, Scores(mask=MaskScore(0, 0, 0)))
    assert "undefined" in str(empty.missing_reason(METRICS["iou"]))
    whole = ViewResult(KEY, Scores(mask=MaskScore(1, 1, 1)))
    assert whole.missing_reason(METRICS["iou"]) is None
    assert whole.missing_reason(METRICS["boundary_f_2px"]) == "the run did not measure the boundary score"
    assert whole.missing_reason(METRICS["hd95_px"]) == "not asked for: add --metrics contour"


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownMetricError, match="did you mean 'reprojection_rms_px'") as caught:
        metric_named("reprojection_rms")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own bytes
    assert metric_named("iou").title == "IoU"


def test_names_are_given_once() -> None:
    with pytest.raises(RenderkitError, match="two kinds of score are called 'mask'"):
        collect_kinds([mask.KIND, mask.KIND])
    with pytest.raises(RenderkitError, match="'mask' and 'other' both have a metric 'iou'"):
        collect_kinds([mask.KIND, replace(mask.KIND, name="other")])


def _home(kind: str) -> str:
    """Return the file that defines a kind."""
    function = KINDS[kind].measure or KINDS[kind].to_json
    return f"metrics/{Path(sys.modules[function.__module__].__file__ or '').name}"


def _literals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _homes(names: frozenset[str], rooms: tuple[str, ...]) -> dict[str, set[str]]:
    """Return by name the product files in which it stands as a literal."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for room in rooms:
        for path in (PRODUCT / room).rglob("*.py"):
            for literal in names.intersection(_literals(path)):
                found[literal].add(path.relative_to(PRODUCT).as_posix())
    return found


def test_the_name_of_a_metric_stands_in_one_file() -> None:
    for name, files in _homes(frozenset(METRICS), (".",)).items():
        own = _home(METRICS[name].kind)
        # A kind may be called as another's metric.
        assert files - ({_home(name)} if name in KINDS else set()) | {own} == {own}, name
        assert own in files


def test_no_kind_is_named_by_what_handles_scores() -> None:
    rooms = ("results", "report", "gates", "diagnosis", "export", "pipeline", "cli")
    for name, files in _homes(frozenset(KINDS), rooms).items():
        assert files == set(), name


_PLUGIN = """
from dataclasses import dataclass

from renderkit.metrics.score_json import COUNT, object_schema
from renderkit.metrics.score_kind import STANDARD, Metric, Missing, ScoreKind, merge_all


@dataclass(frozen=True)
class Brightness:
    total: int
    count: int

    def merge(self, other):
        return Brightness(self.total + other.total, self.count + other.count)


def measure(view):
    captured = view.captured_mask
    return captured if isinstance(captured, Missing) else Brightness(int(captured.sum()), captured.size)


KIND = ScoreKind(
    name="coverage_of_picture", group=STANDARD, measure=measure, pool=merge_all,
    to_json=lambda score: dict(vars(score)), from_json=lambda value, _: Brightness(**value),
    json_schema=object_schema(total=COUNT, count=COUNT),
    metrics=(Metric("picture_share", "share", "ratio", "higher", lambda score: score.total / score.count, 3,
                    "Share of the picture.", column=True),),
)
"""
_USE = """
import json
from pathlib import Path
import jsonschema
from plugin_score import Brightness
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.report.registry import WRITERS
from renderkit.results.json_report import dump_report, parse_report
from renderkit.results.report import Report
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.schema import report_schema
from renderkit.results.scores import Scores

row = ViewResult(ViewKey("t", "0", "a", "scan"), Scores(coverage_of_picture=Brightness(3, 4)), {"nme": "no"})
report = Report((row,))
text = dump_report(report)
jsonschema.validate(json.loads(text), report_schema())
again = parse_report(text, Path("x"))
(verdict,) = judge(again, [parse_gate("picture_share >= 50 %")])
csv = WRITERS["csv"].dump(again, Path())
page = WRITERS["markdown"].dump(again, Path())
print(json.dumps([verdict.message, b"picture_share" in csv, b"0.750" in page, b"share" in page]))
"""


def _run_with_plugin(folder: Path, entry: str, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "plugin_score.py").write_text(_PLUGIN)
    info = folder / "plugin_score-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-score\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[renderkit.scores]\ncoverage = {entry}\n")
    code = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(PRODUCT.parent)!r}]\n{code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603


def test_another_package_adds_a_score_by_an_entry_point(tmp_path: Path) -> None:
    done = _run_with_plugin(tmp_path, "plugin_score:KIND", _USE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["picture_share 0.750 >= 0.500", True, True, True]


def test_an_entry_point_that_is_no_score_is_named(tmp_path: Path) -> None:
    done = _run_with_plugin(tmp_path, "plugin_score:measure", "import renderkit.results.kinds")
    assert done.returncode != 0
    assert "entry point 'coverage' of the group 'renderkit.scores'" in done.stderr
    assert "expected a ScoreKind, found function" in done.stderr
