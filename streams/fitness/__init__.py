"""Whether a picture is fit to judge: frozen, black, covered, smeared, moved, and how that is found out.

This package's front door holds the names alone, because `streams.frame` imports them; what looks at pixels is
`streams.fitness.picture`.
"""

from __future__ import annotations

from streams.fitness.state import FIT, Fitness, PictureState

__all__ = ["FIT", "Fitness", "PictureState"]
