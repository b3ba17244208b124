"""RealityCapture's XMP sidecars and CSV against the closed form of its camera mathematics and OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from camera_samples import ROTATION, TRANSLATION, brown_pixels, file_with, worst
from scipy.spatial.transform import Rotation

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig

SIZE = (640, 480)
CENTER = -ROTATION.T @ TRANSLATION
FOCAL = 640.0 * 35.0 / 36.0
# u and v are in units of the larger side from the image's centre, which is (320, 240) counted from the corner.
K = np.array([[FOCAL, 0.0, 0.01 * 640 + 319.5], [0.0, 1.02 * FOCAL, -0.02 * 640 + 239.5], [0.0, 0.0, 1.0]])
LENS = [-0.15, 0.1, 0.001, -0.0005, 0.02]


def sidecar(model: str = "brown3t2", lens: str = "-0.15 0.1 0.02 0 0.001 -0.0005", extra: str = "") -> str:
    rotation = " ".join(repr(value) for value in ROTATION.ravel().tolist())
    position = " ".join(repr(value) for value in CENTER.tolist())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xcr:Version="3" xcr:PosePrior="exact" xcr:DistortionModel="{model}" '
        'xcr:FocalLength35mm="35.0" xcr:Skew="0" xcr:AspectRatio="1.02" xcr:PrincipalPointU="0.01" '
        f'xcr:PrincipalPointV="-0.02" {extra} xmlns:xcr="http://www.capturingreality.com/ns/xcr/1.1#">'
        f"<xcr:Rotation>{rotation}</xcr:Rotation><xcr:Position>{position}</xcr:Position>"
        f"<xcr:DistortionCoeficients>{lens}</xcr:DistortionCoeficients></rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def test_a_sidecar_and_a_folder_of_them(tmp_path: Path) -> None:
    path = file_with(tmp_path, "IMG_1.xmp", sidecar(extra='xcr:RollingShutter="1"'))
    assert detect_format(path) == detect_format(tmp_path) == "realitycapture-xmp"
    with pytest.raises(DatasetError, match=r"no image size.*--size"):
        read_raw_rig(path)
    raw = read_raw_rig(path, size=SIZE)
    assert worst(raw.to_rig()["IMG_1"], brown_pixels(ROTATION, TRANSLATION, LENS, K)) < 1e-9
    assert raw.notes == ("`RollingShutter` is ignored (1 camera)",)
    assert cv2.imwrite(str(tmp_path / "IMG_1.jpg"), np.zeros((480, 640), np.uint8))
    assert worst(read_raw_rig(tmp_path).to_rig()["IMG_1"], brown_pixels(ROTATION, TRANSLATION, LENS, K)) < 1e-9


def test_sidecars_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="'division' has no counterpart"):
        read_raw_rig(file_with(tmp_path, "a.xmp", sidecar("division")), size=SIZE)
    with pytest.raises(CalibrationError, match=r"r\^8"):
        read_raw_rig(file_with(tmp_path, "b.xmp", sidecar("brown4", "0.1 0 0 0.2 0 0")), size=SIZE)
    bare = sidecar().replace("xcr:Rotation", "xcr:Other")
    with pytest.raises(DatasetError, match="no pose"):
        read_raw_rig(file_with(tmp_path, "c.xmp", bare), size=SIZE)


def test_the_csv_of_internal_and_external_parameters(tmp_path: Path) -> None:
    angles = (10.0, 20.0, 30.0)
    world_from_gl = Rotation.from_euler("ZXY", [-angles[0], angles[1], angles[2]], degrees=True).as_matrix()
    rotation = np.diag([1.0, -1.0, -1.0]) @ world_from_gl.T
    center = rotation.T @ (np.array([0.1, -0.2, 0.4]) - np.array([0.05, -0.1, 3.0]))
    u, v = 0.01 * 36.0, -0.02 * 36.0
    text = "#name,x,y,alt,heading,pitch,roll,f,px,py,k1,k2,k3,k4,t1,t2\n"
    text += f"IMG_1.jpg,{','.join(map(repr, [*center.tolist(), *angles, 35.0, u, v]))},-0.15,0.1,0.02,0,0.001,-0.0005\n"
    path = file_with(tmp_path, "export.csv", text)
    assert detect_format(path) == "realitycapture-csv"
    camera = read_raw_rig(path, size=SIZE).to_rig()["IMG_1"]
    square = K.copy()
    square[1, 1] = FOCAL
    assert np.abs(camera.cam_from_world.R - rotation).max() < 1e-12
    pose = camera.cam_from_world
    points = pose.inverse().apply(np.array([[0.1, 0.2, 3.0], [-0.4, 0.3, 2.0]]))
    want, _ = cv2.projectPoints(points, cv2.Rodrigues(rotation)[0], -rotation @ center, square, np.array(LENS))
    assert np.abs(camera.project(points) - want[:, 0]).max() < 1e-9


def test_other_exports_are_recognised_and_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"recognised, but the columns heading, pitch, roll, f are missing"):
        read_raw_rig(file_with(tmp_path, "a.csv", "#name,x,y,alt\na.jpg,1,2,3\n"), size=SIZE)
