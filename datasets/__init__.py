"""Label formats, conversions and synthetic scenes: tools beside the flow."""
