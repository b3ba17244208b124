"""Hold a run against gates: which cameras pass, which do not, and which cannot be judged."""

import renderkit as rk
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge

with rk.open_capture("capture/0000_e0_anno.smc") as capture, rk.make_renderer() as renderer:
    report = rk.Report(tuple(rk.validate(capture, renderer)))

gates = [parse_gate("reprojection_rms_px <= 1.5 px for 18-32"), parse_gate("median(iou) >= 95 %")]
verdicts = judge(report, gates)
for verdict in verdicts:
    print(f"{verdict.verdict:14} {verdict.gate} [{verdict.subject}] {verdict.message}")
assert [verdict.subject for verdict in verdicts if verdict.blocks] == ["25"]
