"""Posts to other systems: signed, retried, in order."""
