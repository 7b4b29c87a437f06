"""Backup and restore of the hub: database, images and, under a passphrase, keys.

Start at `backup.py` and `restore.py`; `folder.py` seals, `sqlite_copy.py` and `postgres_copy.py` know their databases.
"""
