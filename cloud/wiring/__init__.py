"""How the hub's parts are put together, one module for each part of the product; nothing here decides anything.

Start at `opening.py`, which the hub, its ingest processes and the commands share; `cloud/main.py` puts the modules
together and runs them.
"""
