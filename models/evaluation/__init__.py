"""Measuring exported models on photographs they never saw; start at `detector`."""
