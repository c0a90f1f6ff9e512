"""The composition root: command line, settings, worker, analysis of clips, demo."""
