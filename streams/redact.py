"""Credentials never leave: every text that may carry a URL goes through here before it is logged, raised or shown."""

from __future__ import annotations

import re

# Up to the last @ before a slash, blank or quote: a password may itself hold an unescaped @.
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s'\"<>]*@")
_QUERY_SECRET = re.compile(
    r"(?P<key>[?&;](?:password|passwd|pwd|pass|token|secret|auth|key|user|username)=)[^&\s'\"<>;]*", re.I
)
_AUTH_HEADER = re.compile(r"(?P<key>\b(?:proxy-)?authorization\s*[:=]\s*)[^\r\n]*", re.I)


def redact_url(text: str) -> str:
    """`text` with the user info and the secret query values of every URL in it replaced by `***`."""
    text = _USERINFO.sub(r"\g<scheme>***@", text)
    text = _QUERY_SECRET.sub(r"\g<key>***", text)
    return _AUTH_HEADER.sub(r"\g<key>***", text)


def one_line(text: str) -> str:
    """`text` redacted and on one line, for an error or a log record."""
    return " ".join(redact_url(text).split())
