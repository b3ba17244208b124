"""Landmark files: one reader per layout, all of them behind `landmarks_file.LandmarksFile`."""
