"""From packets to frames, the part that live cameras and replayed files share: ring, sampling, decoding, drops."""

from __future__ import annotations

from collections import Counter

from streams.decode import PIXEL_FORMAT, ImageConverter, Picture, PictureDecoder
from streams.frame import Frame
from streams.h264 import PictureNumbers
from streams.packet import EncodedPacket, StreamParameters
from streams.ring import PacketRing
from streams.sampler import Sampler, SamplingPolicy, Step


class FramePipeline:
    """Packets of one camera in, frames out, in the order of the timeline; never raises on bad data.

    `drops` counts, by reason, every packet or picture that was lost: `before_keyframe` (predicted from what came before
    the stream began), `corrupt` (the picture or its packet is damaged), `picture_lost` (the stream's own count shows
    that one never came), `after_corrupt` (predicted from a damaged or lost one), `decode_error`, `out_of_order` (it
    would run backwards in time), `ring_full` (one GOP outgrew the ring; it is still decoded).
    """

    def __init__(self, camera_id: str, ring: PacketRing, policy: SamplingPolicy, threads: int = 1) -> None:
        self._camera_id = camera_id
        self._ring = ring
        self._sampler = Sampler(policy)
        self._threads = threads
        self._converter = ImageConverter()
        self._decoder: PictureDecoder | None = None
        self._parameters: StreamParameters | None = None
        self._numbers: PictureNumbers | None = None
        self._latest: EncodedPacket | None = None
        self._emitted_pts_ns: int | None = None
        self._has_key = self._feeding = self._damaged = False
        self._whole_from_ns = 0
        self._sequence = 0
        self.drops: Counter[str] = Counter()
        self.decoded = 0

    @property
    def emitted(self) -> int:
        """Frames handed on so far."""
        return self._sequence

    def push(self, parameters: StreamParameters, packet: EncodedPacket, *, corrupt: bool = False) -> list[Frame]:
        """Take the next packet in decoding order; `corrupt` when the transport knows that it is damaged."""
        frames = self._follow(parameters)
        self._has_key = self._has_key or packet.is_keyframe
        if not self._has_key:
            self.drops["before_keyframe"] += 1
            return frames
        if not self._ring.append(parameters, packet):
            self.drops["ring_full"] += 1
        frames += self._run(packet, corrupt=corrupt)
        self._latest = packet
        return frames

    def interrupt(self) -> list[Frame]:
        """The stream broke off or ended: the pictures still in the decoder; the next packets wait for a key frame."""
        frames = self._drain()
        self._sampler.restart()
        self._has_key = self._damaged = False
        return frames

    def _follow(self, parameters: StreamParameters) -> list[Frame]:
        if parameters == self._parameters:
            return []
        frames = self._drain()
        if self._parameters is not None:
            self._sampler.restart()
        self._parameters, self._decoder, self._has_key = parameters, PictureDecoder(parameters, self._threads), False
        self._numbers = PictureNumbers(parameters.extradata) if parameters.codec == "h264" else None
        return frames

    def _run(self, packet: EncodedPacket, *, corrupt: bool) -> list[Frame]:
        step = self._sampler.step(packet)
        if step is Step.NEXT and not self._feeding:
            step = Step.CATCH_UP
        frames = self._drain() if step in (Step.ALONE, Step.SKIP) else []
        if corrupt:
            self.drops["corrupt"] += 1
            return frames + self._damage()
        assert self._decoder is not None  # noqa: S101 - set by `_follow`
        if step is Step.ALONE:
            self._damaged, self._whole_from_ns = False, packet.pts_ns
            return frames + self._emit(self._decoder.decode_alone(packet), packet)
        if step is not Step.SKIP:
            for earlier in self._backlog(packet) if step is Step.CATCH_UP else (packet,):
                frames += self._feed(self._decoder, earlier)
        return frames

    def _backlog(self, packet: EncodedPacket) -> tuple[EncodedPacket, ...]:
        """The GOP of `packet` up to it, from the ring; alone if the ring could not keep it."""
        if packet.is_keyframe:
            return (packet,)
        return self._ring.newest_gop() or (packet,)

    def _feed(self, decoder: PictureDecoder, packet: EncodedPacket) -> list[Frame]:
        """Decode the next of a run of packets; from a damage on, nothing until the next key frame."""
        lost = self._numbers is not None and self._numbers.observe(packet.data, is_keyframe=packet.is_keyframe)
        if packet.is_keyframe and (self._damaged or not self._feeding):
            # What is shown before this key frame may be predicted from what is missing.
            self.drops["after_corrupt"] += len(decoder.drain())
            self._feeding, self._damaged, self._whole_from_ns = True, False, packet.pts_ns
        frames: list[Frame] = []
        if lost and not self._damaged:
            self.drops["picture_lost"] += 1
            frames = self._damage()
        if self._damaged or not self._feeding:
            self.drops["after_corrupt"] += 1
            return frames
        return frames + self._emit(decoder.decode(packet), packet)

    def _damage(self) -> list[Frame]:
        """Something is missing from here on; the pictures that the decoder still holds are from before it."""
        frames = self._drain(keep_feeding=True) if not self._damaged else []
        self._damaged = True
        return frames

    def _drain(self, *, keep_feeding: bool = False) -> list[Frame]:
        if not self._feeding or self._decoder is None or self._latest is None:
            return []
        self._feeding = keep_feeding
        return self._emit(self._decoder.drain(), self._latest)

    def _emit(self, pictures: list[Picture], packet: EncodedPacket) -> list[Frame]:
        self._count_errors()
        kept = [picture for picture in pictures if self._intact(picture) and self._sampler_takes(picture)]
        return [self._frame(picture, packet) for picture in kept]

    def _count_errors(self) -> None:
        if self._decoder is not None and self._decoder.errors:
            self.drops["decode_error"] += self._decoder.errors
            self._decoder.errors = 0
            self._damaged = True

    def _intact(self, picture: Picture) -> bool:
        self.decoded += 1
        if not picture.intact:
            self._damaged = True
            self.drops["corrupt"] += 1
            return False
        if self._damaged or picture.pts_ns < self._whole_from_ns:
            self.drops["after_corrupt" if self._damaged else "before_keyframe"] += 1
            return False
        return True

    def _sampler_takes(self, picture: Picture) -> bool:
        if self._emitted_pts_ns is not None and picture.pts_ns <= self._emitted_pts_ns:
            # The same picture decoded again, to catch up from its GOP's beginning, is no loss.
            self.drops["out_of_order"] += picture.pts_ns < self._emitted_pts_ns
            return False
        return self._sampler.take(picture.pts_ns)

    def _frame(self, picture: Picture, packet: EncodedPacket) -> Frame:
        self._emitted_pts_ns = picture.pts_ns
        frame = Frame(
            camera_id=self._camera_id,
            sequence=self._sequence,
            pts_ns=picture.pts_ns,
            captured_at_ns=packet.captured_at_ns + picture.pts_ns - packet.pts_ns,
            time_source=packet.time_source,
            pixel_format=PIXEL_FORMAT,
            image=self._converter.image(picture),
            is_keyframe=picture.is_keyframe,
        )
        self._sequence += 1
        return frame
