"""What runs on the Jetson only; `providers.py` is the first thing to run there."""
