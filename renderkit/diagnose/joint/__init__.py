"""One robust estimate over all cameras, frames and evidence: which cameras are off, by what and how much."""

from renderkit.diagnose.joint.estimate import Priors
from renderkit.diagnose.joint.fit import ALPHA, fit_joint
from renderkit.diagnose.joint.result import CameraDelta, CameraFinding, JointDiagnosis

__all__ = ["ALPHA", "CameraDelta", "CameraFinding", "JointDiagnosis", "Priors", "fit_joint"]
