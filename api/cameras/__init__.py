"""Cameras and their health."""
