"""The FLAME head model: parameters to vertices, topology, landmarks."""
