"""Matter codes of the standard, with effective dates."""
