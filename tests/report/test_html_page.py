"""The page as a file: what is in it, what cannot get into it, how large it is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import pytest
from lxml import html

from renderkit.compiled import cache_folder
from renderkit.errors import DatasetError
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.report.html import shown_cameras
from renderkit.report.html.html_file import WRITER
from renderkit.report.html.page import packed_plotly, page_environment, render_page
from renderkit.results.diagnosis import Diagnosis, RigFit
from renderkit.results.evidence_pictures import EvidencePicture
from renderkit.results.findings import CameraMatrix, RigFindings
from renderkit.results.report import Report

MakeReport: TypeAlias = Callable[..., Report]
WriteRun: TypeAlias = Callable[[Report, Path], Path]
RMS = "reprojection_rms_px"
HOSTILE = (
    "<script>window.hacked=1</script>",
    "\"><img src=x onerror='window.hacked=1'>",
    "</script><script>window.hacked=1</script>",
    "{{ 7 * 7 }}",
    "../../etc/passwd",
    "javascript:window.hacked=1",
    "\ud800",
)


def _document(report: Report, folder: Path, baseline: Report | None = None) -> Any:
    return html.fromstring(WRITER.write(replace(report, baseline=baseline), folder).read_bytes())


def _data(document: Any) -> Any:
    (script,) = document.xpath("//script[@id='data']")
    return json.loads(script.text)


def test_verdict_numbers_pictures_and_provenance_are_in_it(
    make_report: MakeReport, write_run: WriteRun, tmp_path: Path
) -> None:
    report = make_report({"a": 1.0, "b": 9.0, "c": 1.1}, overlaps={"a": 0.99, "b": 0.9, "c": 0.98})
    report = replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 1.5")]))
    document = _document(report, write_run(report, tmp_path))
    assert document.xpath("string(//h1)").split()[0] == "FAIL"
    rows = document.xpath("//table[@id='table']/tbody/tr")
    # The worst first.
    assert rows[0].xpath("string(th)") == "b"
    heads = [text.strip() for text in document.xpath("//table[@id='table']//thead//button/text()")]
    assert rows[0].xpath("td/text()")[heads.index("landmark error, RMS (px)") - 1] == "9.00"
    assert rows[0].get("class") == "gate"
    details = document.xpath("//details[contains(@class,'camera')]")
    assert len(details) == 3
    assert len(details[0].xpath(".//figure[contains(@class,'layer')]/img")) == 3
    assert all(src.startswith("data:image/webp;base64,") for src in document.xpath("//img/@src"))
    links = document.xpath("//a[text()='frame 0']/@href")
    assert sorted(links) == ["overlays/0_a.png", "overlays/0_b.png", "overlays/0_c.png"]
    # The camera at the top is the one that fails.
    assert "Camera b" in document.xpath("string(//header//figcaption)")
    causes = document.xpath("//section[@aria-labelledby='h-failures']//li/b/text()")
    assert causes[0] == f"Gate {RMS} <= 1.5 fails"
    text = document.text_content()
    for words in ("renderkit validate capture", "Numba on 2 threads", "ab" * 32, "2 of 3 checks passed; 1 failed."):
        assert words in text


def test_nothing_is_fetched_from_anywhere(make_report: MakeReport, write_run: WriteRun, tmp_path: Path) -> None:
    report = make_report({"a": 1.0, "b": 9.0})
    document = _document(report, write_run(report, tmp_path))
    for attribute in ("src", "href", "data", "poster", "srcset"):
        for value in document.xpath(f"//@{attribute}"):
            assert value.startswith(("data:", "#", "overlays/"))
    (policy,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in policy


def test_chart_data_hold_the_rig_the_baseline_and_the_offsets(
    make_report: MakeReport, write_run: WriteRun, tmp_path: Path
) -> None:
    report = make_report({"a": 1.0, "b": 9.0}, overlaps={"a": 0.9, "b": 0.9}, frames=("0", "1"))
    data = _data(_document(report, write_run(report, tmp_path), make_report({"a": 2.0})))
    names = [metric["name"] for metric in data["metrics"]]
    assert data["cameras"][1]["values"][names.index(RMS)] == 9.0
    assert data["baseline"][names.index(RMS)] == [2.0]
    assert data["timeline"]["frames"] == ["0", "1"]
    assert data["timeline"]["series"][names.index(RMS)] == [[1.0, 1.0], [9.0, 9.0]]
    # On the ring, 2 m from the origin, looking at it: the frustum's corners lie nearer to the origin than its centre.
    centers = np.array(data["scene"]["centers"])
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), 2.0, rtol=1e-4)
    corners = np.array(data["scene"]["frusta"])
    assert (np.linalg.norm(corners, axis=2) < 2.0).all()
    np.testing.assert_allclose(data["scene"]["up"], [0.0, -1.0, 0.0], atol=1e-6)
    # The rendered disc lies 6 px right of the captured one: too large to the right, too small to the left.
    offsets = np.array([math.nan if value is None else value for value in data["offsets"]["0"]])
    assert offsets[0] == pytest.approx(6.0, abs=1.0)
    assert offsets[len(offsets) // 2] == pytest.approx(-6.0, abs=1.0)


def test_hostile_names_stay_text(make_report: MakeReport, write_run: WriteRun, tmp_path: Path) -> None:
    report = make_report(dict.fromkeys(HOSTILE, 9.0), failed={"z": HOSTILE[0]}, skipped={HOSTILE[1]: HOSTILE[2]})
    rows = tuple(replace(row, overlay=row.key.camera, warnings=HOSTILE) for row in report.rows)
    report = replace(report, rows=rows, provenance=replace(report.provenance, command=HOSTILE[0], capture=HOSTILE[2]))
    report = replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 1.5")]))
    document = _document(report, write_run(report, tmp_path), report)
    assert len(document.xpath("//script")) == 4 + 8
    assert not document.xpath("//img[@onerror]")
    assert "49" not in document.xpath("string(//table[@id='table'])").replace("{{ 7 * 7 }}", "").split()
    for link in document.xpath("//a/@href"):
        assert re.fullmatch(r"#[a-z0-9-]+|[A-Za-z0-9%._~/-]+", link)
        assert ".." not in link.split("/")
    names = {camera["name"] for camera in _data(document)["cameras"]}
    assert names == {*HOSTILE, "z"}


def test_zero_cameras_and_all_failed(make_report: MakeReport, write_run: WriteRun, tmp_path: Path) -> None:
    empty = _document(make_report({}), tmp_path)
    assert empty.xpath("string(//h1)").split()[:2] == ["NOTHING", "CHECKED"]
    assert "The run has no cameras." in empty.text_content()
    failed = make_report(failed={"a": "corrupt JPEG", "b": "corrupt JPEG"})
    document = _document(failed, write_run(failed, tmp_path))
    assert document.xpath("string(//h1)").split()[:2] == ["NOTHING", "CHECKED"]
    assert len(document.xpath("//tr[@class='failed']")) == 2
    assert "corrupt JPEG" in document.xpath("string(//details[@id='camera-0'])")


def test_three_thousand_cameras_make_a_page_that_opens(make_report: MakeReport, tmp_path: Path) -> None:
    errors = {f"{index:05}": 1.0 for index in range(3_000)} | {"bad": 50.0}
    report = make_report(errors)
    path = WRITER.write(report, tmp_path)
    document = html.fromstring(path.read_bytes())
    assert path.stat().st_size < 4.5e6
    assert len(document.xpath("//table[@id='table']/tbody/tr")) == 3_001
    details = document.xpath("//details[contains(@class,'camera')]//h3/text()")
    assert len(details) == shown_cameras.MAX_DETAILS
    assert "bad" in details


def test_pictures_stop_at_the_budget_the_worst_cameras_keeping_theirs(
    make_report: MakeReport, write_run: WriteRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report({"a": 1.0, "b": 1.1, "c": 30.0, "d": 1.2})
    folder = write_run(report, tmp_path)
    one = sum(path.stat().st_size for path in (folder / "page").glob("0_c_scan.*.webp"))
    monkeypatch.setattr(shown_cameras, "MAX_PICTURE_BYTES", int(1.5 * one))
    document = html.fromstring(render_page(report, folder))
    with_pictures = document.xpath("//details[.//img]//h3/text()")
    assert with_pictures == ["c"]
    assert "3 cameras without pictures here" in document.text_content()


def test_a_run_without_pictures_or_rig_still_makes_a_page(make_report: MakeReport, tmp_path: Path) -> None:
    document = _document(make_report({"a": 1.0}), tmp_path)
    assert "The run folder holds no rig.json" in document.text_content()
    assert document.xpath("//img/@id") == ["viewer-image"]


def test_a_false_picture_is_refused(make_report: MakeReport, write_run: WriteRun, tmp_path: Path) -> None:
    report = make_report({"a": 1.0})
    folder = write_run(report, tmp_path)
    (folder / "page" / "0_a_scan.photo.webp").write_bytes(b"<svg onload=alert(1)>")
    with pytest.raises(DatasetError, match="expected a WebP picture"):
        WRITER.write(report, folder)


def test_pictures_of_evidence_are_in_the_page_and_hostile_ones_are_not(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report({"<b>a": 1.0, "c": 9.0})
    findings = RigFindings("mattes", "fits", "", matrix=CameraMatrix("who <i>", ("a",), np.zeros((1, 1))))
    fit = RigFit(0.4, 0.02, 0.95, 0.99)
    report = replace(report, diagnosis=Diagnosis("fits", "mattes", fit, fit, evidence=(findings,)))
    (tmp_path / "evidence").mkdir()
    wanted = [EvidencePicture("mattes", "0", name) for name in ("<b>a", "c")] + [EvidencePicture("mattes")]
    for picture in wanted:
        cv2.imwrite(str(tmp_path / picture.path), np.zeros((4, 4, 3), np.uint8))
    document = _document(report, tmp_path)
    # The worst camera stands at the top as well.
    assert "Camera c, frame 0, by mattes" in document.xpath("string(//header//figcaption)")
    assert document.xpath("//header//figure[@class='compare']/img/@src")[0].startswith("data:image/jpeg;base64,")
    titles = document.xpath("//details[contains(@class,'camera')]//figure/img/@alt")
    assert titles == ["Camera c, frame 0, by mattes", "Camera <b>a, frame 0, by mattes"]
    assert document.xpath("//details[@class='more']//img/@alt") == ["who <i>, row by column"]
    (tmp_path / wanted[1].path).write_bytes(b"<svg onload=alert(1)>")
    with pytest.raises(DatasetError, match="expected a JPEG, PNG or WebP picture"):
        WRITER.write(report, tmp_path)
    (tmp_path / wanted[1].path).unlink()
    (tmp_path / wanted[1].path).symlink_to(Path(__file__))
    with pytest.raises(DatasetError, match="leads out of the run folder"):
        WRITER.write(report, tmp_path)


def test_equal_runs_make_equal_pages(make_report: MakeReport, write_run: WriteRun, tmp_path: Path) -> None:
    report = make_report({"a": 1.0, "b": 2.0}, overlaps={"a": 0.9})
    pages = [WRITER.write(report, write_run(report, tmp_path / name)).read_bytes() for name in ("one", "two")]
    assert pages[0] == pages[1]


def test_kept_templates_and_scripts_make_the_same_page(
    make_report: MakeReport, write_run: WriteRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report({"a": 1.0, "b": 2.0}, overlaps={"a": 0.9})
    run = write_run(report, tmp_path / "run")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    pages = []
    for damage in (False, False, True):
        for known in (cache_folder, page_environment, packed_plotly):
            known.cache_clear()
        folder = cache_folder()
        assert folder is not None
        for file in folder.iterdir() if damage else ():
            file.write_bytes(file.read_bytes()[:-1])
        pages.append(render_page(report, run))
        assert {file.suffix for file in folder.iterdir()} == {".bin", ".gz"}
    for known in (cache_folder, page_environment, packed_plotly):
        known.cache_clear()
    assert pages[0] == pages[1] == pages[2]


def test_what_cannot_be_written_is_said(make_report: MakeReport, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be written"):
        WRITER.write(make_report({"a": 1.0}), tmp_path / "absent")
