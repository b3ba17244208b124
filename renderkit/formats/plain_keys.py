"""Keys under which cameras of nobody's format state their numbers, the clearest first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, TypeAlias

from renderkit.untrusted.content import Untrusted

K_KEYS: Final = ("K", "k", "intrinsic", "intrinsics", "intrinsic_matrix", "camera_matrix", "cameraMatrix", "mtx", "Ks",
                 "matrix", "intrinsicMatrix", "cam_intrinsic", "cam_intrinsics", "camera_intrinsic",
                 "camera_intrinsics", "calibration_matrix", "intri", "Intrinsics", "Intrinsic")  # fmt: skip
R_W2C_KEYS: Final = ("R_world2cam", "R_w2c", "R_cam_world")
"""Rotations whose key says that they lead from the world to the camera, as their translations do."""

R_KEYS: Final = ("R", "rotation", "rot", "Rotation", "rvec", "rotation_matrix", "Rs", "rvecs", "rotation_vector",
                 "rotationMatrix", "rot_mat", *R_W2C_KEYS)  # fmt: skip
T_KEYS: Final = ("t", "T", "tvec", "translation", "trans", "Translation", "translation_vector", "ts", "tvecs",
                 "T_world2cam", "t_world2cam", "t_w2c", "t_cam_world", "translationVector")  # fmt: skip
CENTER_KEYS: Final = ("C", "center", "centre", "camera_center", "position", "pos", "cam_pos", "cam_center")
POSE_KEYS: Final = ("RT", "Rt", "rt", "extrinsic", "extrinsics", "extrinsic_matrix", "pose", "cam_extrinsic",
                    "cam_extrinsics", "camera_extrinsic", "camera_extrinsics", "extrinsicMatrix", "extri",
                    "Extrinsics", "Extrinsic")  # fmt: skip
W2C_KEYS: Final = ("w2c", "world_to_camera", "world2cam", "world2camera", "worldToCamera", "world_to_cam",
                   "cam_from_world", "viewmat", "T_cam_world", "T_cw", "Tcw", "T_w2c", "world2cams", "w2cs",
                   "extrinsics_w2c", "extrinsic_w2c", "w2c_matrix", "RT_w2c")  # fmt: skip
C2W_KEYS: Final = ("c2w", "camera_to_world", "cam2world", "camera2world", "cameraToWorld", "cam_to_world",
                   "world_from_cam", "camtoworld", "T_world_cam", "T_wc", "Twc", "T_c2w", "cams2world", "cam2worlds",
                   "camtoworlds", "c2ws", "T_BS", "cam2w", "extrinsics_c2w", "extrinsic_c2w", "c2w_matrix",
                   "RT_c2w")  # fmt: skip
PROJECTION_KEYS: Final = ("P", "projection", "projection_matrix", "projectionMatrix", "proj", "proj_mat")
RADIAL_AND_TANGENTIAL: Final = "k and p"
"""The lens of Human3.6M's k and p, in OpenCV's order."""

D_KEYS: Final = ("dist", "D", "d", "distCoeff", "distCoef", "distCoeffs", "dist_coeffs", "dist_coef", "distortion",
                 "distortions", "distortion_coefficients", "distortion_coeffs", "distortion_params", "coeffs",
                 "distCoefs", "distortion_vector", "distortionCoefficients", "dists",
                 RADIAL_AND_TANGENTIAL)  # fmt: skip
SIZE_KEYS: Final = ("imgSize", "image_size", "imageSize", "size", "resolution", "img_size")
QUATERNION_KEYS: Final = ("qvec", "q", "quat", "quaternion", "quaternion_wxyz", "quat_wxyz", "quaternion_xyzw",
                          "quat_xyzw", "rotation_quaternion", "rot_quat", "orientation")  # fmt: skip
QUATERNION_TERMS: Final = ("qw", "qx", "qy", "qz")
NAME_KEYS: Final = ("name", "camera_name", "cam_name", "camera_id", "cam_id", "camera", "id", "img_name", "names")
CAMERA_LISTS: Final = ("cameras", "cams", "frames", "views", "calibration", "calibrations", "camera_params")
"""Keys of a file's top level, and of the next, under which its cameras stand."""

_MAX_LEVELS = 3

Entry: TypeAlias = Mapping[str, Untrusted]


def first_of(entry: Entry, keys: tuple[str, ...]) -> str | None:
    """Return the first of the keys that has a value."""
    ranks = _ranks(keys)
    found = entry.keys() & ranks.keys()
    if len(found) > 1:
        found = {key for key in found if entry[key] is not None}
    best = min(found, key=ranks.__getitem__) if len(found) > 1 else next(iter(found), None)
    return None if best is None or entry[best] is None else best


@cache
def _ranks(keys: tuple[str, ...]) -> dict[str, int]:
    """Return the places of keys: an entry has fewer keys than there are spellings."""
    return {key: rank for rank, key in reversed(list(enumerate(keys)))}


def below_lists(value: Untrusted) -> Untrusted:
    """Return what stands under a key such as "cameras", or below two of them; the value itself where there is none."""
    for _ in range(_MAX_LEVELS):
        key = next((key for key in CAMERA_LISTS if key in value), None) if isinstance(value, Mapping) else None
        if key is None or not isinstance(value[key], Mapping | list):
            break
        value = value[key]
    return value


def names_of(entries: Mapping[str, Untrusted]) -> list[str]:
    """Return the cameras' names: what the entries state, where that tells them apart, or their keys."""
    names = [
        str(entry[one]) if isinstance(entry, Mapping) and (one := first_of(entry, NAME_KEYS)) else key
        for key, entry in entries.items()
    ]
    return names if len(set(names)) == len(names) else list(entries)
