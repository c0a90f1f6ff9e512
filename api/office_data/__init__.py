"""What the office decides for itself: its calendar, its deadlines."""
