"""People, sessions, machine tokens and signing in."""
