"""Cases as tables for other programs."""
