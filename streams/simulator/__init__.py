"""A camera simulator that speaks real RTSP."""

from __future__ import annotations

from streams.simulator.camera import SimulatedCamera
from streams.simulator.server import Simulator

__all__ = ["SimulatedCamera", "Simulator"]
