"""Cases by place and hour, on a map that needs nobody else's."""
