"""The office's monthly report."""
