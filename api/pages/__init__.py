"""The web pages: templates, scripts, styles and words."""
