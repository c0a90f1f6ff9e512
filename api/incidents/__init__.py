"""Incidents as the workers report them."""
