"""Check a run against gates: which cameras pass, which do not, and which cannot be judged."""

import renderkit as rk

gates = ["reprojection_rms_px <= 1.5 px for 18-32", "median(iou) >= 95 %"]
report = rk.validate("capture/0000_e0_anno.smc", gates=gates)
for verdict in report.gates:
    print(f"{verdict.verdict:14} {verdict.gate} [{verdict.subject}] {verdict.message}")

assert not report.passed
assert [verdict.subject for verdict in report.gates if verdict.blocks] == ["25"]
