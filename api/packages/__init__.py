"""Evidence packages: arrival, storage and serving."""
