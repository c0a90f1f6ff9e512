"""Decoders that cameras share: lent for one look or for the time of a motion, few kept for the next."""

from __future__ import annotations

import threading

from streams.decode import ImageConverter, PictureDecoder
from streams.hardware import IN_SOFTWARE, Decoding
from streams.packet import StreamParameters

# What lies idle serves the next looks; a decoder of 1080p pictures holds some 10 MB.
_IDLE_KEPT = 4
_Kind = tuple[StreamParameters, bool]


class DecoderPool:
    """Lends decoders by their stream's parameters; every method may be called from any thread.

    At most `idle` decoders are kept that nobody uses, the longest unused is freed first. `threads` is for decoding
    whole runs of pictures: 1 keeps memory small for many live cameras, 0 lets FFmpeg use every core for one clip.
    `decoding` says whether a device does it (`hardware.choose_decoding`).
    """

    def __init__(self, threads: int = 1, idle: int = _IDLE_KEPT, decoding: Decoding = IN_SOFTWARE) -> None:
        self.decoding = decoding
        self._threads = threads
        self._most_idle = idle
        self._lock = threading.Lock()
        self._idle: list[tuple[_Kind, PictureDecoder]] = []
        self._converters: list[ImageConverter] = []

    def decoder(self, parameters: StreamParameters, *, exact: bool = False) -> PictureDecoder:
        """A decoder for single key frames, which leaves out the smoothing unless they must be `exact`; give it back."""
        with self._lock:
            for index in reversed(range(len(self._idle))):
                if self._idle[index][0] == (parameters, exact):
                    return self._idle.pop(index)[1]
        return PictureDecoder(parameters, loop_filter=exact, decoding=self.decoding)

    def give_back(self, parameters: StreamParameters, decoder: PictureDecoder, *, exact: bool = False) -> None:
        """Take a decoder back that `decoder` lent; its errors are the borrower's to count before."""
        decoder.errors = 0
        with self._lock:
            self._idle.append(((parameters, exact), decoder))
            freed = self._idle[: -self._most_idle] if self._most_idle else self._idle[:]
            del self._idle[: len(freed)]
        # Decoders are freed after the lock: that takes a moment.

    def run_decoder(self, parameters: StreamParameters) -> PictureDecoder:
        """A decoder for a run of pictures; it is the borrower's own and freed with the last reference."""
        return PictureDecoder(parameters, self._threads, decoding=self.decoding)

    def converter(self) -> ImageConverter:
        """A converter for a few pictures; give it back."""
        with self._lock:
            return self._converters.pop() if self._converters else ImageConverter()

    def give_back_converter(self, converter: ImageConverter) -> None:
        """Take a converter back."""
        with self._lock:
            if len(self._converters) < self._most_idle:
                self._converters.append(converter)

    @property
    def idle(self) -> int:
        """Decoders kept that nobody uses."""
        with self._lock:
            return len(self._idle)
