"""Mattes, landmarks and meshes of each capture: in its own folder, or in a tree beside the captures."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest.mock import ANY

import pytest
from many_runs import ManyRun

from renderkit.dataset.discover import find_captures
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions

PEOPLE = (("anna", 1), ("ben", 2))
WAYS = {
    "own folder": ("masks", "lm.json"),
    "own folder, patterns": ("masks/{camera}.png", "lm.json"),
    "tree beside": ("../mattes/{capture}", "../marks/{capture}.json"),
    "tree beside, patterns": ("../mattes/{capture}/{camera}.png", "../marks/{capture}.json"),
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FaceScape captures of two people, with mattes and landmarks in their folders and in trees beside them."""
    root = tmp_path_factory.mktemp("people")
    for name, seed in PEOPLE:
        options = SynthOptions(like="facescape", num_cameras=6, size=(96, 80), scan_faces=2000, seed=seed)
        truth = synthesize(root / "made" / name, options)
        place = root / "data" / name / truth.capture.name
        shutil.copytree(truth.capture.parent, place.parent)
        for mattes in (place / "masks", root / "mattes" / name / truth.capture.name):
            shutil.copytree(root / "made" / name / "masks" / "1_neutral", mattes)
        (root / "marks" / name).mkdir(parents=True)
        for landmarks in (place / "lm.json", root / "marks" / name / f"{truth.capture.name}.json"):
            shutil.copy(root / "made" / name / "landmarks.json", landmarks)
    return root


@pytest.mark.parametrize("way", WAYS)
def test_each_capture_has_its_own(
    people: Path, many: ManyRun, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(people / "data")
    masks, landmarks = WAYS[way]
    # Of the other person's matte 0.9 would agree; a few views have no landmarks.
    gates = ["iou >= 0.97", "reprojection_rms_px <= 1 px for 0-2"]
    report = many(people / "data", tmp_path / "run", masks=masks, landmarks=landmarks, gates=gates)
    assert [one.id for one in report.captures] == ["anna__1_neutral", "ben__1_neutral"]
    assert [(one.state, one.num_failed, one.sentence) for one in report.captures] == [("pass", 0, ANY)] * 2


def test_the_place_is_the_path_below_all_captures_without_a_suffix(originals: Path) -> None:
    assert [one.place for one in find_captures([originals])] == [
        "anna/2024-05-01_smile", "anna/2024-05-02_talk", "ben/2024-05-01_smile", "ben/2024-05-03_talk",
    ]  # fmt: skip
    files = sorted(originals.rglob("*_anno.smc"))
    assert [one.place for one in find_captures(files)] == [
        file.relative_to(originals).with_suffix("").as_posix() for file in files
    ]
