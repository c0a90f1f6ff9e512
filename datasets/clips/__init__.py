"""The demo's clips, their truth and their cameras file (a package so that a wheel carries them)."""
