"""Credentials do not appear in anything that is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import SourceError
from streams.redact import one_line, redact_url
from streams.simulator import SimulatedCamera
from streams.source import CameraSource


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://admin:s3cret@10.0.0.1:554/live",
        "rtsp://admin:s3cret@with@at@10.0.0.1/live",
        "cannot open 'RTSP://admin:s3cret@cam/live': 401",
        "http://cam/snapshot?user=admin&password=s3cret&channel=1",
        "http://cam/live?token=s3cret",
        "Authorization: Digest username=admin, response=s3cret",
        "two: rtsp://a:s3cret@x/1 and rtsp://b:s3cret@y/2",
        "rtsp://s3cret@cam/live",
    ],
)
def test_no_secret_survives(text: str) -> None:
    assert "s3cret" not in redact_url(text)


@pytest.mark.parametrize("text", ["rtsp://cam:554/a@b", "a plain line", "mail@example.org", "/clips/a@b.mp4"])
def test_text_without_credentials_stays_as_it_is(text: str) -> None:
    assert redact_url(text) == text


def test_the_host_and_path_stay_readable() -> None:
    assert redact_url("rtsp://u:p@cam:554/live/1") == "rtsp://***@cam:554/live/1"
    assert one_line("a\n  rtsp://u:p@cam/\r\nb") == "a rtsp://***@cam/ b"


def test_a_source_shows_itself_without_credentials() -> None:
    source = CameraSource("gate", "rtsp://admin:s3cret@cam/live")
    assert "s3cret" not in repr(source)
    assert "s3cret" not in f"{source}"
    assert "s3cret" not in repr(SimulatedCamera("gate", Path("a.mp4"), "admin", "s3cret"))


@pytest.mark.parametrize("url", ["ftp://u:s3cret@cam/x", "concat:s3cret://x"])
def test_an_unknown_scheme_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        CameraSource("gate", url)
    assert "s3cret@" not in str(caught.value)
    assert "\n" not in str(caught.value)
