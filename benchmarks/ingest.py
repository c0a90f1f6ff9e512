"""Ingest at its fastest: workers push sealed packages, each its next one as soon as the one before is acknowledged."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks.errors import BenchmarkError
from benchmarks.filling import CAMERAS
from benchmarks.packages import PackageMaker
from evidence.client import CaseClient

Upload = tuple[str, Mapping[str, bytes]]


def ingest(url: str, token: str, maker: PackageMaker, packages: int, workers: int) -> float | None:
    """Packages a second from the first push to the last acknowledgement; None: none were asked for.

    Signing is the workers' business and done before: what is timed is sending, verification and storing.
    """
    if not packages:
        return None
    with CaseClient(url, token) as client:
        client.put_key(maker.key)
    run_id = f"{time.time_ns():x}"
    uploads = [_sealed(maker, f"ingest-{run_id}-{number}", number) for number in range(packages)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(_Pushing(url, token).push, uploads))
    return round(packages / (time.perf_counter() - begun), 2)


def _sealed(maker: PackageMaker, incident_id: str, number: int) -> Upload:
    package_id, files = maker.files(incident_id, f"camera-{number % CAMERAS}", time.time_ns())
    return package_id, files


class _Pushing:
    """Pushes over one connection for each thread, as each worker has one."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {token}", "Content-Type": "application/zip"}
        self._own = threading.local()

    def push(self, upload: Upload) -> None:
        """Send one package; anything but a fresh acknowledgement ends the run."""
        if not hasattr(self._own, "client"):
            self._own.client = httpx.Client(base_url=self._url, headers=self._headers, timeout=60)
        package_id, files = upload
        answer = self._own.client.put(f"/api/v1/packages/{package_id}", content=_zipped(files))
        if answer.status_code != httpx.codes.CREATED:
            raise BenchmarkError(f"package {package_id} was answered {answer.status_code}: {answer.text[:200]}")


def _zipped(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(name, files[name])
    return sink.getvalue()
