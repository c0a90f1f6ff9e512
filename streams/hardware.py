"""Whether a graphics device decodes, which one, and why not another: chosen once, said aloud."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import av
from av.codec.hwaccel import HWAccel, hwdevices_available

log = logging.getLogger(__name__)

SOFTWARE = "software"
AUTO = "auto"
# Tried in this order; the others that FFmpeg knows are taken only when named.
_PREFERRED = ("cuda", "qsv", "vaapi", "videotoolbox", "d3d11va")


@dataclass(frozen=True, slots=True)
class Decoding:
    """How pictures are decoded: `device` is FFmpeg's name of a kind of device, None for software; `reason` says why."""

    device: str | None
    reason: str

    @property
    def shown(self) -> str:
        """One word for health reports."""
        return self.device or SOFTWARE


IN_SOFTWARE = Decoding(None, "software was asked for")
Probe = Callable[[str], str | None]


def choose_decoding(
    setting: str = AUTO, available: Sequence[str] | None = None, probe: Probe | None = None
) -> Decoding:
    """What `setting` comes to on this machine: `auto`, `software`, or a kind of device by FFmpeg's name (`cuda`).

    `available` are the kinds that this FFmpeg was built with, `probe` says why one cannot be opened (None: it can).
    A device that was named and is not there is a warning in the log, never an error: software decodes then.
    """
    available = hwdevices_available() if available is None else available
    probe = probe or why_not
    if setting == SOFTWARE:
        return IN_SOFTWARE
    if setting != AUTO:
        return _named(setting, available, probe)
    kinds = [kind for kind in _PREFERRED if kind in available]
    refused: list[str] = []
    for kind in kinds:
        reason = probe(kind)
        if reason is None:
            return Decoding(kind, "the first device found")
        refused.append(f"{kind}: {reason}")
    return Decoding(None, "; ".join(refused) or "this FFmpeg was built without devices")


def why_not(kind: str) -> str | None:
    """Why a device of this kind cannot decode here; None when it can."""
    try:
        HWAccel(kind, allow_software_fallback=False).create(av.Codec("h264", "r"))
    except (av.error.FFmpegError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        return str(getattr(error, "strerror", None) or error)
    return None


def accelerator(decoding: Decoding) -> HWAccel | None:
    """What a decoder is created with; streams that the device cannot decode fall back to software by themselves."""
    return None if decoding.device is None else HWAccel(decoding.device, allow_software_fallback=True)


def _named(kind: str, available: Sequence[str], probe: Probe) -> Decoding:
    if kind in available:
        reason = probe(kind)
        if reason is None:
            return Decoding(kind, "it was asked for")
    else:
        reason = f"this FFmpeg knows {', '.join(available) or 'no devices'}"
    log.warning("decoding by %s is not possible (%s); software decodes", kind, reason)
    return Decoding(None, f"{kind}: {reason}")
