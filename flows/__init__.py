"""The pipeline: one room a step, each step's flow on top and plain functions under it."""

import blocks as blocks  # it says what is imported late, before anything imports it
