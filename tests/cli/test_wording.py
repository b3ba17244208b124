"""What commands say of one camera and one frame: "1 camera", never "1 cameras"."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from command_result import Result

# Not the rates of a progress bar: 1/1 views.
_ONE_OF_MANY = re.compile(r"(?<![/\d.])1 (?:more |of 1 )?[a-z]+s\b")
_VERBS = frozenset({"1 is", "1 was", "1 has", "1 pass"})


def _wrong(text: str) -> set[str]:
    words = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]*>|base64,\S*", " ", text, flags=re.DOTALL)
    return {found for found in _ONE_OF_MANY.findall(words) if found not in _VERBS}


def test_the_search_finds_what_it_is_for() -> None:
    assert _wrong("all 1 cameras, 1 more views; 1 of 1 frames; 21 views, 1 camera, 1 is off") == {
        "1 cameras",
        "1 more views",
        "1 of 1 frames",
    }


def test_commands_on_one_camera_and_one_frame(run: Callable[..., Result]) -> None:
    made = run("synth", "cap", "--cameras", "1", "--size", "96x80", "--faces", "2000")
    assert made.code == 0, made.err
    (capture,) = Path("cap").glob("*_raw.smc")
    commands = (
        ("validate", capture, "--out", "run", "--overlays", "none", "--gate", "iou >= 0.99 for *"),
        ("validate", capture, "--out", "points", "--overlays", "none", "--evidence", "points,mattes"),
        ("validate", capture, "--out", "many", "--sample", "1", "--engine", "serial"),
        ("inspect", capture),
        ("inspect", capture, "--rig"),
        ("convert", capture, "rig.json", "--to", "rig"),
        ("convert", "rig.json", "model", "--to", "colmap"),
        ("inspect", "rig.json"),
        ("diagnose", capture),
        ("prove", capture, "--gate", "reprojection_rms_px <= 1.5 px"),
        ("refine", capture),
        ("drift", capture, capture),
        ("diff", "rig.json", "rig.json"),
        ("overlay", capture, "--out", "overlays"),
        ("render", capture, "--out", "renderings"),
        ("gate", "run", "--gate", "coverage(iou) >= 1"),
        ("gate", "--explain", "--gate", "iou >= 0.9 for *"),
        ("compare", "run", "run"),
        ("export-gltf", "run", "rig.glb"),
        ("testkit", "rig.json", "--out", "kit"),
        ("compact", "many"),
        ("merge", "many", "--out", "joined"),
    )
    said = {}
    for command in commands:
        result = run(*command)
        assert "No such option" not in result.err, result.err
        said[" ".join(map(str, command))] = _wrong(result.out + result.err)
    written = {
        str(path): _wrong(path.read_text()) for name in ("*.md", "*.html", "*.xml") for path in Path().rglob(name)
    }
    assert len(written) > 3
    assert {where: wrong for where, wrong in (said | written).items() if wrong} == {}
