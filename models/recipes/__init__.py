"""Recipes: what decides which weights come out."""
