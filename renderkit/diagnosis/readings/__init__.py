"""Rig-wide readings: is a whole rig, or all that was measured in its pictures, read as it was meant?"""

from renderkit.diagnosis.readings.registry import READINGS
from renderkit.diagnosis.readings.result import RigReading
from renderkit.diagnosis.readings.rig_wide import read_rig_wide

__all__ = ["READINGS", "RigReading", "read_rig_wide"]
