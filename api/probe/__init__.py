"""Testing a camera before and after it is added, and finding those that answer in the net."""
