"""A time-stamp authority on loopback: `openssl ts` behind a small HTTP server."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from evidence.registry import TimestampAuthority

CONFIG = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt
{certs}
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
clock_precision_digits = 6
ordering = yes
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def openssl(*arguments: object, folder: Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True)


@dataclass
class Authority:
    """An authority's files in `folder`; `certificates` is how many its tokens carry: its own, and the root's."""

    folder: Path
    certificates: int = 1
    requests: int = 0
    broken: bytes | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not (self.folder / "root.crt").exists():
            self._make_certificates()
        certs = f"certs = {self.folder}/root.crt" if self.certificates > 1 else ""
        (self.folder / "tsa.cnf").write_text(CONFIG.format(folder=self.folder, certs=certs))
        (self.folder / "serial").write_text("01\n")

    def _make_certificates(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        root = ("-keyout", "root.key", "-out", "root.crt", "-subj", "/CN=Test root", "-days", "36500")
        openssl("req", "-x509", *curve, *root, folder=self.folder)
        openssl(
            "req", *curve, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test authority", folder=self.folder
        )
        (self.folder / "ext").write_text(
            "extendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n"
        )
        sign = ("-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-days", "36500", "-extfile", "ext")
        openssl("x509", "-req", "-in", "tsa.csr", *sign, "-out", "tsa.crt", folder=self.folder)

    @property
    def entry(self) -> TimestampAuthority:
        """What a registry publishes of it."""
        root = x509.load_pem_x509_certificate((self.folder / "root.crt").read_bytes())
        der = base64.b64encode(root.public_bytes(Encoding.DER)).decode()
        return TimestampAuthority(name="Test authority", certificate=der)

    def answer(self, request: bytes) -> bytes:
        """The DER response to a DER request."""
        with self.lock:
            self.requests += 1
            if self.broken is not None:
                return self.broken
            (self.folder / "request").write_bytes(request)
            options = ("-config", "tsa.cnf", "-section", "tsa", "-queryfile", "request", "-out", "response")
            openssl("ts", "-reply", *options, folder=self.folder)
            return (self.folder / "response").read_bytes()


@contextmanager
def stamping(authority: Authority) -> Iterator[str]:
    """Serve it on a free loopback port; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
