"""What can go wrong in this room: every error is one line that says what, where and what to do."""

from __future__ import annotations


class EvidenceError(Exception):
    """Any error of the evidence room."""


class ManifestError(EvidenceError):
    """A manifest that cannot be made or read; `code` is the problem code, `where` the field."""

    def __init__(self, code: str, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.code = code
        self.where = where
        self.detail = detail


class KeyMaterialError(EvidenceError):
    """A key, a key file or a key registry that cannot be used."""


class AlgorithmUnavailable(KeyMaterialError):
    """A signature's algorithm needs a library that is not installed here."""


class SigningKeyAway(OSError):
    """The token that holds the signing key does not answer now: it is tried again, as a full disk is."""


class TimestampError(EvidenceError):
    """A time stamp that proves nothing; `code` is the problem code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class StoreError(EvidenceError):
    """The folder of packages cannot be used: another process holds it, or its chain contradicts itself."""


class ClockError(EvidenceError):
    """A clock that could not be measured."""


class RetentionError(EvidenceError):
    """A retention policy that cannot be used."""


class SealError(EvidenceError):
    """The material of an incident cannot become a package, however often it is tried."""


class TransportError(EvidenceError):
    """An uploaded bag that is refused before anything of it is believed; `code` is the problem code."""

    def __init__(self, code: str, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.code = code
        self.where = where
        self.detail = detail


class ServiceError(EvidenceError):
    """The case service did not take a request."""


class ServiceUnreachable(ServiceError):
    """No answer at all: refused, timed out, hung up."""


class ServiceRefused(ServiceError):
    """An answer that is no success; `status` is the HTTP status, `detail` the server's reason."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"the case service answered {status}: {detail}")
        self.status = status
        self.detail = detail
