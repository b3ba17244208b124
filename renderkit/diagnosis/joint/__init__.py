"""One robust estimate over all cameras, frames and evidence: which cameras are off, by what and how much."""

from renderkit.diagnosis.joint.estimate import Priors
from renderkit.diagnosis.joint.fit import fit_joint
from renderkit.diagnosis.joint.result import CameraDelta, CameraFinding, JointDiagnosis

__all__ = ["CameraDelta", "CameraFinding", "JointDiagnosis", "Priors", "fit_joint"]
