"""What can go wrong while a scene is made."""

from __future__ import annotations


class SceneError(Exception):
    """A scene cannot be made: one line that says what, where and what to do."""
