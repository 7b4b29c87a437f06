"""Training of the models; start at `detector`, the command."""
