from __future__ import annotations

import numpy as np

from renderkit.synth.face_points import renderme106_points
from renderkit.synth.texture import PALETTES, Surface, surface_at

OUTSIDE = np.full(106, -10.0, dtype=np.float32)


def at_landmarks(hair: float = -10.0, cloth: float = -10.0) -> Surface:
    points = renderme106_points().astype(np.float32)
    margins = (np.full(106, hair, dtype=np.float32), np.full(106, cloth, dtype=np.float32))
    return surface_at(points, *margins, PALETTES[0])


def test_pupils_are_black_and_shiny_lips_are_red_brows_are_dark() -> None:
    look = at_landmarks()
    pupils = look.albedo[[104, 105]]
    assert np.max(pupils) < 0.02
    assert (look.gloss[[104, 105]] == 1.0).all()
    cheek = look.albedo[8]
    upper_lip = surface_at(np.array([[8.0, -69.0, 92.0]], dtype=np.float32), OUTSIDE[:1], OUTSIDE[:1], PALETTES[0])
    lip = upper_lip.albedo[0]
    assert lip[0] / lip[1] > 1.4 * cheek[0] / cheek[1]
    assert look.albedo[[35, 36]].mean() < 0.8 * cheek.mean()


def test_margins_decide_between_hair_cloth_and_skin() -> None:
    skin, hair, cloth = at_landmarks(), at_landmarks(hair=5.0), at_landmarks(cloth=5.0)
    assert skin.albedo[:17, 0].mean() > 0.4
    assert hair.albedo.mean() < 0.08
    assert (cloth.albedo[:, 2] > cloth.albedo[:, 0]).all()
    assert (cloth.gloss == 0.0).all()


def test_colours_are_albedos_for_every_person() -> None:
    points = renderme106_points().astype(np.float32)
    for palette in PALETTES:
        look = surface_at(points, OUTSIDE, OUTSIDE, palette)
        assert np.min(look.albedo) >= 0.0
        assert np.max(look.albedo) <= 1.0
        assert look.albedo.dtype == np.float32
