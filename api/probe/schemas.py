"""Probes and finds as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.cameras.schemas import Address, Transport

Reason = Literal[
    "unknown_host",
    "unreachable",
    "refused",
    "timeout",
    "auth",
    "not_found",
    "protocol",
    "no_video",
    "codec",
    "no_picture",
    "broken_off",
]
Warning_ = Literal["keys_rare", "slow", "small", "clock_off", "no_sender_clock"]


class ProbeIn(BaseModel):
    """An address to try; it is kept nowhere."""

    model_config = ConfigDict(extra="forbid")
    url: Address
    transport: Transport = "tcp"


class ProbeOut(BaseModel):
    """What a worker found at a camera's address.

    `reason` says why it is not ok; `detail` is the worker's own line, without credentials. `warnings` are what will
    make it work badly. `still` is a JPEG, base64, with the camera's privacy masks.
    """

    model_config = ConfigDict(extra="ignore")
    ok: bool
    reason: Reason | None = None
    detail: Annotated[str, Field(max_length=600)] = ""
    warnings: list[Warning_] = []
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    key_spacing_s: float | None = None
    clock_offset_s: float | None = None
    took_s: float
    worker_id: str = ""
    still: Annotated[str | None, Field(max_length=2_000_000)] = None


class FoundDevice(BaseModel):
    """A device that answered an ONVIF WS-Discovery probe; `known` names the camera that has its host already."""

    model_config = ConfigDict(extra="ignore")
    host: str
    onvif_url: str
    name: str = ""
    hardware: str = ""
    location: str = ""
    known: str | None = None


class FoundDevices(BaseModel):
    """The devices of the net that one worker reaches, by host."""

    items: list[FoundDevice]
    worker_id: str = ""


class StreamsIn(BaseModel):
    """A device and a user of it, to ask it for its streams; neither is kept."""

    model_config = ConfigDict(extra="forbid")
    onvif_url: Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$")]
    username: Annotated[str, Field(max_length=120)] = ""
    password: Annotated[str, Field(max_length=200)] = ""


class DeviceStream(BaseModel):
    """One profile of a device: its address without credentials, and what it says it sends."""

    model_config = ConfigDict(extra="ignore")
    name: str = ""
    url: str
    codec: str = ""
    width: int | None = None
    height: int | None = None
    fps: float | None = None


class DeviceStreams(BaseModel):
    """What a device said; `problem`, when it did not: auth, timeout, unreachable or protocol."""

    ok: bool
    problem: Literal["auth", "timeout", "unreachable", "protocol"] | None = None
    detail: Annotated[str, Field(max_length=600)] = ""
    items: list[DeviceStream] = []
