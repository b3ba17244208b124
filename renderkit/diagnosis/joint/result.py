"""What the joint estimate concluded about each camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from renderkit.arrays import FloatArray, frozen
from renderkit.diagnosis.joint.mesh_fault import MeshFault
from renderkit.diagnosis.joint.parameters import ALL_SUBJECT, NO_CAMERAS_FAULT
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.diagnosis import OutlineFit


@dataclass(frozen=True, eq=False)
class CameraDelta:
    """How far one camera is from its calibration, all else integrated out.

    Attributes:
        camera: The camera.
        parameters: (14,) in the units of `joint.parameters.PARAMETERS`: what to add to the calibration.
        covariance: (14, 14) of the parameters.
        displacement_px: RMS displacement of the subject by them.
    """

    camera: str
    parameters: FloatArray
    covariance: FloatArray
    displacement_px: float

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("parameters", "covariance"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


@dataclass(frozen=True)
class CameraFinding:
    """One camera that is off, or an error that all cameras share.

    Attributes:
        camera: The camera; "" where all cameras share it.
        cause: The likeliest slip.
        cannot_tell: All slips that explain the evidence about as well, `cause` first.
        family: What it looks like: "shift", "roll", "scale", "lens", "aspect", "several"; or "matte" or
            "detections" where its pictures are wrong and it is not.
        log_p: Logarithm of the probability of such evidence from a healthy camera, all cameras and slips considered.
        size_px: RMS displacement of the subject, px; NaN where the evidence does not tell how much it is.
        size_error_px: Its standard error.
        shift_px: (dx, dy) mean displacement, seen minus predicted, px: what to add to cx and cy.
        shift_error_px: Standard errors of both.
        amounts: The slip's parameters by name, in their own units: what to add to the calibration.
        amount_errors: Their standard errors.
        explained: Whether the slip leaves no more than the noise (goodness of fit at 0.1 %).
        sentence: The finding in one sentence.
    """

    camera: str
    cause: str
    cannot_tell: tuple[str, ...]
    family: str
    log_p: float
    size_px: float
    size_error_px: float
    shift_px: tuple[float, float]
    shift_error_px: tuple[float, float]
    amounts: dict[str, float]
    amount_errors: dict[str, float]
    explained: bool
    sentence: str


@dataclass(frozen=True)
class JointDiagnosis:
    """The estimate over all cameras, frames and evidence.

    Attributes:
        findings: Cameras that are off, worst first; () where none is, or where it cannot be told.
        deltas: One for each camera with evidence.
        tau_px: The healthy cameras' own scatter, px for each parameter.
        noise_px: Noise of the landmarks by group of cameras, per component.
        view_shift_px: Scatter of whole views' detections.
        alpha: Probability that a rig without fault has a finding.
        num_views: Views with evidence.
        mesh: How the mesh is off, None where it is not.
        reason: Why nothing could be told; "" otherwise.
        sentence: The answer in one sentence.
        shift_errors_px: By camera, the standard error of a shift of its picture beside healthy scatter, px; infinite
            where nothing tells it.
        unnamed: That cameras are off of which none can be named; "" elsewhere.
        untold: What cannot be told, and which data would tell; "" where there is nothing to say.
        common: An error that all cameras share; `findings` count from what is left without it.
        corrected: The evidence with all cameras corrected by it; None without.
        outlines: How far the outlines lie apart; None without any.
    """

    findings: tuple[CameraFinding, ...]
    deltas: tuple[CameraDelta, ...]
    tau_px: float
    noise_px: dict[str, float]
    view_shift_px: float
    alpha: float
    num_views: int
    mesh: MeshFault | None
    reason: str
    sentence: str
    untold: str = ""
    unnamed: str = ""
    shift_errors_px: Mapping[str, float] = field(default_factory=dict)
    common: CameraFinding | None = None
    corrected: RigEvidence | None = None
    outlines: OutlineFit | None = None

    @property
    def blames_all(self) -> bool:
        """Whether an error that all cameras share is theirs, and not as well one of detections, mattes or subject."""
        return self.common is not None and NO_CAMERAS_FAULT.isdisjoint(self.common.cannot_tell)

    @property
    def is_alike(self) -> bool:
        """Whether several cameras would be named, had not all an error that explains as much."""
        return self.common is not None and ALL_SUBJECT in self.common.cannot_tell
