"""Weights are fetched over real sockets from a server that misbehaves in every way that counts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from models.errors import FetchError
from models.fetch import MIRROR_VARIABLE, Download, fetch

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `content`; the first `cuts` answers end after a third; `ranges` False ignores the Range header."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.cuts = 0
        self.ranges = True
        self.failures: list[int] = []
        self.asked: list[str | None] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.onnx"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        self.server.paths.append(self.path)
        if self.server.failures:
            self.send_error(self.server.failures.pop(0))
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.ranges else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            total = len(self.server.content)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._send(body)

    def _send(self, body: bytes) -> None:
        if self.server.cuts:
            self.server.cuts -= 1
            self.wfile.write(body[: len(body) // 3])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(server: Server, folder: Path, attempts: int = 6) -> Path:
    # trust_env False: a proxy of the machine must not stand between the test and its own loopback server.
    client = httpx.Client(trust_env=False)
    download = Download(server.url, SHA256, len(CONTENT))
    return fetch(download, folder / "weights.onnx", client=client, sleep=lambda _: None, attempts=attempts)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_fetches_the_file_whole(server: Server, tmp_path: Path) -> None:
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert names(tmp_path) == ["weights.onnx"]


def test_a_cut_connection_is_resumed_from_the_last_byte(server: Server, tmp_path: Path) -> None:
    server.cuts = 2
    assert get(server, tmp_path).read_bytes() == CONTENT
    first = len(CONTENT) // 3
    second = first + (len(CONTENT) - first) // 3
    assert server.asked == [None, f"bytes={first}-", f"bytes={second}-"]


def test_what_came_before_a_cut_serves_the_next_run(server: Server, tmp_path: Path) -> None:
    server.cuts = 1
    with pytest.raises(FetchError, match=r"341333 of 1024000 bytes are kept"):
        get(server, tmp_path, attempts=1)
    assert not (tmp_path / "weights.onnx").exists()
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=341333-"


def test_a_server_without_ranges_sends_everything_again(server: Server, tmp_path: Path) -> None:
    server.cuts, server.ranges = 1, False
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_wrong_bytes_are_refused_and_nothing_is_kept(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(FetchError, match="wrong bytes"):
        get(server, tmp_path)
    assert names(tmp_path) == []


def test_a_longer_file_is_refused_before_it_fills_the_disk(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT * 2
    with pytest.raises(FetchError, match="more than the 1024000 bytes expected"):
        get(server, tmp_path)
    assert not (tmp_path / "weights.onnx").exists()


def test_a_failing_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.failures = [503, 502]
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_missing_file_is_one_clear_error(server: Server, tmp_path: Path) -> None:
    server.failures = [404] * 9
    with pytest.raises(FetchError, match="the server answered 404"):
        get(server, tmp_path)
    assert len(server.asked) == 1


def test_offline_is_one_clear_error_that_says_what_to_do(server: Server, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(FetchError, match=f"cannot be fetched .* or {MIRROR_VARIABLE} to a mirror") as caught:
        get(server, tmp_path, attempts=2)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_right_already_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "weights.onnx").write_bytes(CONTENT)
    get(server, tmp_path)
    assert server.asked == []


def test_a_folder_that_cannot_be_written_is_one_clear_error(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchError, match="cannot be written"):
        get(server, tmp_path / "file")


def test_a_proxy_of_the_environment_is_asked_for_the_whole_address(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/weights.onnx"))
    download = Download("http://weights.invalid/street.onnx", SHA256, len(CONTENT))
    assert fetch(download, tmp_path / "street.onnx").read_bytes() == CONTENT
    assert server.paths == ["http://weights.invalid/street.onnx"]
