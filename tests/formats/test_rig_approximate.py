from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares

from renderkit.arrays import FloatArray
from renderkit.formats import read_rig, write_rig
from renderkit.formats.approximate import fit_camera
from renderkit.formats.format_capability import Expressible, folds_inside_image, image_grid
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.rig import Rig


def camera(lens: BrownConrady | KannalaBrandt) -> Camera:
    return Camera(np.array([[1000.0, 0.0, 499.5], [0.0, 1010.0, 399.5], [0.0, 0.0, 1.0]]), 1000, 800, lens)


def test_the_fit_is_the_least_squares_optimum_by_scipy() -> None:
    true = camera(BrownConrady(np.array([-0.2, 0.08, 0.001, -0.002, 0.05])))
    fitted, residual = fit_camera(true, Expressible(brown_conrady=4, skew=False))
    pixels, _ = image_grid(true)
    rays = true.unproject(pixels)

    def error(values: FloatArray) -> FloatArray:
        x, y = rays[:, 0], rays[:, 1]
        k1, k2, p1, p2 = values[4:]
        r2 = x * x + y * y
        radial = 1 + k1 * r2 + k2 * r2 * r2
        u = values[0] * (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)) + values[2]
        v = values[1] * (y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y) + values[3]
        return np.concatenate([u - pixels[:, 0], v - pixels[:, 1]])

    start = np.array([1000.0, 1010.0, 499.5, 399.5, -0.2, 0.08, 0.001, -0.002])
    best = least_squares(error, start, x_scale=[1e3, 1e3, 1e3, 1e3, 1, 1, 1, 1], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    rms = np.sqrt(2.0 * best.cost / len(pixels))
    assert residual.rms_px == pytest.approx(rms, rel=1e-6)
    np.testing.assert_allclose(fitted.distortion.coefficients, best.x[4:], atol=1e-6)
    assert residual.max_px == pytest.approx(float(np.nanmax(residual.error_px)))
    assert residual.error_px.shape == (20, 25)
    assert residual.lost_share == 0.0


def test_a_fisheye_becomes_the_nearest_standard_lens_and_back() -> None:
    fisheye = camera(KannalaBrandt(np.array([0.02, -0.01, 0.003, 0.0])))
    standard, residual = fit_camera(fisheye, Expressible(brown_conrady=8))
    assert standard.distortion.model == "brown_conrady"
    assert residual.max_px < 0.01
    back, residual = fit_camera(standard, Expressible(kannala_brandt=True))
    assert back.distortion.model == "kannala_brandt"
    assert residual.max_px < 0.05


def test_a_folding_lens_is_replaced_by_one_that_rises_over_the_whole_image(shared_data: Path) -> None:
    rig = read_rig(shared_data / "renderme360" / "calibration_distorted.json")
    limits = Expressible(brown_conrady=8, fold_over=False)
    for name in ("02", "54"):
        fitted, residual = fit_camera(rig[name], limits)
        assert folds_inside_image(rig[name])
        assert not folds_inside_image(fitted)
        assert 0.0 < residual.lost_share < 0.5, "where the true camera has no ray there is nothing to compare"
        assert np.isnan(residual.error_px[0, 0])
        # Well inside the image both agree; the residual map says where they do not.
        middle = residual.error_px[8:13, 10:15]
        assert float(np.max(middle)) < 0.35 * residual.max_px


def test_only_what_is_inexpressible_is_touched(pinhole_ring: Rig, tmp_path: Path) -> None:
    mixed = dict(pinhole_ring.cameras)
    mixed["03"] = replace(mixed["03"], distortion=BrownConrady(np.array([0.01, 0.0, 0.0, 0.0])))
    report = write_rig(Rig(mixed), tmp_path / "a_par.txt", format="middlebury", approximate=True)
    assert set(report.residuals) == {"03"}
    residual = report.residuals["03"]
    assert residual.model == "none(0)"
    assert 0.01 < residual.rms_px < residual.max_px < 3.0
    again = read_rig(tmp_path / "a_par.txt", size=(1200, 900))
    assert np.array_equal(again["04"].K, mixed["04"].K)
    assert not np.array_equal(again["03"].K, mixed["03"].K), "the focal length takes up part of the distortion"


def test_skew_and_aspect_are_tied_where_the_format_ties_them() -> None:
    true = Camera(np.array([[1000.0, 4.0, 499.5], [0.0, 1010.0, 399.5], [0.0, 0.0, 1.0]]), 1000, 800)
    fitted, residual = fit_camera(true, Expressible(skew=False, aspect=False))
    assert fitted.K[0, 1] == 0.0
    assert fitted.K[0, 0] == fitted.K[1, 1]
    assert 1000.0 < fitted.K[0, 0] < 1010.0
    assert residual.rms_px > 0.5


def test_a_camera_without_rays_cannot_be_fitted() -> None:
    blind = camera(BrownConrady(np.array([-1e5, 0.0, 0.0, 0.0])))
    with pytest.raises(ValueError, match="too few pixels have a ray"):
        fit_camera(blind, Expressible())
