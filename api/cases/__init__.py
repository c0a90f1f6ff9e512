"""Cases: the queue, their lifecycle and decisions."""
