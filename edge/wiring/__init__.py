"""How the box's parts are put together, one module for each part of the product; nothing here decides anything.

Start at `core.py`, which everything else is given; `edge/main.py` puts the modules together and runs them.
"""
