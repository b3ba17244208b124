"""Write the pictures of docs/guide/overlays.md from a synthetic capture: one of each layer and of each preset.

python docs/overlays/make_pictures.py
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import renderkit as rk
from renderkit.pictures.drawing import write_picture
from renderkit.pictures.layers.registry import LAYERS
from renderkit.pictures.overlay import DrawnView, vector_factor
from renderkit.pictures.presets import PRESETS
from renderkit.pictures.style import OverlayStyle, style_with
from renderkit.pipeline.draw_views import WantedPicture, draw_views
from renderkit.results.rows import Failure
from renderkit.synth.faults import Fault

HERE = Path(__file__).parent
CAMERA = "25"


def main() -> None:
    """Make the capture, score one view, draw it in every way."""
    options = rk.ValidationOptions(cameras=(CAMERA,), meshes=("scan", "flame"))
    base = OverlayStyle(max_size=520, line_px=1.5, mark_px=2.0)
    wanted: dict[str, OverlayStyle] = {
        f"layer_{name}": replace(base, layers=(name,), crop="mesh", caption=name in {"depth", "heat"}, opacity=0.8)
        for name in LAYERS
    }
    for name, preset in PRESETS.items():
        values = {key: value for key, value in preset.items() if key not in {"format", "name"}}
        wanted[f"preset_{name}"] = style_with(base, values, name)
    with tempfile.TemporaryDirectory() as folder:
        fault = Fault("rotated", (CAMERA,), 0.3)
        synth = rk.SynthOptions(num_cameras=6, size=(1224, 1024), scan_faces=20_000, faults=(fault,))
        truth = rk.synthesize(folder, synth)
        with rk.open_capture(truth.capture) as capture, rk.make_renderer("cpu") as renderer:
            scan, flame = rk.validate_views(capture, renderer, options)
            # The scan has no texture.
            jobs = [WantedPicture(flame if "textured" in style.layers else scan, style) for style in wanted.values()]
            made = draw_views(capture, renderer, options, jobs, DrawnView.whole, vector_factor=vector_factor([scan]))
            for (name, style), one in zip(wanted.items(), made, strict=True):
                suffix = ".png" if style.background == "transparent" else ".jpg"
                if isinstance(one.result, Failure):
                    raise RuntimeError(f"{name}: {one.result.message}")  # noqa: TRY004 - not a wrong type
                write_picture(one.result, HERE / f"{name}{suffix}")


if __name__ == "__main__":
    main()
