"""The pipeline: one room a step, each step's flow on top and plain functions under it."""
