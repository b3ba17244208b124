"""Look for implausible numbers in a camera file before any picture is read."""

import json
from pathlib import Path

import renderkit as rk

rig = rk.read_rig("capture/0000_e0_anno.smc")
print("as captured:", [str(finding.code) for finding in rk.lint(rig)] or "no findings")

# Write the cameras, and get the principal point of one of them wrong.
rk.write_rig(rig, "cameras.json", format="rig")
document = json.loads(Path("cameras.json").read_text(encoding="utf-8"))
document["cameras"][0]["K"][0][2] -= 100.0
Path("cameras.json").write_text(json.dumps(document), encoding="utf-8")

findings = rk.lint(rk.read_rig("cameras.json"))
for finding in findings:
    print(f"{finding.severity}: {finding.code}: camera {finding.camera}: {finding.evidence}")
assert any(finding.camera == document["cameras"][0]["name"] for finding in findings)
