"""The boxes' sealed backups, kept by a hub that cannot open them.

Start at `service.py` (what boxes call); `shelf.py` is the folder, `retention.py` the rule of what is kept.
"""
