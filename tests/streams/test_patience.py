"""A camera is waited for as long as it needs, and no longer."""

from __future__ import annotations

import socket

import pytest

from streams.errors import SourceError
from streams.patience import Patience, knock
from streams.source import CameraSource

SOURCE = CameraSource("gate", "rtsp://user:s3cret@127.0.0.1/live", open_timeout_s=5.0, read_timeout_s=4.0)


def test_the_limits_are_the_source_s_own_at_first() -> None:
    limits = Patience(SOURCE).limits(0.04, None)
    assert (limits.open_timeout_s, limits.read_timeout_s) == (5.0, 4.0)
    assert limits.url == SOURCE.url


def test_a_slow_camera_is_given_more_time() -> None:
    limits = Patience(SOURCE).limits(2.0, 12.0)
    assert (limits.open_timeout_s, limits.read_timeout_s) == (23.0, 16.0)


def test_what_timed_out_is_given_twice_the_time_within_bounds() -> None:
    patience = Patience(SOURCE)
    patience.timed_out(streaming=False)
    assert patience.limits(0.04, None).open_timeout_s == 10.0
    patience.timed_out(streaming=True)
    assert patience.limits(0.04, None).read_timeout_s == 8.0
    for _ in range(20):
        patience.timed_out(streaming=True)
        patience.timed_out(streaming=False)
    limits = patience.limits(0.04, None)
    assert (limits.open_timeout_s, limits.read_timeout_s) == (60.0, 60.0)
    patience.settled()
    assert patience.limits(0.04, None).read_timeout_s == 4.0


def test_where_nobody_listens_is_said_at_once_and_without_credentials() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        knock(CameraSource("gate", f"rtsp://127.0.0.1:{port}/live"))
    with pytest.raises(SourceError, match="refused") as caught:
        knock(CameraSource("gate", f"rtsp://user:s3cret@127.0.0.1:{port}/live"))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/live", "/clips/a.mp4", "rtsp://127.0.0.1:x/live"])
def test_only_rtsp_addresses_are_knocked_at(url: str) -> None:
    knock(CameraSource("gate", url))
