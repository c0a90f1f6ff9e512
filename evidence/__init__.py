"""Sealed packages: capture, manifest, signature, chain, verification and the outbox."""
