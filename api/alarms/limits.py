"""From when on something is an alarm."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

GIB = 1 << 30


class AlarmLimits(BaseModel):
    """Seconds that a state must last before it is an alarm, and the figures that make one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_down_s: float = Field(default=60.0, ge=0, description="A camera without packets for so long.")
    picture_unfit_s: float = Field(default=120.0, ge=0, description="A picture that cannot be judged for so long.")
    gate_s: float = Field(default=300.0, ge=0, description="A motion gate that skips too much for so long.")
    late_s: float = Field(default=30.0, gt=0, description="Looks that come so much too late.")
    late_for_s: float = Field(default=120.0, ge=0, description="The same, for so long.")
    clock_offset_s: float = Field(default=5.0, gt=0, description="A camera's clock that is off by more.")
    clock_s: float = Field(default=60.0, ge=0, description="The same, for so long.")
    disk_free_share: float = Field(default=0.1, ge=0, le=1, description="Less of a disk than this is free, and")
    disk_free_bytes: int = Field(default=20 * GIB, ge=0, description="less than so many bytes.")
    outbox_waiting: int = Field(default=20, ge=1, description="So many packages or more wait to be sent,")
    outbox_s: float = Field(default=180.0, ge=0, description="for so long.")
    clear_s: float = Field(default=30.0, ge=0, description="What was over for so long is closed.")
