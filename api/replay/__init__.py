"""Replay before saving: what changed zones would have found in the last days."""
