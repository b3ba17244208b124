"""Cameras, poses, distortion, meshes and landmarks: pure maths on NumPy and OpenCV."""
