"""Evidence for the diagnosis is gathered from a capture, bounded in views."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.formats import open_capture
from renderkit.pipeline.evidence import SeenViews, gather_evidence, plan_views
from renderkit.pipeline.evidence_meter import EvidenceMeter
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.pipeline.validate import examine_views
from renderkit.renderers.cpu import CpuRenderer


def test_landmarks_mattes_and_mesh_are_gathered(smc_pair: tuple[Path, Path]) -> None:
    with open_capture(smc_pair[0]) as capture:
        evidence = gather_evidence(capture, max_views=3)
        assert len(evidence.views) == 3
        by_camera = {view.camera.name: view for view in evidence.views}
        assert set(by_camera) == set(capture.camera_names)
        seen = by_camera["25"]
        assert seen.pixels is not None
        assert seen.points_world is not None
        assert seen.pixels.shape == (73, 2)
        np.testing.assert_array_equal(seen.pixels, np.arange(212.0).reshape(106, 2)[33:])
        assert by_camera["00"].pixels is None
        assert seen.matte is not None
        assert seen.matte[15, 15]
        assert not seen.matte[5, 5]
        assert seen.has_matte
        camera = capture.camera("25")
        np.testing.assert_allclose(seen.camera.cam_from_world, camera.cam_from_world.matrix[:3])


def test_outlines_of_a_scan_count_in_its_own_frame_only(tmp_path: Path) -> None:
    options = SynthOptions(num_cameras=4, num_frames=3, size=(192, 160), scan_faces=3000, samples=1, lens="none")
    truth = synthesize(tmp_path, options)
    with open_capture(truth.capture) as capture, CpuRenderer() as renderer:
        every = gather_evidence(capture, renderer=renderer, max_views=12)
        assert {view.frame for view in every.views if view.outline is not None} == {"0"}
        assert {view.frame for view in every.views} == {"0", "1", "2"}
        late = gather_evidence(capture, ValidationOptions(frames=("2",)), renderer=renderer)
        assert all(view.outline is None for view in late.views)


def test_evidence_measured_while_views_are_scored_is_what_is_read_afterwards(tmp_path: Path) -> None:
    options = SynthOptions(num_cameras=4, num_frames=2, size=(192, 160), scan_faces=3000, samples=1)
    truth = synthesize(tmp_path, options)
    chosen = ValidationOptions()
    with open_capture(truth.capture) as capture, CpuRenderer(2) as renderer:
        plan = plan_views(capture, chosen, max_views=6)
        meter = EvidenceMeter(capture, chosen, renderer, plan)
        found = list(examine_views(capture, renderer, chosen, meter))
        assert sum(one.part is not None for one in found) == len(plan.frames) * len(plan.cameras)
        parts = {(one.row.key.frame, one.row.key.camera): one.part for one in found if one.part is not None}
        seen = gather_evidence(capture, chosen, renderer=renderer, seen=SeenViews(plan, parts))
        read = gather_evidence(capture, chosen, renderer=renderer, max_views=6)
        assert len(seen.views) == len(read.views)
        for first, second in zip(seen.views, read.views, strict=True):
            assert (first.camera.name, first.frame) == (second.camera.name, second.frame)
            for name in ("points_world", "pixels", "vertices", "matte"):
                np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
            assert (first.outline is None) == (second.outline is None)
            if first.outline is not None and second.outline is not None:
                np.testing.assert_array_equal(first.outline.points_world, second.outline.points_world)
                np.testing.assert_array_equal(first.outline.offsets_px, second.outline.offsets_px)
        assert any(view.outline is not None for view in seen.views)
        undistorted = EvidenceMeter(capture, ValidationOptions(undistort=True), renderer, plan)
        every = examine_views(capture, renderer, ValidationOptions(undistort=True), undistorted)
        assert all(one.part is None for one in every)
