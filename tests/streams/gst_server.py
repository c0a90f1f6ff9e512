"""GStreamer's RTSP server, for the system's Python: CODEC CLIP; prints the port it took."""

from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def main(codec: str, clip: str) -> None:
    """Serve for ever."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    short = codec.removeprefix("h")
    payload = f"h{short}parse ! rtph{short}pay name=pay0 pt=96 config-interval=-1"
    factory.set_launch(f'( filesrc location="{clip}" ! qtdemux ! {payload} )')
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
