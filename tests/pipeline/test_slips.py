"""Usual slips in Python: what is obviously meant is taken, the rest is refused with what was expected and found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import renderkit
from renderkit.errors import ArgumentError
from renderkit.gates.language import parse_gate
from renderkit.synth.truth import SynthTruth

rk: Any = renderkit
"""Without its types: what they forbid is what is tried."""

QUICK: dict[str, Any] = {"renderer": "cpu", "checks": False, "sanity": False, "workers": 1}
STRANGE: tuple[object, ...] = (25.5, b"25", {"25": 1}, object(), [None], [25.5], True, float("nan"))
CAMERA = rk.Camera.look_at(eye=(0, 0, 5), target=(0, 0, 0), size=(32, 24))
TRIANGLE = rk.Mesh([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], [[0, 1, 2]])


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    """Six cameras, two frames."""
    options = rk.SynthOptions(num_cameras=6, num_frames=2, size=(96, 80), scan_faces=2000)
    return renderkit.synthesize(tmp_path_factory.mktemp("take"), options)


@pytest.mark.parametrize("cameras", ["25", 25, [25], ["25"], (25,), {25}, np.int64(25), np.array([25])])
def test_one_camera_however_it_is_written(take: SynthTruth, cameras: Any) -> None:
    report = rk.validate(take.capture, cameras=cameras, frames="0", **QUICK)
    assert [(row.key.frame, row.key.camera) for row in report.rows] == [("0", "25")]


@pytest.mark.parametrize("frames", [[0, 1], range(2), "0,1", ("0", "1"), np.arange(2), None])
def test_frames_however_they_are_written(take: SynthTruth, frames: Any) -> None:
    report = rk.validate(take.capture, cameras=25, frames=frames, **QUICK)
    assert [row.key.frame for row in report.rows] == ["0", "1"]
    assert [row.key.frame for row in rk.validate(take.capture, cameras=25, frames=1, **QUICK).rows] == ["1"]


@pytest.mark.parametrize("gates", ["iou >= 0.2", parse_gate("iou >= 0.2"), ["iou >= 0.2"], {"iou >= 0.2"}])
def test_one_gate_is_a_list_of_one(take: SynthTruth, gates: Any) -> None:
    report = rk.validate(take.capture, cameras=25, frames=0, gates=gates, **QUICK)
    assert [verdict.passed for verdict in report.gates] == [True]


def test_other_functions_take_the_same(take: SynthTruth, tmp_path: Path) -> None:
    limits = rk.prove(take.capture, frames=0, gates="reprojection_rms_px <= 1.5 px")
    assert limits.gates == ("reprojection_rms_px <= 1.5 px",)
    many = rk.validate_many(
        [take.capture], out=tmp_path / "many", cameras=[25], frames=0, gates="iou >= 0.2", engine="serial",
        renderer="cpu", checks=False, sanity=False,
    )  # fmt: skip
    assert many.num_views == 1
    assert rk.render(TRIANGLE, CAMERA, renderer="cpu").mask.any()
    drawn = rk.overlay(None, TRIANGLE, CAMERA, renderer="cpu", layers="outline", max_size=64)
    assert drawn.image.shape[:2] == (48, 64)


_CALLS: dict[str, tuple[Callable[..., object], dict[str, Any], str]] = {
    "validate": (
        rk.validate,
        QUICK,
        "capture cameras frames mesh masks landmarks min_confidence flame mesh_root rig images camera_names size "
        "metrics region gates baseline out renderer device workers undistort undistorted_mattes matte_threshold "
        "evidence board checks sanity false_alarms overlays progress",
    ),
    "validate_many": (
        lambda take=None, **given: rk.validate_many(**({"paths": take, "out": "many"} | given)),
        {"engine": "serial", "renderer": "cpu"},
        "paths out cameras frames mesh masks landmarks flame metrics gates baseline renderer undistort matte_threshold "
        "checks sanity sample seed engine workers shard reports progress",
    ),
    "diagnose": (rk.diagnose, {}, "capture cameras frames evidence board matte_threshold false_alarms size"),
    "prove": (rk.prove, {}, "capture gates cameras frames masks false_alarms"),
    "refine": (rk.refine, {}, "capture reference cameras frames masks"),
    "video": (
        lambda take=None, **given: rk.video(**({"capture": take, "out": "v.gif"} | given)),
        {"renderer": "cpu"},
        "capture out kind frames cameras mesh flame fps renderer layers",
    ),
    "open_capture": (
        rk.open_capture,
        {},
        "path flame mesh_root rig images masks mesh landmarks min_confidence camera_names size format",
    ),
}


@pytest.mark.parametrize("name", _CALLS)
def test_what_is_no_such_argument_is_refused_by_name(
    take: SynthTruth, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    function, usual, arguments = _CALLS[name]
    unnamed = []
    for argument in arguments.split():
        given = usual | {argument: None}
        first = () if argument in {"capture", "paths", "path"} else (take.capture,)
        for value in STRANGE:
            try:
                function(*first, **given | {argument: value})
            except (rk.RenderkitError, ValueError) as error:
                unnamed += [] if str(error) else [(argument, value)]
            else:
                # True is 1, and a number is a number; everything else that is taken would be taken for something else.
                if not (value is True or isinstance(value, float)):
                    unnamed.append((argument, value))
    assert unnamed == []
    with pytest.raises(ArgumentError) as refused:
        function(*first, **usual | {"cameras" if "cameras" in arguments else "rig": 2.5})
    assert "got 2.5 (float)" in str(refused.value)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: rk.validate_many("x", out="y", cameras=2.5), r'^cameras: expected a selection such as "18,25-32"'),
        (lambda: rk.validate(25), r"^capture: expected a path, or an opened capture, got 25 \(int\)$"),
        (lambda: rk.validate("x", gates=3), r'^gates: expected a gate such as "iou >= 0.9", or a list of them, got 3'),
        (lambda: rk.validate("x", out=5), r"^out: expected a path, got 5 \(int\)$"),
        (lambda: rk.validate("x", checks="no"), r"^checks: expected True or False, got 'no' \(str\)$"),
        (lambda: rk.validate("x", workers=0), r"^workers: expected a whole number from 1 on, got 0 \(int\)$"),
        (lambda: rk.validate("x", size="640x480"), r"^size: expected \(width, height\) in px, got '640x480' \(str\)$"),
        (lambda: rk.validate("x", progress=3), r"^progress: expected a function, got 3 \(int\)$"),
        (lambda: rk.open_capture(["a"]), r"^path: expected a path, got \['a'\] \(list\)$"),
        (lambda: rk.load_mesh(None), r"^path: expected a path, got None \(NoneType\)$"),
        (lambda: rk.read_rig(b"x"), r"^path: expected a path, got b'x' \(bytes\)$"),
        (lambda: rk.read_report(3), r"^path: expected a path, got 3 \(int\)$"),
        (lambda: rk.read_landmark_embeddings(3), r"^path: expected a path, got 3 \(int\)$"),
        (lambda: rk.read_tu_alignment(3, 1, 1), r"^path: expected a path, got 3 \(int\)$"),
        (lambda: rk.write_rig({"a": CAMERA}, "x.json", format="rig"), r"^rig: expected a Rig, got dict; make one"),
        (lambda: rk.synthesize("x", {"num_cameras": 3}), r"^options: expected a SynthOptions, got dict; make one by"),
        (lambda: rk.SynthOptions(num_cameras="3"), r"^num_cameras: expected a whole number, got '3' \(str\)$"),
        (lambda: rk.SynthOptions(size=640), r"^size: expected \(width, height\) in px, got 640 \(int\)$"),
        (lambda: rk.SynthOptions(faults=["rotated@25"]), r"^faults: expected a tuple of faults"),
        (lambda: rk.OverlayStyle(opacity="half"), r"^opacity: expected a number, got 'half' \(str\)$"),
        (lambda: rk.OverlayStyle(colors="red"), r"^colors: expected colours by name, got 'red' \(str\)$"),
        (lambda: rk.ValidationOptions(cameras="25"), r"^cameras: expected a tuple of names, or None for all"),
        (lambda: rk.make_renderer("gpu"), r"^renderer: expected one of 'auto', 'egl', 'cpu', got 'gpu' \(str\)$"),
        (lambda: rk.make_renderer("cpu", threads="2"), r"^threads: expected a whole number from 1 on"),
        (lambda: rk.render(TRIANGLE, CAMERA, renderer=3), r'^renderer: expected "auto", "egl", "cpu" or a'),
        (lambda: rk.overlay(3, TRIANGLE, CAMERA), r"^photo: expected an array, a picture file or None, got 3 \(int\)$"),
        (lambda: rk.drift("a", 3), r"^runs: expected a path, or an opened capture, got 3 \(int\)$"),
        (lambda: rk.diff_rigs("a", "b"), r"^first: expected a Rig, got str; make one by rk.read_rig"),
        (lambda: rk.SupplementedCapture("a"), r"^capture: expected an opened capture \(rk.open_capture\), got 'a'"),
        (lambda: rk.Capture.from_arrays({"a": CAMERA}, masks=[3]), r"^masks: expected a mapping by camera, got \[3\]"),
        (lambda: rk.Camera.from_fov("wide", (64, 48)), r"^fov_deg: expected a number, got 'wide' \(str\)$"),
        (lambda: rk.Mesh([[0, 0, 0]], [], textures=3), r"^textures: expected a tuple of pictures, got 3 \(int\)$"),
        (lambda: rk.score_mask(np.eye(4, dtype=bool), np.eye(4, dtype=bool), "face"), r"^region: expected a Region"),
    ],
)  # fmt: skip
def test_the_message_says_what_was_expected_and_found(call: Callable[[], object], why: str) -> None:
    with pytest.raises(ArgumentError, match=why):
        call()


def test_a_failed_call_leaves_nothing(take: SynthTruth, tmp_path: Path) -> None:
    for given in ({"cameras": "nobody"}, {"gates": "iou >"}, {"overlays": "some"}, {"masks": "nowhere"}):
        with pytest.raises(rk.RenderkitError):
            rk.validate(take.capture, out=tmp_path / "deep" / "run", **QUICK, **given)
    with pytest.raises(rk.RenderkitError):
        rk.validate_many("nowhere/*", out=tmp_path / "deep" / "run")
    assert list(tmp_path.iterdir()) == []
