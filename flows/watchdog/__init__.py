"""Telling the operators: a run failed, or there was none."""
