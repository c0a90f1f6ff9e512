"""The case service: cases, cameras, zones, users, audit and the web pages."""
