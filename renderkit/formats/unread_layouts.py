"""Layouts that are known and not read: what marks them, what they are, and the way in."""

from __future__ import annotations

from typing import Final

_METASHAPE = "export the cameras as XML (File, Export, Export Cameras)"
BINARY_MARKS: Final = (
    (b"PK\x03\x04", "a zip archive; unpack it"),
    (b"\x1f\x8b", "compressed by gzip; unpack it (gunzip)"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"PXR-USDC", "a USD scene; export its cameras from the program that wrote it"),
    (b"Kaydara FBX", "an FBX scene; export its cameras from the program that wrote it"),
    (b"BLENDER", "a Blender scene; export its cameras, as transforms.json for example"),
    (b"\x89HDF", "an HDF5 file of another layout"),
    (b"\x80", "a Python pickle; write its cameras as JSON or .npz (numpy.savez)"),
    (b"glTF", "a glTF scene; export its cameras from the program that wrote it"),
    (b"Ogawa", "an Alembic scene; export its cameras from the program that wrote it"),
    (b"SQLite format 3", "an SQLite database without COLMAP's table of cameras"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file; write its cameras as JSON (jsonencode) or .npz"),
    (b"\x76\x2f\x31\x01", "an EXR picture, not a camera file"),
    (b"\x89PNG", "a PNG picture, not a camera file"),
    (b"\xff\xd8\xff", "a JPEG picture, not a camera file"),
    (b"ply\n", "a PLY mesh or point cloud, not a camera file"),
)
TEXT_MARKS: Final = (
    ("#usda", "a USD scene; export its cameras from the program that wrote it"),
    ("fileName imageWidth imageHeight", "Pix4D's calibrated_camera_parameters.txt; export bundle.out or COLMAP"),
    ("# ground truth trajectory", "a trajectory of the TUM benchmark: poses without intrinsics"),
    ("#timestamp", "a trajectory: poses without intrinsics"),
    ("# timestamp tx ty tz", "a trajectory of the TUM benchmark: poses without intrinsics"),
    ("Calibration results", "a report of Kalibr; take the camchain.yaml beside it"),
    (
        "# oST version",
        "the text form of ROS's calibrator; take ost.yaml, which lies beside it in the calibrator's archive",
    ),
    ("% Intrinsic and Extrinsic", "the result of MATLAB's Camera Calibration Toolbox; write its cameras as JSON"),
    ("Pix4D camera calibration", "a lens of Pix4D without poses; export bundle.out or COLMAP"),
    ("# Cameras (", f"Metashape's export of angles, without a lens; {_METASHAPE}"),
    ("#Label,", f"a reference file of Metashape, without a lens; {_METASHAPE}"),
    (
        "cam_uid,graph_uid,",
        "Ego-Exo4D's gopro_calibs.csv; write each camera as JSON with fx, fy, cx, cy, k1 .. k4, `fisheye`: true and "
        "its pose as a 4x4 matrix T_world_cam",
    ),
    ("https://www.youtube.com", "RealEstate10K's poses of one video, without the size of its pictures"),
)
KEY_MARKS: Final = (
    (
        {"T_imu_cam", "intrinsics", "resolution"},
        "Basalt's calibration; write each camera's K, and its pose as a 4x4 matrix T_world_cam",
    ),
    (
        {"R", "T", "focal_length", "principal_point"},
        "PyTorch3D's cameras, whose axes are left, up, forward and whose R acts on rows; convert them by "
        "pytorch3d.utils.opencv_from_cameras_projection",
    ),
    ({"t_00", "t_01", "t_23"}, "a pose of Polycam; convert the folder to transforms.json by ns-process-data polycam"),
    ({"poses", "K", "w", "h"}, "Record3D's metadata; convert it to transforms.json by ns-process-data record3d"),
    (
        {"w2c", "k", "fn", "cam_id"},
        "Dynamic 3D Gaussians' train_meta.json, whose cameras are listed by time; write those of one time",
    ),
    (
        {"matrix_world", "lens"},
        "a dump of Blender's cameras; export transforms.json, in which the sensor and its fit are resolved",
    ),
    ({"orientation", "radial_distortion", "res_w"}, "Human3.6M's cameras with quaternions; write R as a 3x3 matrix"),
    (
        {"projection_type", "orientation", "position"},
        "the models.json of light field videos; write each camera's R and t",
    ),
    (
        {"projection_parameters", "model_type"},
        "a lens of camodocal or VINS; write fx, fy, cx, cy, k1, k2, p1, p2, width and height at the top level",
    ),
    (
        {"intrinsics_w_distortion", "extrinsics"},
        "a camera of Fit3D, CHI3D or HumanSC3D; write fx, fy, cx, cy of f and c, dist = [k1, k2, p1, p2, k3] of k and "
        "p, R, and t = -R T, all cameras in one file",
    ),
    ({"camera_mtx", "view_mtx"}, "PROX's calibration of one camera; write K = camera_mtx and w2c = view_mtx"),
    ({"world2cam", "intris_mat"}, "ARCTIC's misc.json; write K = intris_mat and w2c = world2cam of one subject"),
    ({"cameraPoseARFrame"}, "a frame of ARKit (3D Scanner App); convert the scan to transforms.json"),
    (
        {"calibration_matrix", "distortion"},
        "Human3.6M's camera-parameters.json, whose poses stand apart by subject; write K, dist, R and t by camera",
    ),
    ({"location", "rotation_euler"}, "a dump of Blender's cameras; export transforms.json"),
    ({"asset", "nodes"}, "a glTF scene; export its cameras from the program that wrote it"),
    ({"metadata", "object"}, "a scene of three.js; export its cameras as transforms.json"),
    (
        {"apriltag", "extrinsics", "master"},
        "DexYCB's extrinsics, without intrinsics; write K of its intrinsics folder and c2w by camera",
    ),
    ({"target_type"}, "a calibration target of Kalibr; the cameras are in its camchain.yaml"),
    ({"priors"}, "Theia's calibration file; export the reconstruction as Bundler or NVM"),
    ({"rotation", "translation"}, "poses without intrinsics; a rig needs both"),
    ({"R", "t"}, "poses without intrinsics; a rig needs both"),
    ({"R", "T"}, "poses without intrinsics; a rig needs both"),
)
XML_ROOTS: Final = {
    "BlocksExchange": "a BlocksExchange file (ContextCapture); export the cameras as Metashape XML or as COLMAP",
    "MeshLabProject": "a MeshLab project; export its cameras as Bundler's bundle.out",
    "MeshLabDocument": "a MeshLab project; export its cameras as Bundler's bundle.out",
    "calibration": f"a lens of Metashape without poses; {_METASHAPE}",
    "ExportAPERO": "an orientation of MicMac; convert it to COLMAP",
    "document": f"a project of Metashape; {_METASHAPE}",
    "chunk": f"a part of a project of Metashape; {_METASHAPE}",
}
FOLDERS: Final = (
    (("intrinsics", "pose"), "NeRF++, NSVF or ScanNet have folders such as these"),
    (("intrinsics.txt", "pose"), "NSVF, SRN and pixelNeRF have folders such as this"),
    (("intrinsic", "pose"), "ScanNet has folders such as this"),
    (("intrinsic.txt", "extrinsic.txt"), "HUMBI has files such as these"),
)
SUFFIXES: Final = {
    ".psz": f"a project of Metashape; {_METASHAPE}",
    ".pt": "a file of PyTorch; write its cameras as JSON or .npz (numpy.savez)",
    ".pth": "a file of PyTorch; write its cameras as JSON or .npz (numpy.savez)",
    ".pincam": "ARKitScenes' width, height, fx, fy, cx, cy of one frame, without a pose",
    ".cal": "TotalCapture's calibration.cal, whose distortion is described nowhere; write K, R and t by camera",
}
"""Files that show by their suffix what they are."""

MODEL_PLACES: Final = ("colmap/sparse/0", "colmap/sparse", "dense/sparse", "dense/0/sparse", "distorted/sparse/0")
"""Folders below a project's in which programs keep a COLMAP model."""
