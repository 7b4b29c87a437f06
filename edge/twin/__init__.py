"""The device twin: takes over settings that the hub wants, on trial, and takes them back when they do harm.

`rules.py` decides, `files.py` remembers across restarts, `keeper.py` runs the trial.
"""
