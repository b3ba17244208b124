"""Make a small capture: eight cameras, one of them turned by 0.3 degrees. The other examples read it."""

import renderkit as rk
from renderkit.synth.faults import parse_fault

options = rk.SynthOptions(num_cameras=8, size=(612, 512), faults=(parse_fault("rotated@25=0.3"),))
truth = rk.synthesize("capture", options)

print("capture:", truth.capture)
print("cameras:", ", ".join(truth.cameras["0"]))
print("faulty:", ", ".join(truth.faulty_cameras))
