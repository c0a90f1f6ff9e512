"""Zones: versioned polygons with rules."""
