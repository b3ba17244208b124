"""Landmarks in JSON: OpenPose, COCO keypoints, MediaPipe, and plain lists by camera and frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final, TypeGuard

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats.landmarks.table import (
    LandmarkLayout,
    LandmarkSource,
    LandmarkTable,
    Points,
    resolved,
    rows_of,
    triples_of,
    with_confidences,
    without_origin,
)
from renderkit.formats.patterns import ANY_FRAME
from renderkit.formats.view_names import ViewNames

_OPENPOSE_PARTS = ("face", "pose", "hand_left", "hand_right")
_MAX_CONFIDENCE = 1e6
_SCHEMES = {"pose": "openpose", "hand_left": "left_hand", "hand_right": "right_hand"}
_LISTS = ("landmarks", "keypoints", "points", "face_landmarks", "faceLandmarks", "multi_face_landmarks", "landmark",
          "instance_info", "predictions")  # fmt: skip
_CONFIDENCE_LISTS = ("keypoint_scores", "scores", "confidence", "confidences", "conf", "score", "visibility", "visible")
_NOT_CAMERAS: Final = frozenset({"scheme", "landmarks_3d", "vertex_indices", "format", "version", "unit", "comment"})


def _read_openpose(source: LandmarkSource) -> LandmarkTable | None:
    """OpenPose's --write_json: `people`, each with flat lists of x, y, confidence; 0 is not detected."""
    content = source.json
    if not isinstance(content, Mapping) or not isinstance(content.get("people"), list):
        return None
    people = [person for person in content["people"] if isinstance(person, Mapping)]
    view = source.own_view()
    if not people:
        return LandmarkTable("OpenPose", {}, triples_of)
    part = _openpose_part(people)
    if part is None:
        raise DatasetError(
            source.path, "people/0", "expected face_keypoints_2d, pose_keypoints_2d or hand_...; found none"
        )
    sure = [_total_confidence(_part_of(person, part)) for person in people]
    chosen = next(index for index, one in enumerate(sure) if one >= 0.5 * max(sure))
    values = _part_of(people[chosen], part)
    count = len(values) // 3 if isinstance(values, list) else 0
    scheme = None if part == "face" else f"{_SCHEMES[part]}{count}"
    which = f"the first of {len(people)} people" + (" that is detected half as surely as any" if chosen else "")
    others = which if len(people) > 1 else "the person"
    notes = (f"OpenPose: {part}_keypoints_2d of {others}",)
    return LandmarkTable("OpenPose", {view: values}, triples_of, scheme, notes=notes)


def _openpose_part(people: Sequence[Mapping[str, object]]) -> str | None:
    """Return the face where anybody's was detected, else the body, else a hand; else what is stated at all."""
    given = [part for part in _OPENPOSE_PARTS if any(_part_of(person, part) for person in people)]
    seen = [part for part in given if any(_total_confidence(_part_of(person, part)) > 0.0 for person in people)]
    return next(iter([*seen, *given]), None)


def _part_of(person: Mapping[str, object], part: str) -> object:
    return person.get(f"{part}_keypoints_2d", person.get(f"{part}_keypoints"))


def _total_confidence(values: object) -> float:
    """Return the sum of the confidences of a flat list; 0 where it is no such list, which `triples_of` names."""
    stated = values[2::3] if isinstance(values, list) else []
    return float(sum(one for one in stated if isinstance(one, int | float) and 0 < one < _MAX_CONFIDENCE))


def _read_coco(source: LandmarkSource) -> LandmarkTable | None:
    """COCO keypoints: pixels are counted from 0, visibility 0 is not labelled, 1 hidden, 2 seen.

    Source: cocodataset.org/#format-data; the lists of COCO-WholeBody's faces are taken where there are any.
    """
    content = source.json
    if _is_results(content):
        content = {"images": [{"id": each["image_id"], "file_name": each["image_id"]} for each in content],
                   "annotations": content}  # fmt: skip
    if not isinstance(content, Mapping) or not all(isinstance(content.get(k), list) for k in ("images", "annotations")):
        return None
    # Ids are compared as text: some writers put them in quotes in one of the two lists.
    images = [each for each in content["images"] if isinstance(each, Mapping)]
    files = {str(each.get("id")): str(each.get("file_name", "")) for each in images}
    annotations = [each for each in content["annotations"] if isinstance(each, Mapping)]
    key = "face_kpts" if any(each.get("face_kpts") for each in annotations) else "keypoints"
    best: dict[str, tuple[float, object]] = {}
    unknown: list[str] = []
    for each in annotations:
        if not each.get(key):
            continue
        name = files.get(str(each.get("image_id")))
        if name is None:
            unknown.append(f"image_id {str(each.get('image_id'))[:40]}")
            continue
        score = each.get("score")
        rank = float(score) if isinstance(score, int | float) else 0.0
        if name not in best or rank > best[name][0]:
            best[name] = rank, each[key]
    views = {}
    for name, (_, values) in best.items():
        view = view_of_file(name, source.names)
        if view is None:
            unknown.append(f"picture {name!r}")
        else:
            views[view] = values
    several = len([each for each in annotations if each.get(key)]) > len(best)
    notes = ("COCO: several people in one picture; the one with the highest score, else the first, is used",)
    scheme = None if key == "face_kpts" or not _is_body(best) else "coco17"
    return LandmarkTable(
        "COCO keypoints", views, _visible, scheme, notes=notes if several else (), unknown=tuple(unknown)
    )  # fmt: skip


def _is_results(content: object) -> TypeGuard[list[Mapping[str, object]]]:
    """Return whether it is COCO's list of results, as AlphaPose writes it: image_id is a picture's name or number."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(each, Mapping) and {"image_id", "keypoints"} <= each.keys() for each in content)
    )


def _is_body(best: Mapping[str, tuple[float, object]]) -> bool:
    return all(isinstance(values, list) and len(values) == 51 for _, values in best.values())


def _visible(values: object) -> Points:
    points = triples_of(values)
    return replace(points, confidence=np.minimum(points.confidence, 1.0))


def view_of_file(name: str, names: ViewNames | None) -> tuple[str, str] | None:
    """Return the (frame, camera) of a picture's file name; None where the capture has no such view."""
    path = PurePosixPath(name.replace("\\", "/"))
    stem = path.with_suffix("").as_posix() if path.name else ""
    if names is None:
        return (ANY_FRAME, path.stem) if path.name else None
    return names.of_path(stem, anywhere=True) or names.of_path(name, anywhere=True)


def _read_plain(source: LandmarkSource) -> LandmarkTable | None:
    """Lists of points: of one picture, by camera, by camera and frame, or by frame and camera."""
    content = source.json
    if isinstance(content, list) or (isinstance(content, Mapping) and any(key in content for key in _LISTS)):
        return _plain_table(source, {source.own_view(): content}, None)
    if not isinstance(content, Mapping):
        return None
    scheme = content.get("scheme")
    entries = {str(key): value for key, value in content.items() if key not in _NOT_CAMERAS}
    if not entries or not all(isinstance(value, list | Mapping) for value in entries.values()):
        return None
    lists: dict[tuple[str, str], object] = {}
    for outer, value in entries.items():
        if isinstance(value, Mapping) and not any(key in value for key in _LISTS):
            lists |= {(str(inner), outer): each for inner, each in value.items()}
        else:
            lists[ANY_FRAME, outer] = value
    if source.names is not None and _frames_outside(lists, source.names):
        lists = {(outer, inner): value for (inner, outer), value in lists.items()}
    return _plain_table(source, lists, scheme if isinstance(scheme, str) else None)


def _frames_outside(lists: Mapping[tuple[str, str], object], names: ViewNames) -> bool:
    """Return whether the names are rather {frame: {camera: ...}} than {camera: {frame: ...}}."""
    as_given = sum(names.camera(camera) is not None and names.frame(frame) is not None for frame, camera in lists)
    swapped = sum(names.frame(camera) is not None and names.camera(frame) is not None for frame, camera in lists)
    return swapped > as_given


def _plain_table(source: LandmarkSource, lists: Mapping[tuple[str, str], object], scheme: str | None) -> LandmarkTable:
    views, unknown = resolved(lists, source.names)
    objects = any(_holds_objects(value) for value in views.values())
    layout = "MediaPipe" if objects else "lists of points"
    return LandmarkTable(layout, views, _plain_points, scheme, may_be_shares=objects, unknown=unknown)


def _plain_points(value: object) -> Points:
    rows, confidences = _unwrapped(value)
    points = with_confidences(rows_of(rows), confidences)
    if not points.confidence.any():
        # MediaPipe's face landmarks state visibility and presence 0 for all: they are not filled in.
        points = replace(points, confidence=np.where(np.isfinite(points.xy).all(axis=1), 1.0, 0.0))
    return without_origin(points)


def _unwrapped(value: object) -> tuple[object, object]:
    """Return the list of points inside {"landmarks": [...]} and inside a list of one or more faces.

    Also the list of their confidences that stands beside them, or None.
    """
    confidences: object = None
    for _ in range(6):
        if isinstance(value, Mapping):
            key = next((key for key in _LISTS if key in value), None)
            if key is None:
                break
            beside = (value[name] for name in _CONFIDENCE_LISTS if isinstance(value.get(name), list))
            confidences = next(beside, None)
            value = value[key]
        elif isinstance(value, list) and value and _holds_points(value[0]):
            value = value[0]
        else:
            break
    if isinstance(confidences, list) and confidences and isinstance(confidences[0], list):
        confidences = confidences[0]
    return value, confidences


def _holds_points(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(key in value for key in _LISTS)
    return isinstance(value, list) and bool(value) and isinstance(value[0], list | Mapping)


def _holds_objects(value: object) -> bool:
    rows, _ = _unwrapped(value)
    return isinstance(rows, list) and any(isinstance(row, Mapping) for row in rows)


OPENPOSE = LandmarkLayout(
    "openpose", "OpenPose JSON: pixels counted from 0, confidence 0 is not detected", _read_openpose
)
COCO = LandmarkLayout("coco", "COCO keypoints JSON: pixels counted from 0, visibility 0 is not labelled", _read_coco)
PLAIN = LandmarkLayout("plain", "lists of points by camera and frame, MediaPipe's objects with x and y", _read_plain)
