"""A small case service on loopback that takes packages, and misbehaves when told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "worker-token"


class FakeService:
    """What was taken, in order, and what to do with the next requests.

    `behave` gets method and path and returns a status to answer with, 0 to hang up, or None to take the request.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.taken: list[str] = []
        self.bodies: dict[str, bytes] = {}
        self.requests = 0
        self.behave: Callable[[str, str], int | None] = lambda _method, _path: None

    def take(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        with self.lock:
            known = self.bodies.get(path)
            if known is None:
                self.taken.append(path)
                self.bodies[path] = body
                return 201, {"case_id": len(self.taken)}
            return (200, {"case_id": 1}) if known == body else (409, {"detail": "known but different"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: FakeService

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_PUT(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self._body()
        with self.service.lock:
            self.service.requests += 1
        status = self.service.behave(self.command, self.path)
        if status == 0:
            self.close_connection = True
            self.connection.close()
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status = 401
        if status is not None:
            self._answer(status, {"detail": f"told to answer {status}"})
        elif self.command == "PUT":
            # A state may be replaced by a later one; a package or key never by another.
            path = self.path + json.loads(body)["state"] if "/incidents/" in self.path else self.path
            self._answer(*self.service.take(path, body))
        elif self.headers.get("If-None-Match") == '"one"':
            self._answer(304, None)
        else:
            self._answer(200, {"cameras": [], "config_etag": '"one"', "told": body.decode()})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, value: dict[str, Any] | None) -> None:
        data = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that were hung up on are no news."""


@contextmanager
def serving(service: FakeService, port: int = 0) -> Iterator[str]:
    """Serve on a free port (or on one that was free before); gives the base URL."""
    handler = type("Handler", (_Handler,), {"service": service})
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
