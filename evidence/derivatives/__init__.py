"""What is made from a sealed package for people to look at. It lies beside the package, never in it."""
