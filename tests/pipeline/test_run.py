"""The main function, as a user of the library calls it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import renderkit as rk
from renderkit.gates.gate import GateError
from renderkit.pipeline import capture_run
from renderkit.pipeline.run_pictures import Begun, Overlays, PicturePlan, PictureRun, RunPictures, plan_pictures
from renderkit.renderers.cpu import CpuRenderer
from renderkit.results.rows import ViewResult
from renderkit.synth.truth import SynthTruth


def test_one_call_scores_explains_and_judges(faulty_capture: SynthTruth) -> None:
    seen: list[tuple[int, int]] = []
    report = rk.validate(
        faulty_capture.capture,
        gates=["reprojection_rms_px <= 1.5 px for 25"],
        renderer="cpu",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert report.worst is not None
    assert report.worst.camera == "25"
    assert not report.passed
    assert [verdict.subject for verdict in report.gates] == ["25"]
    assert "25" in {cause.camera for cause in report.explanations}
    assert report.checks
    assert seen == [(done, len(report.rows)) for done in range(len(report.rows) + 1)]
    assert report.cameras["25"].reprojection_rms_px > report.cameras["28"].reprojection_rms_px
    assert report.provenance.command.startswith("renderkit.validate(")
    assert {Path(file.path).suffix for file in report.provenance.inputs} == {".smc"}
    with pytest.raises(AttributeError, match="no metric 'iuo'"):
        _ = report.cameras["25"].iuo


def test_the_run_folder_holds_the_same_report(faulty_capture: SynthTruth, tmp_path: Path) -> None:
    report = rk.validate(
        faulty_capture.capture, cameras="22,28", out=tmp_path / "run", overlays="all", renderer="cpu", checks=False
    )
    document = json.loads((tmp_path / "run" / "report.json").read_text())
    assert [row["camera"] for row in document["rows"]] == ["22", "28"]
    assert str(rk.read_report(tmp_path / "run")) == str(report)
    assert len(list((tmp_path / "run" / "overlays").glob("*.jpg"))) == 3
    # The page shows one frame of each camera.
    assert len(list((tmp_path / "run" / "page").glob("*.photo.webp"))) == 2
    again = rk.validate(
        faulty_capture.capture, cameras="22", baseline=report, gates=["iou >= baseline"], renderer="cpu", checks=False
    )
    assert again.passed


def test_pictures_drawn_beside_the_diagnosis_are_those_drawn_after_it(
    faulty_capture: SynthTruth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[bool] = []
    draw = PictureRun.draw

    def watched(self: PictureRun, rows: Sequence[ViewResult], plan: PicturePlan, ready: Begun) -> RunPictures:
        begun.append(bool(ready))
        return draw(self, rows, plan, ready)

    monkeypatch.setattr(PictureRun, "draw", watched)
    files = []
    for workers in (1, 3):
        folder = tmp_path / str(workers)
        rk.validate(faulty_capture.capture, out=folder, workers=workers, renderer="cpu", checks=False)
        pictures = [*folder.glob("overlays/*"), *folder.glob("page/*")]
        files.append({path.relative_to(folder): path.read_bytes() for path in pictures})
    assert begun == [False, True]
    assert len(files[0]) > 10
    assert files[0] == files[1]


def test_what_is_begun_and_not_wanted_is_drawn_anew(
    faulty_capture: SynthTruth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_named(report: rk.Report, which: Overlays) -> PicturePlan:
        plan = plan_pictures(report, which)
        return plan if report.diagnosis is not None else PicturePlan(frozenset(), plan.sheets, frozenset())

    folders = tmp_path / "usual", tmp_path / "other"
    rk.validate(faulty_capture.capture, out=folders[0], workers=3, renderer="cpu", checks=False)
    monkeypatch.setattr(capture_run, "plan_pictures", nothing_named)
    rk.validate(faulty_capture.capture, out=folders[1], workers=3, renderer="cpu", checks=False)
    names = [sorted(path.relative_to(folder) for path in folder.glob("*/*")) for folder in folders]
    assert names[0] == names[1]
    assert all((folders[0] / name).read_bytes() == (folders[1] / name).read_bytes() for name in names[0])


def test_an_open_capture_and_a_renderer_stay_open(faulty_capture: SynthTruth) -> None:
    triangle = rk.Mesh(0.1 * np.eye(3), np.array([[0, 1, 2]], np.int32), name="mine")
    with rk.open_capture(faulty_capture.capture) as capture, CpuRenderer(1) as renderer:
        rk.validate(capture, cameras="28", renderer=renderer, checks=False)
        report = rk.validate(capture, cameras="28", mesh=[triangle, "scan"], renderer=renderer, checks=False)
        assert report.meshes == ("mine", "scan")
        with pytest.raises(ValueError, match=r"report.of_mesh\('mine'\).cameras"):
            _ = report.cameras
        assert report.of_mesh("scan").cameras["28"].iou > 0.9
        with pytest.raises(KeyError):
            report.of_mesh("flame")
        with pytest.raises(rk.ArgumentError, match="open_capture"):
            rk.validate(capture, mesh_root="x")
        with pytest.raises(rk.ArgumentError, match="has its device already"):
            rk.validate(capture, renderer=renderer, device=0)


@pytest.mark.parametrize(
    ("arguments", "error", "why"),
    [
        ({"cameras": "99"}, ValueError, "no camera matches '99'"),
        ({"frames": "7"}, ValueError, "no frame matches '7'"),
        ({"mesh": "skull"}, ValueError, "no selected frame has a mesh 'skull'"),
        ({"matte_threshold": 0.0}, ValueError, "matte_threshold"),
        ({"metrics": "contuor"}, ValueError, "did you mean 'contour'"),
        ({"renderer": "gpu"}, ValueError, "expected one of 'auto', 'egl', 'cpu'"),
        ({"gates": ["iou >= baseline"]}, GateError, "needs a baseline run"),
        ({"gates": ["psnr_db >= 20"]}, GateError, "add --metrics texture"),
        ({"masks": "gone"}, rk.DatasetError, "gone"),
    ],
)
def test_a_wrong_argument_is_refused(
    faulty_capture: SynthTruth, arguments: dict[str, str], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        rk.validate(faulty_capture.capture, **arguments)  # type: ignore[arg-type]


def test_a_mesh_found_elsewhere_is_in_the_provenance(tmp_path: Path) -> None:
    options = rk.SynthOptions(like="facescape", num_cameras=2, size=(64, 48), scan_faces=2000)
    truth = rk.synthesize(tmp_path, options)
    model = next(truth.capture.parent.glob("*.ply"))
    elsewhere = tmp_path / "models" / truth.capture.parent.name / model.name
    elsewhere.parent.mkdir(parents=True)
    model.rename(elsewhere)
    report = rk.validate(truth.capture, mesh_root=tmp_path / "models", renderer="cpu", checks=False)
    assert str(elsewhere) in {file.path for file in report.provenance.inputs}


def test_a_data_frame_has_a_row_per_view(faulty_capture: SynthTruth) -> None:
    pytest.importorskip("pandas")
    report = rk.validate(faulty_capture.capture, cameras="22,28", renderer="cpu", checks=False)
    frame = report.to_dataframe()
    assert list(frame["camera"]) == ["22", "28"]
    assert frame["iou"].tolist() == [report.cameras["22"].iou, report.cameras["28"].iou]


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(rk.MissingExtraError, match=r"renderkit\[dataframe\]"):
        rk.Report(()).to_dataframe()
