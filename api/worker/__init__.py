"""What workers ask for and report."""
