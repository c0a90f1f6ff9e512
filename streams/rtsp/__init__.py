"""Our own RTSP client for the common case (H.264 or H.265 over one TCP connection): a hundred cameras cost little."""
