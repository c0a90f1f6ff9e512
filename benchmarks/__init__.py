"""Benchmarks: one file each, one table; every figure with its machine, its versions and its raw samples."""
