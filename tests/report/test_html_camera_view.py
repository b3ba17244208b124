from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
import pytest

from renderkit.report.html.camera_view import Judgement, safe_link, view_vectors
from renderkit.results.cameras import summarise_cameras
from renderkit.results.report import GateVerdict, Report

MakeReport: TypeAlias = Callable[..., Report]


def _numbers(path: str) -> list[list[float]]:
    return [[float(text) for text in re.findall(r"-?[0-9.]+", part)] for part in path.split("M")[1:]]


@pytest.mark.parametrize(("error_px", "factor"), [(0.7, 20), (3.0, 5), (9.0, 1), (500.0, 1)])
def test_vectors_run_from_detected_towards_projected_and_are_drawn_longer(
    make_report: MakeReport, error_px: float, factor: int
) -> None:
    report = make_report({"a": error_px})
    (row,) = report.rows
    vectors = view_vectors(row, summarise_cameras(report.rows)[0])
    assert vectors is not None
    assert row.landmark_pixels is not None
    assert vectors.factor == factor
    assert vectors.view_box == "-0.5 -0.5 640 480"
    lines = np.array(_numbers(vectors.errors))
    np.testing.assert_allclose(lines[:, :2], row.landmark_pixels, atol=0.05)
    np.testing.assert_allclose(lines[:, 2:] - lines[:, :2], np.tile([factor * error_px, 0.0], (12, 1)), atol=0.11)
    np.testing.assert_allclose(
        np.array(_numbers(vectors.predicted))[:, :2] - lines[:, :2], [[error_px, 0.0]] * 12, atol=0.11
    )
    assert f"({error_px:+.2f}, +0.00) px on average" in vectors.summary
    # Each arrow of the field: a shaft and two strokes of its head, which end at its tip.
    shafts, left, right = np.split(np.array(_numbers(vectors.field)), 3)
    np.testing.assert_allclose(shafts[:, 2] - shafts[:, 0], factor * error_px, atol=0.11)
    np.testing.assert_array_equal(left[:, 2:], shafts[:, 2:])
    np.testing.assert_array_equal(right[:, 2:], shafts[:, 2:])


def test_views_without_landmarks_have_no_vectors(make_report: MakeReport) -> None:
    report = make_report({}, overlaps={"a": 0.9})
    assert view_vectors(report.rows[0], summarise_cameras(report.rows)[0]) is None
    report = make_report({"a": 1.0})
    row = replace(report.rows[0], landmark_pixels=np.zeros((3, 2)))
    assert view_vectors(row, summarise_cameras([row])[0]) is None


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("overlays/0_a.jpg", "overlays/0_a.jpg"),
        ("overlays/a b?#%.jpg", "overlays/a%20b%3F%23%25.jpg"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("over\udcffs/x.jpg", "over%FFs/x.jpg"),
        ("\ud800.jpg", None),
        ("../secret", None),
        ("a/../../b", None),
        ("/etc/passwd", None),
        ("//host/x", None),
        ("a\\b", None),
        ("", None),
        (None, None),
    ],
)
def test_links_stay_in_the_run_folder(path: str | None, link: str | None) -> None:
    assert safe_link(path) == link


@pytest.mark.parametrize(("verdict", "state"), [("fail", "gate"), ("not computable", "unchecked")])
def test_a_gate_that_lacks_its_numbers_says_nothing_against_the_camera(
    make_report: MakeReport, verdict: Literal["fail", "not computable"], state: str
) -> None:
    summary = summarise_cameras(make_report({"a": 1.0}).rows)[0]
    gate = GateVerdict("iou >= 0.9", "a", summary.mesh, verdict, None, "no matte")
    judgement = Judgement({}, frozenset(), frozenset(), {("a", summary.mesh): [gate]})
    assert judgement.of(summary) == (state, "gates not passed: 1")
