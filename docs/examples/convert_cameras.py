"""Read the cameras of a capture, write them for COLMAP and nerfstudio, and check that no pixel moved."""

import renderkit as rk

rig = rk.read_rig("capture/0000_e0_anno.smc")  # the format is detected from the content
print(f"{len(rig)} cameras, unit {rig.unit}, size {next(iter(rig)).size}")

for name, path in (("colmap", "sparse/0"), ("nerfstudio", "transforms.json")):
    written = rk.write_rig(rig, path, format=name)
    difference = rk.diff_rigs(rig, rk.read_rig(path))
    print(f"{written.format}: {written.num_cameras} cameras, largest difference {difference.worst_raw_px:.1e} px")
    assert difference.worst_raw_px < 1e-6
