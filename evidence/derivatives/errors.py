"""What can go wrong when something is made from a package."""

from __future__ import annotations

from evidence.errors import EvidenceError


class DerivativeError(EvidenceError):
    """Nothing can be made: the package does not hold, a font is missing, a file is of no use. One line says which."""
