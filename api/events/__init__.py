"""What happens, told at once: a stream for open pages, posts to other systems."""
