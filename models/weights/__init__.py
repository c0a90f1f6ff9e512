"""Weights and their cards: files, no code."""
