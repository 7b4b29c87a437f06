"""The encrypted record: event log, projections and image vault.

Start at `events.py` (append, read, verify) and `vault.py`; `database.py` owns the one writer.
"""
