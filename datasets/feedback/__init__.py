"""Reviewers' decisions as labelled pictures: what was confirmed, what was rejected and why, and corrected boxes."""
