"""Pictures of one camera for people who look now: from the packets that are there anyway, at a bounded rate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from streams.decode import PIXEL_FORMAT, ImageConverter, Picture, PictureDecoder
from streams.frame import Frame
from streams.packet import EncodedPacket, StreamParameters
from streams.ring import RingPlace, Stretch
from streetwarden.small_picture import jpeg
from streetwarden.watched import WatchedCamera

SECOND_NS: Final = 1_000_000_000
KEYS_SERVE_S = 1.2
"""Where key pictures come as often as this they are enough; elsewhere the stream is decoded through."""
PACKETS_AT_ONCE = 64
LIVE_PX, LIVE_QUALITY = 960, 70
STILL_PX, STILL_QUALITY = 1280, 80


class LiveEye:
    """Gives the newest picture of a camera, masked, again and again; for one thread."""

    def __init__(self, camera: WatchedCamera) -> None:
        self._camera = camera
        self._converter = ImageConverter()
        self._decoder: PictureDecoder | None = None
        self._parameters: StreamParameters | None = None
        self._place: RingPlace | None = None
        self._shown_ns: int | None = None

    def newest(self) -> Frame | None:
        """The newest picture, with the camera's masks; None when there is none since the last time."""
        picture, packet = self._key() if self._keys_serve() else self._follow()
        if picture is None or packet is None or picture.pts_ns == self._shown_ns:
            return None
        self._shown_ns = picture.pts_ns
        return self._camera.masks.hide(_frame(self._camera.camera_id, self._converter, picture, packet))

    def _keys_serve(self) -> bool:
        spacing_s = None if self._camera.reader is None else self._camera.reader.key_spacing_s
        return spacing_s is not None and spacing_s <= KEYS_SERVE_S

    def _key(self) -> tuple[Picture | None, EncodedPacket | None]:
        newest = self._camera.ring.newest_key()
        if newest is None or newest[1].pts_ns == self._shown_ns:
            return None, None
        parameters, packet = newest
        # Whoever decoded through before begins anew at a key picture.
        self._place = None
        pictures = self._decoder_of(parameters).decode_alone(packet)
        return (pictures[-1], packet) if pictures else (None, None)

    def _follow(self) -> tuple[Picture | None, EncodedPacket | None]:
        """All that has come since the last time is decoded; the last picture of it counts."""
        newest: tuple[Picture | None, EncodedPacket | None] = None, None
        while (stretch := self._next()) is not None:
            for packet in stretch.packets:
                for picture in self._decoder_of(stretch.parameters).decode(packet):
                    newest = picture, packet
        return newest

    def _next(self) -> Stretch | None:
        ring = self._camera.ring
        if self._place is None:
            latest_ns = ring.latest_pts_ns
            self._place = None if latest_ns is None else ring.place_of_key(latest_ns)
            self._decoder = None
        if self._place is None:
            return None
        stretch = ring.after(self._place, PACKETS_AT_ONCE)
        if stretch is None:
            return None
        if stretch.place != self._place and not stretch.joined:
            self._decoder = None
        self._place = stretch.following
        return stretch

    def _decoder_of(self, parameters: StreamParameters) -> PictureDecoder:
        if self._decoder is None or parameters != self._parameters:
            self._decoder, self._parameters = PictureDecoder(parameters), parameters
        return self._decoder


def live_jpeg(frame: Frame) -> bytes:
    """Small, with its time in a corner, so that a picture that stands still is seen to."""
    at = datetime.fromtimestamp(frame.captured_at_ns // SECOND_NS, UTC)
    return jpeg(frame.image, LIVE_PX, LIVE_QUALITY, at.strftime("%Y-%m-%d %H:%M:%S UTC"))


def still_jpeg(camera: WatchedCamera, parameters: StreamParameters, packet: EncodedPacket) -> bytes | None:
    """A key picture of a camera, masked, as JPEG; None when it gives none."""
    pictures = PictureDecoder(parameters, loop_filter=False).decode_alone(packet)
    if not pictures:
        return None
    frame = _frame(camera.camera_id, ImageConverter(), pictures[-1], packet)
    return jpeg(camera.masks.hide(frame).image, STILL_PX, STILL_QUALITY)


def _frame(camera_id: str, converter: ImageConverter, picture: Picture, packet: EncodedPacket) -> Frame:
    return Frame(
        camera_id=camera_id,
        sequence=0,
        pts_ns=picture.pts_ns,
        captured_at_ns=packet.captured_at_ns + picture.pts_ns - packet.pts_ns,
        time_source=packet.time_source,
        pixel_format=PIXEL_FORMAT,
        image=converter.image(picture),
        is_keyframe=picture.is_keyframe,
    )
