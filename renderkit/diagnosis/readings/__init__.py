"""Rig-wide readings: is a whole rig, or all that was measured in its pictures, read as it was meant?"""
