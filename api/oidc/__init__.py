"""Signing in with an OpenID provider: off until the settings name one."""
