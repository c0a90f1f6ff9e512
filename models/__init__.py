"""The model catalogue, the weights, and the tools that make and measure them."""
