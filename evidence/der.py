"""As much DER as a time-stamp response needs: finding a part, and putting a set in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_CONTEXT_0: Final = 0xA0


def sort_certificates(response: bytes) -> bytes:
    """A time-stamp response (RFC 3161) whose set of certificates stands in DER's order.

    OpenSSL writes the certificates as they were configured, and strict readers refuse that. The set is not covered by
    the authority's signature, so its order may be mended; no length changes. ValueError for what is no response.
    """
    for start, end in _certificates(response):
        parts = [response[first:last] for _, first, _, last in _children(response, start, end)]
        return response[:start] + b"".join(sorted(parts)) + response[end:]
    return response


def _certificates(response: bytes) -> Iterator[tuple[int, int]]:
    """Where the content of `SignedData.certificates` lies: response, token, content, signed data, certificates."""
    (outer,) = _children(response, 0, len(response))
    token = list(_children(response, outer[2], outer[3]))[1:]
    for _, _, token_start, token_end in token[:1]:
        content = list(_children(response, token_start, token_end))[1]
        (signed,) = _children(response, content[2], content[3])
        for tag, _, start, end in _children(response, signed[2], signed[3]):
            if tag == _CONTEXT_0:
                yield start, end


def _children(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Tag, start, start of the content and end of each element between two offsets; ValueError for broken DER."""
    while start < end:
        if start + 2 > end:
            raise ValueError("DER ends early")
        tag, length, content = data[start], data[start + 1], start + 2
        if length >= 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4 or content + count > end:
                raise ValueError("DER length of an unknown form")
            length, content = int.from_bytes(data[content : content + count]), content + count
        if content + length > end:
            raise ValueError("DER reaches beyond its end")
        yield tag, start, content, content + length
        start = content + length
