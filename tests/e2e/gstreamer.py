"""A camera that we did not write: GStreamer's RTSP server, run by Debian's Python, which has its bindings."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER = """
import sys
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch("( filesrc location=%s ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 )" % sys.argv[1])
server.get_mount_points().add_factory("/camera", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


@contextmanager
def gstreamer_camera(clip: Path) -> Iterator[str]:
    """Serve a clip over RTSP; gives its address."""
    command = ["/usr/bin/python3", "-c", SERVER, str(clip)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    try:
        yield f"rtsp://127.0.0.1:{int(child.stdout.readline())}/camera"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
