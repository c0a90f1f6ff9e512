"""Arrays in, incidents out: inference, tracking, zones and rules. No files, no sockets."""
