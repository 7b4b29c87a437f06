"""Watches the audit stream of all clinics and raises alerts.

Start at `rules.py` (pure); `watch.py` follows the log, `desk.py` answers the portal.
"""
