"""Fetching weights: resumed where a connection broke, and kept only when every byte is the one asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from models.catalogue import Card, sha256_of
from models.errors import FetchError

MIRROR_VARIABLE = "STREETWARDEN_MODELS_MIRROR"
ATTEMPTS = 6
FIRST_PAUSE_S = 0.5
TIMEOUT = httpx.Timeout(30.0, connect=10.0)


@dataclass(frozen=True, slots=True)
class Download:
    """What to fetch: the file's hash and size are known before its first byte comes."""

    url: str
    sha256: str
    size: int

    @classmethod
    def of(cls, card: Card, mirror: str | None = None) -> Download:
        """The download of a card's weights; a mirror serves the same file name under its own address.

        Without `mirror` the environment's `STREETWARDEN_MODELS_MIRROR` is taken, then the card's own address.
        Raises FetchError when there is none.
        """
        base = mirror or os.environ.get(MIRROR_VARIABLE)
        url = f"{base.rstrip('/')}/{card.file}" if base else card.url
        if not url:
            raise FetchError(f"{card.name}: no address to fetch from; its weights come with the sources")
        if not url.startswith(("http://", "https://")):
            raise FetchError(f"{card.name}: {url}: expected an address that begins with http:// or https://")
        return cls(url, card.sha256, card.bytes)


class _Cut(Exception):
    """The connection ended, or the server failed, before the last byte: worth another try."""


def open_client() -> httpx.Client:
    """A client that obeys the usual variables: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=True, trust_env=True)


def fetch(
    download: Download,
    target: Path,
    *,
    client: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
    attempts: int = ATTEMPTS,
) -> Path:
    """Fetch to `target` and return it; a `target` that is already right is left alone.

    What came before a cut stays beside it in a `.part` file, also over runs, and the next try asks only for the rest.
    `target` itself appears whole, its hash checked, or not at all. Raises FetchError.
    """
    if target.is_file() and sha256_of(target) == download.sha256:
        return target
    part = target.with_name(f".{target.name}.{download.sha256[:12]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with client or open_client() as session:
            _complete(session, download, part, sleep, attempts)
        _keep(part, target, download)
    except OSError as problem:
        raise FetchError(f"{target}: cannot be written: {problem.strerror or problem}") from problem
    return target


def _complete(
    session: httpx.Client, download: Download, part: Path, sleep: Callable[[float], None], attempts: int
) -> None:
    pause = FIRST_PAUSE_S
    for attempt in range(1, attempts + 1):
        before = _size(part)
        if before == download.size:
            return
        try:
            _continue(session, download, part)
        except (_Cut, httpx.TransportError) as problem:
            if attempt == attempts:
                raise FetchError(_offline(download, part, problem)) from problem
            pause = FIRST_PAUSE_S if _size(part) > before else pause * 2
            sleep(pause)
        else:
            return


def _continue(session: httpx.Client, download: Download, part: Path) -> None:
    have = _size(part)
    if have > download.size:
        part.unlink()
        have = 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    headers["Accept-Encoding"] = "identity"  # a range of compressed bytes is not a range of the file
    with session.stream("GET", download.url, headers=headers) as response:
        resumed = _resumes(response, have)
        _refuse(response, download)
        with part.open("ab" if resumed else "wb") as file:
            _write(response, file.write, download, have if resumed else 0)
            file.flush()
            os.fsync(file.fileno())
    if _size(part) < download.size:
        raise _Cut("the connection ended early")


def _resumes(response: httpx.Response, have: int) -> bool:
    """Whether the answer goes on from `have`; a server that knows no ranges sends everything again."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return False
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _refuse(response: httpx.Response, download: Download) -> None:
    status = response.status_code
    if status in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
        return
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        raise _Cut(f"the server answered {status}")
    raise FetchError(f"{download.url}: the server answered {status} {response.reason_phrase}".rstrip())


def _write(response: httpx.Response, write: Callable[[bytes], int], download: Download, have: int) -> None:
    for block in response.iter_bytes():
        have += len(block)
        if have > download.size:
            raise FetchError(f"{download.url}: more than the {download.size} bytes expected: not the file asked for")
        write(block)


def _keep(part: Path, target: Path, download: Download) -> None:
    found = sha256_of(part)
    if found != download.sha256:
        part.unlink()
        raise FetchError(
            f"{download.url}: wrong bytes: sha256 is {found[:16]}..., expected {download.sha256[:16]}...; nothing kept"
        )
    part.replace(target)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _offline(download: Download, part: Path, problem: Exception) -> str:
    reason = " ".join(str(problem).split()) or type(problem).__name__
    kept = f"; {_size(part)} of {download.size} bytes are kept for the next try" if _size(part) else ""
    return (
        f"{download.url}: cannot be fetched ({reason}){kept}. Without a network: set HTTPS_PROXY, "
        f"or {MIRROR_VARIABLE} to a mirror, or copy the file in by hand"
    )
