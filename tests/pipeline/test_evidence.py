"""Evidence for the diagnosis is gathered from a capture, bounded in views."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.formats import open_capture
from renderkit.pipeline.evidence import gather_evidence


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
