"""Reproducible measurements, as ratios against a reference taken in the same run."""
