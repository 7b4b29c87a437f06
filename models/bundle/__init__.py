"""Assembles a released set of vision models from exported graphs, fitted parameters and cards.

Start at `packing.pack`; `python -m models.bundle pack|verify|zip` is the command. Reading is in shared/vision/bundle.
"""
