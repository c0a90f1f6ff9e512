"""A camera simulator that speaks real RTSP, with faults on command."""

from __future__ import annotations

from streams.simulator.camera import SimulatedCamera
from streams.simulator.faults import Fault, FaultKind, FaultPlan
from streams.simulator.server import Simulator

__all__ = ["Fault", "FaultKind", "FaultPlan", "SimulatedCamera", "Simulator"]
