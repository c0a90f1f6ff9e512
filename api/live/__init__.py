"""Looking at a camera now: the last picture of each, and for a while a live view."""
