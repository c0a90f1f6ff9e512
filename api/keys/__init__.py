"""The registry of public keys that sign packages."""
