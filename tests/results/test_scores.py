"""Scores by kind: an immutable mapping that pickles."""

from __future__ import annotations

import pickle

import pytest

from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.mask import MaskScore
from renderkit.results.kinds import KINDS
from renderkit.results.scores import Scores


def test_it_is_a_mapping_in_the_registry_s_order() -> None:
    scores = Scores(boundary=BoundaryScore(2.0, 4, 4, 3, 2), mask=MaskScore(4, 3, 3), texture=None)
    assert list(scores) == [name for name in KINDS if name in {"mask", "boundary"}]
    assert scores["mask"] is scores.mask is scores.get("mask")
    assert scores.texture is None
    assert "texture" not in scores
    with pytest.raises(KeyError):
        scores["texture"]
    assert scores == Scores({"mask": MaskScore(4, 3, 3), "boundary": BoundaryScore(2.0, 4, 4, 3, 2)})
    assert repr(Scores(mask=MaskScore(4, 3, 3))).startswith("Scores(mask=MaskScore(rendered_px=4")


def test_it_cannot_be_changed() -> None:
    scores = Scores(mask=MaskScore(4, 3, 3))
    with pytest.raises(AttributeError, match="immutable"):
        scores.mask = None
    with pytest.raises(TypeError):
        scores["mask"] = None


def test_it_survives_a_worker_process() -> None:
    scores = Scores(mask=MaskScore(4, 3, 3))
    assert pickle.loads(pickle.dumps(scores)) == scores  # noqa: S301 - our own bytes


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of score is called 'masks'; there are: mask, boundary"):
        Scores(masks=MaskScore(4, 3, 3))
    with pytest.raises(AttributeError, match="no kind of score is called 'masks'"):
        Scores().masks  # noqa: B018 - the look-up itself
