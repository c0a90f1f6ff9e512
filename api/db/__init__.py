"""The database: engine, types, models and migrations."""
