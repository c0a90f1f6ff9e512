"""Errands: what the service asks workers to do at once, because only they reach the cameras and hold the tracks."""
