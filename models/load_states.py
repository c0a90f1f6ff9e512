"""What can be told of a truck's load, in the order of the load classifier's outputs."""

LOAD_STATES = ("empty", "covered", "partly", "uncovered", "not_visible")
