"""Cameras: ingest, packet ring, sampling, health and clocks; and the camera simulator."""
