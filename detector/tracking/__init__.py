"""Tracking: one tracker per camera, with its own ids, on the camera's own time."""
