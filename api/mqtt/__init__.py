"""Telling an MQTT broker what happens to cases."""
