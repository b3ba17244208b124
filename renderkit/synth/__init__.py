"""The generator of captures with known truth."""
