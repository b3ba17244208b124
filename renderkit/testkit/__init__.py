"""Test vectors for a rig, and a judge that names what is wrong with a projection function."""
