"""Scripted streets with exact truth: boxes over time for rules to be measured on, without a model and in seconds.

Where `datasets.scenes` renders clips for the whole chain, a scenario has only what a perfect detector would see.
`noise` spoils that as real detectors do, and `play` shows it to a camera's watch at the times that its rules ask for.
"""
