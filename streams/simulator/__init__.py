"""A camera simulator that speaks real RTSP."""
